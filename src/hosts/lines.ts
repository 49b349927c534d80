import { shown } from './shown.ts';

/** A word and its column, from 1. */
export interface Word {
  readonly text: string;
  readonly column: number;
}

/** The words of a line, parted by blanks and tabs. */
export function wordsOf(line: string): Word[] {
  return Array.from(line.matchAll(/[^ \t]+/g), (match) => ({ text: match[0], column: match.index + 1 }));
}

/** The lines of a text with their numbers from 1. */
export function* linesOf(text: string): Generator<readonly [number: number, line: string]> {
  for (const [index, line] of text.split(/\r?\n/).entries()) yield [index + 1, line];
}

// eslint-disable-next-line no-control-regex -- those are what it looks for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** A control character in a line, tabs aside: where it stands, from 1, and what to say of it. */
export function controlCharacter(line: string): { readonly column: number; readonly text: string } | undefined {
  const control = CONTROL.exec(line);
  return control === null
    ? undefined
    : { column: control.index + 1, text: `there is a control character in it: ${shown(control[0])}` };
}
