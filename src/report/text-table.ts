/** What takes two columns of a terminal: East Asian wide and full-width characters, and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

const NOTHING = /^[\p{M}\p{Default_Ignorable_Code_Point}]*$/u;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns that a text without control characters takes on a terminal. */
export function textWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  return [...segmenter.segment(text)].reduce(
    (sum, { segment }) => sum + (NOTHING.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1),
    0,
  );
}

/**
 * Rows with aligned columns, two blanks apart, no blanks at the end of a line.
 *
 * @param rows all with the same number of cells, each on one line
 */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => textWidth(row[at] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - textWidth(cell))))
      .join('  ')
      .trimEnd(),
  );
}
