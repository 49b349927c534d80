import { decode, type Bytes } from '../../util/bytes.ts';
import type { Diagnostic, Spot } from './diagnostic.ts';
import type { Counted } from './findings.ts';
import type { Located, Locator } from './locator.ts';

/** Characters of the message, and of a note: the runner cuts an annotation at 4096, and what stands last tells most. */
const MESSAGE = 2000;
const NOTE = 400;

/**
 * The text of an annotation:
 *
 *     no match for ‘operator<’ (operand types are ‘Entry’ and ‘Entry’)
 *     in /usr/include/c++/12/bits/predefined_ops.h:45      (where it really is)
 *     from src/sort.cpp:11                                 (how the compiler came there)
 *     note: candidate: …
 *     src/sort.o: status 1 on build1
 *     and 99 more times
 */
export function textOf({ finding, times }: Counted, locator: Locator): string {
  const { place, diagnostic, remark } = finding;
  const message = clipped(decode(finding.message), MESSAGE);
  const lines = diagnostic
    ? [...headOf(diagnostic, place, message, locator), ...notesOf(diagnostic, locator)]
    : [message];
  if (remark !== '') lines.push(remark);
  if (times > 1) lines.push(times === 2 ? 'and once more' : `and ${times - 1} more times`);
  return lines.filter((line) => line !== '').join('\n');
}

function headOf(
  { severity, spot, via }: Diagnostic,
  place: Located | undefined,
  message: string,
  locator: Locator,
): string[] {
  const real = spot && named(spot, locator);
  if (!place) return [real === undefined ? message : `${real}: ${message}`];
  if (place.indirect) return [message, real === undefined ? '' : `in ${real}`];
  // Who came there says most where the file is everybody's; of a warning it is only the first of many.
  const from = via.find((one) => severity === 'error' && one.file !== spot?.file);
  return [message, from ? `from ${named(from, locator)}` : ''];
}

function notesOf({ notes }: Diagnostic, locator: Locator): string[] {
  return notes.map(
    ({ spot, text }) => `note: ${clipped(decode(text).trimStart(), NOTE)}${spot ? ` (${named(spot, locator)})` : ''}`,
  );
}

/** `src/a.c:3`; below the root without the root. */
function named({ file, line }: Spot, locator: Locator): string {
  const name: Bytes = file.startsWith('/') ? (locator.file({ file, line, column: undefined }, []) ?? file) : file;
  return `${decode(name)}${line === undefined ? '' : `:${line}`}`;
}

function clipped(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')} ...`;
}
