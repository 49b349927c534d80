import { runNative } from '../make/native-process.ts';
import { findMake, type RealMake } from '../make/real-make.ts';
import type { Outcome } from '../model/outcome.ts';
import { say } from '../report/standard-streams.ts';
import { bytesOf, decode, encode, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { print as printed } from './print.ts';
import { USAGE } from './usage.ts';
import { VERSION } from './version.ts';

/**
 * `--help`: our usage, then make's own, in which tools look for its options. `--version`: make's own words first, since tools
 * read the first line, then ours. Needs no hosts; without a make only ours is printed, and why. Status 0.
 *
 * @param name the make, as the user names it
 * @param print takes what goes to standard output
 * @param complain takes what goes to standard error
 */
export async function tellAbout(
  what: 'help' | 'version',
  name: string,
  print: (text: Bytes) => void = printed,
  complain: (text: string) => void = say,
): Promise<Outcome> {
  const ofMake = await makeWords(what, name, complain);
  print(what === 'help' ? encode(`${USAGE}\n\n`) + ofMake : ofMake + encode(`distmake ${VERSION}\n`));
  return { kind: 'exited', status: 0 };
}

async function makeWords(what: 'help' | 'version', name: string, complain: (text: string) => void): Promise<Bytes> {
  let make: RealMake;
  try {
    make = await findMake(name, encode(process.env['PATH'] ?? ''));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    complain(`distmake: ${error.message}\n`);
    return '';
  }
  const chunks: Buffer[] = [];
  const outcome = await runNative({
    file: decode(make.path),
    name: decode(make.name),
    arguments: [`--${what}`],
    directory: process.cwd(),
    output: (data) => chunks.push(data),
    onSignal: () => undefined,
  });
  const said = bytesOf(Buffer.concat(chunks));
  if (make.kind !== 'bmake' && outcome.kind === 'exited' && outcome.status === 0) return said;
  // A bmake knows neither: --version is taken for the name of a variable (-V), or it prints its usage.
  return what === 'help' ? said : `${make.name} ${make.version}`.trimEnd() + '\n';
}
