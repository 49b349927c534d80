import type { Bytes } from '../util/bytes.ts';
import { plainLine } from './annotations/lines.ts';

/** Whether a line of output is a warning or an error of a compiler, a linker or make: what `log: failures` shows. */
export function isNoteworthy(line: Bytes): boolean {
  const text = plainLine(line);
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
