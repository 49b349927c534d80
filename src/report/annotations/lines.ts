import type { Bytes } from '../../util/bytes.ts';

/** Longest line that is looked at; of longer ones (template errors) the beginning, where place and message stand. */
export const LONGEST = 4096;

/** Colours, what compilers print to clear a line behind them, and links (`-fdiagnostics-urls`). */
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)/g;

/** Gives every line of a text, without escapes and without its end (LF, CRLF, lone CR), cut to {@link LONGEST}. */
export function eachLine(text: Bytes, take: (line: Bytes) => void): void {
  // Ends are made alike here: a flag that is asked in the loop has V8 search the whole text again for every line.
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  for (let begin = 0; begin < lines.length;) {
    const newline = lines.indexOf('\n', begin);
    const end = newline === -1 ? lines.length : newline;
    take(plainLine(lines.slice(begin, end)));
    begin = end + 1;
  }
}

/** One line without escapes, cut to {@link LONGEST}. */
export function plainLine(line: Bytes): Bytes {
  const part = line.length > 4 * LONGEST ? line.slice(0, 4 * LONGEST) : line;
  const bare = part.includes('\x1b') ? part.replace(ESCAPES, '') : part;
  return bare.length > LONGEST ? bare.slice(0, LONGEST) : bare;
}
