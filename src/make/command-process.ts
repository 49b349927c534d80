import type { Bytes } from '../util/bytes.ts';
import { decode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import type { Broker } from './broker.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import type { FirstMakefile } from './first-makefile.ts';
import { startProgram, type ProgramOutput, type ProgramProcess } from './program-process.ts';
import { findProgram } from './programs.ts';
import type { RunDirectory } from './run-directory.ts';

export interface CommandOptions {
  readonly run: RunDirectory;
  readonly broker: Broker;
  /** The program, to be looked for among our wrappers and on PATH unless it has a slash, and its arguments; not empty. */
  readonly argv: readonly Bytes[];
  readonly directory: Bytes;
  /** `NAME=value`, the user's own. */
  readonly environment: readonly Bytes[];
  readonly first: FirstMakefile;
  readonly output: ProgramOutput;
}

/**
 * Starts a command below which makes are called, by name or by path: all of them come to us.
 *
 * @throws UserError when there is no such program
 */
export async function startCommand(options: CommandOptions): Promise<ProgramProcess> {
  const { run, broker, argv, directory, environment, first, output } = options;
  const [name = ''] = argv;
  const path = environmentValue(environment, 'PATH') ?? '/usr/bin:/bin';
  const file = name.includes('/') ? name : findProgram(name, `${run.bin}:${path}`);
  if (file === undefined) throw new UserError(`${decode(name)} is not on PATH (${decode(path)})`);
  const changes = [`PATH=${run.bin}:${path}`, 'DISTMAKE_TARGET', first.with(environment)];
  // Only whole targets, and nothing between them, can be told apart (as for a make that we start ourselves).
  const makeflags = environmentValue(environment, 'MAKEFLAGS');
  if (output !== 'inherit') changes.push(`MAKEFLAGS=${withOutputWords(makeflags ?? '')}`);
  return startProgram({
    run,
    broker,
    file,
    argv,
    environment: changeEnvironment(environment, changes),
    directory,
    output,
  });
}

/** The first word of MAKEFLAGS may be letters without a dash: they stay in front. */
function withOutputWords(makeflags: Bytes): Bytes {
  const [, letters = '', rest = ''] = /^([A-Za-z]*)((?:\s.*)?)$/s.exec(makeflags) ?? [undefined, '', ` ${makeflags}`];
  return `${letters} -O --no-print-directory${rest}`;
}
