import { eastAsianWidth } from 'get-east-asian-width';
import { cleanTitle, withoutColours } from './clean-text.ts';

/** Longest name that is looked at, in characters: more than any line of a terminal shows. */
const NAME_LIMIT = 600;

/**
 * What terminals do not agree about, or show nothing of: characters without a width of their own (joiners, fillers, the
 * choice of a variant), which would make one character of several.
 */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;

/** Halves of characters, characters that no standard knows, private ones: of no known width. */
const UNKNOWN = /[\p{Cs}\p{Cn}\p{Co}]/gu;

/** Accents that stand on the character before. */
const COMBINING = /[\p{Mn}\p{Me}]/u;

/** More of them than any script needs; a line of ten thousand is no line any more. */
const COMBINING_FLOOD = /([\p{Mn}\p{Me}]{4})[\p{Mn}\p{Me}]+/gu;

const SHORTENED = '...';

/** An untrusted name or sentence on one line, without anything that moves the cursor; a long one keeps its end. */
export function seen(text: string): string {
  const end = text.length > NAME_LIMIT ? SHORTENED + text.slice(-NAME_LIMIT) : text;
  const plain = withoutColours(cleanTitle(end, 2 * NAME_LIMIT));
  return plain.replaceAll('\t', ' ').replace(UNSEEN, '').replace(UNKNOWN, '\ufffd').replace(COMBINING_FLOOD, '$1');
}

/** Columns that a text without control characters takes; rather too many than too few. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOfOne(character);
  return width;
}

/** The text, or as much of its beginning as there is room for. */
export function keepStart(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const mark = SHORTENED.slice(0, columns);
  return fitting([...text], columns - mark.length).join('') + mark;
}

/** The text, or as much of its end as there is room for: of a path the part that tells most. */
export function keepEnd(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  const mark = SHORTENED.slice(0, columns);
  const kept = fitting([...text].reverse(), columns - mark.length).reverse();
  while (COMBINING.test(kept[0] ?? '')) kept.shift();
  return mark + kept.join('');
}

/** Rows of a terminal that breaks it where a row is full. */
export function heightOf(text: string, columns: number): number {
  let rows = 1;
  let used = 0;
  for (const character of text) {
    const width = widthOfOne(character);
    if (used + width > columns) {
      rows++;
      used = 0;
    }
    used += width;
  }
  return rows;
}

/** The text with blanks behind it. */
export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

export function padStart(text: string, columns: number): string {
  return ' '.repeat(Math.max(0, columns - widthOf(text))) + text;
}

function fitting(characters: readonly string[], columns: number): string[] {
  let left = columns;
  const end = characters.findIndex((character) => (left -= widthOfOne(character)) < 0);
  return characters.slice(0, end < 0 ? undefined : end);
}

function widthOfOne(character: string): number {
  return COMBINING.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}
