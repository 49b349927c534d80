import { readFileSync } from 'node:fs';
import { assetPath } from '../../util/asset.ts';
import type { PageData } from './page-data.ts';

/** Where the template expects the data; it stands there once. */
const DATA_MARK = '"@data@"';

/**
 * The page of a run: one file that needs no other, and no network.
 * @param template the page without data; unless it is given, what the build has made of page/
 */
export function renderPage(data: PageData, template = readFileSync(assetPath('report.html'), 'utf8')): string {
  const at = template.lastIndexOf(DATA_MARK);
  return template.slice(0, at) + scriptJson(data) + template.slice(at + DATA_MARK.length);
}

/** JSON that cannot end the script element it stands in, nor begin a comment of HTML. */
export function scriptJson(value: unknown): string {
  const escaped: Record<string, string> = { '<': '\\u003c', '\u2028': '\\u2028', '\u2029': '\\u2029' };
  return JSON.stringify(value).replace(/[<\u2028\u2029]/g, (character) => escaped[character] ?? '');
}
