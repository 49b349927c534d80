import { padEnd, widthOf } from './text-width.ts';

/**
 * Rows with aligned columns, two blanks apart, no blanks at the end of a line.
 *
 * @param rows all with the same number of cells, each on one line
 */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))));
  return rows.map((row) =>
    row
      .map((cell, at) => padEnd(cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
