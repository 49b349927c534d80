import { posix } from 'node:path';
import { decode, type Bytes } from '../util/bytes.ts';
import { withoutColours } from './clean-text.ts';

/** What a compiler, the linker or make says is wrong, and where. Text for people, no longer bytes. */
export interface Diagnostic {
  /** Relative to the repository root. */
  readonly file: string;
  readonly line: number;
  readonly column: number | undefined;
  readonly message: string;
}

/** Longest line that is looked at: compilers write short ones, generated text is long. */
const LONGEST = 4096;

/**
 * The first error in what a job printed that names a file below the root. Understood:
 *
 *     FILE:LINE[:COLUMN]: [fatal ]error: MESSAGE         gcc, clang
 *     [ld: ]FILE:LINE: undefined reference to `NAME'     ld; also `multiple definition of`
 *     FILE:LINE: *** MESSAGE                             make
 *
 * @param directory where the job ran, absolute; relative file names start there
 * @param root of the repository, absolute
 */
export function findDiagnostic(output: Bytes, directory: Bytes, root: Bytes): Diagnostic | undefined {
  for (const raw of output.split(/\r\n|\n|\r/)) {
    if (raw.length > LONGEST || !raw.includes(':')) continue;
    const match =
      /^(?:\S*ld(?:\.\w+)?: )?([^\s:][^:]*):(\d{1,9})(?::(\d{1,9}))?: (?:(?:fatal )?error: |\*\*\* |(?=undefined reference to |multiple definition of ))(.+)$/.exec(
        withoutColours(raw),
      );
    if (match === null) continue;
    const [, name = '', line, column, message = ''] = match;
    const file = posix.relative(root, posix.resolve(directory, name));
    if (file === '' || file === '..' || file.startsWith('../')) continue;
    return {
      file: decode(file),
      line: Number(line),
      column: column === undefined ? undefined : Number(column),
      message: decode(message),
    };
  }
  return undefined;
}

/** Whether a line of output is a warning or an error of a compiler, a linker or make: what `log: failures` shows. */
export function isNoteworthy(line: Bytes): boolean {
  if (line.length > LONGEST) return false;
  const text = withoutColours(line);
  return (
    /(?:^|: |\s)(?:fatal )?(?:error|warning)(?: #?\w+| \[[^\]]*\])?: /i.test(text) ||
    /^[^:\s]+(?:\[\d+\])?: (?:\*\*\* |\[.*\] .*\(ignored\)$)/.test(text) ||
    /undefined reference to |multiple definition of /.test(text)
  );
}

/** Whether a line of make's own is worth a look in `log: failures`: what is noteworthy, and `$(warning)`. */
export function isMakeWarning(line: Bytes): boolean {
  return isNoteworthy(line) || /^\S+:\d+: /.test(line);
}
