import { cleanTitle } from './clean-text.ts';

/**
 * Untrusted text as one line of GitHub's Markdown that shows exactly that text, in a table cell too: characters with a
 * meaning become entities, `@name` and `#1` no mentions, addresses no links.
 */
export function escapeMarkdown(text: string, limit = 200): string {
  // eslint-disable-next-line no-control-regex
  const plain = cleanTitle(text, limit).replace(/\x1b\[[0-9;:]*m/g, '');
  return plain.replace(
    /[&<>"'`*_{}[\]()#!|\\~@$]|:(?=\/\/)|(?<=www)\.|^[-+=]/gi,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

/**
 * A table; the cells are Markdown already.
 *
 * @param isNumber whether that column stands at the right
 */
export function markdownTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  isNumber: (column: string) => boolean = () => false,
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((name) => (isNumber(name) ? '--:' : '---'))), ...rows.map(line)].join('\n');
}
