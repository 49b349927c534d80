import type { Bytes } from '../util/bytes.ts';
import { changeArguments, splitArguments } from './arguments.ts';
import { environmentValue } from './environment.ts';
import { effectiveDirectory, makeIntent } from './make-intent.ts';
import { defaultMakefile } from './makefile.ts';

/**
 * The arguments of a make (without argv[0]) with our makefile read last. Unchanged where it is there already (a make
 * that starts itself again after it remade a makefile), where no makefile is read (--help), and where there is none
 * (`make foo.o` by built-in rules alone).
 *
 * @param directory where make is called, absolute
 * @param findDefault the makefile that make reads by default in a directory
 */
export async function withLastMakefile(
  words: readonly Bytes[],
  call: { readonly directory: Bytes; readonly environment: readonly Bytes[]; readonly lastMakefile: Bytes },
  findDefault: (directory: Bytes) => Promise<Bytes | undefined> = defaultMakefile,
): Promise<readonly Bytes[]> {
  const intent = makeIntent(words, call.environment);
  if (intent.informational || intent.makefiles.includes(call.lastMakefile) || isRefused(words)) return words;
  const added = ['-f', call.lastMakefile];
  if (intent.makefiles.length === 0) {
    const home = environmentValue(call.environment, 'HOME');
    const name = await findDefault(effectiveDirectory(call.directory, intent.directories, home));
    if (name === undefined) return words;
    added.unshift('-f', name);
  }
  return changeArguments(words, () => false, added);
}

/** An option without the argument it needs would take our -f for it, and make's complaint would name us. */
function isRefused(words: readonly Bytes[]): boolean {
  return splitArguments(words).some((group) => group.arguments.some((argument) => argument.kind === 'unknown'));
}
