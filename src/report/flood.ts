import { encode, type Bytes } from '../util/bytes.ts';
import { LINE_LIMIT } from './clean-text.ts';

/** How much of one text is shown. */
export interface FloodBound {
  readonly lines: number;
  readonly bytes: number;
}

/**
 * Of one recipe in one piece. The runner's live console takes some 500 lines in half a second: this holds it up for two
 * seconds at most, and is more than anybody reads.
 */
export const FLOOD: FloodBound = { lines: 2000, bytes: 256 * 1024 };

/** Where all of it is, as the end of a note on what was left out. */
export function wholeTextNote(files: readonly string[]): string {
  if (files.length > 0) return `; all of it: ${files.join(', ')}`;
  return '; a report directory (input report) keeps long outputs whole';
}

/** What the parser of make's output puts where it has left out some of an output. */
const CAPPED = /^(\[\.\.\. \d+ bytes left out) \.\.\.\]$/gm;

/** Adds to the notes on what is not in memory any more where it can be found. */
export function tellWhole(text: Bytes, files: readonly string[]): Bytes {
  // So much is kept at least.
  if (text.length < FLOOD.bytes) return text;
  return text.replace(CAPPED, (_, note: string) => `${note}${encode(wholeTextNote(files))} ...]`);
}

/**
 * Text within a bound: its first and its last lines, half of the bound each, and between them a note on a line of its own.
 * The first error usually stands in the first half, what came of it in the second. Lines end where the runner ends them,
 * and none counts for more than is shown of it.
 *
 * @param where end of the note: where the rest can be found
 */
export function cutFlood(text: Bytes, bound: FloodBound, where: string): Bytes {
  if (headEnd(text, bound) === text.length) return text;
  const half = { lines: Math.floor(bound.lines / 2), bytes: Math.floor(bound.bytes / 2) };
  const head = headEnd(text, half);
  const tail = tailStart(text, half);
  const middle = text.slice(head, tail);
  const lines = middle.match(/\r\n|\n|\r|[^\r\n]$/g)?.length ?? 0;
  // Of a very long output less is here than there was.
  const least = /\n\[\.\.\. \d+ bytes left out \.\.\.\]\n/.test(`\n${middle}`) ? 'more than ' : '';
  return `${text.slice(0, head)}[... ${least}${lines} ${lines === 1 ? 'line' : 'lines'} left out${where} ...]\n${text.slice(tail)}`;
}

/** Where the first lines end that are within the bound. */
function headEnd(text: Bytes, bound: FloodBound): number {
  const ends = /\r\n|\n|\r|$/g;
  let at = 0;
  let bytes = 0;
  for (let lines = 0; at < text.length && lines < bound.lines; lines++) {
    ends.lastIndex = at;
    const match = ends.exec(text);
    const end = match === null ? text.length : match.index + match[0].length;
    bytes += Math.min(end - at, LINE_LIMIT);
    if (bytes > bound.bytes) break;
    at = end;
  }
  return at;
}

/** Where the last lines begin that are within the bound. */
function tailStart(text: Bytes, bound: FloodBound): number {
  let at = text.length;
  let bytes = 0;
  for (let lines = 0; at > 0 && lines < bound.lines; lines++) {
    const begin = lineStart(text, at);
    bytes += Math.min(at - begin, LINE_LIMIT);
    if (bytes > bound.bytes) break;
    at = begin;
  }
  return at;
}

/** Where the line begins that ends at `end`, its own end of line included. */
function lineStart(text: Bytes, end: number): number {
  let at = end - 1;
  if (text[at] === '\n' && text[at - 1] === '\r') at -= 1;
  while (at > 0 && text[at - 1] !== '\n' && text[at - 1] !== '\r') at -= 1;
  return at;
}
