import { styleText } from 'node:util';
import { keepStart, widthOf } from '../text-width.ts';

/** Colour adds to what the words say and never says anything alone. */
export type Style = 'red' | 'yellow' | 'green' | 'bold' | 'dim';

/** A piece of a line, without control characters. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Line = readonly Span[];

export function span(text: string, style?: Style): Span {
  return { text, style };
}

/** A line of at most so many columns, with escape sequences for the styles alone, and only where colour is wanted. */
export function paint(line: Line, columns: number, colour: boolean): string {
  let left = columns;
  let painted = '';
  for (const { text, style } of line) {
    const shown = keepStart(text, left);
    left -= widthOf(shown);
    painted +=
      colour && style !== undefined && shown !== '' ? styleText(style, shown, { validateStream: false }) : shown;
    if (shown !== text) break;
  }
  return painted.trimEnd();
}
