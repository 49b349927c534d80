import { shellWords } from '../util/shell-words.ts';
import { right, wrong, type Reading } from './reading.ts';

/** A program and its arguments from text on one line, parted as a shell does it; nothing is expanded. */
export function commandWords(text: string): Reading<readonly string[]> {
  // eslint-disable-next-line no-control-regex -- those are what it looks for
  if (/[\x00\r\n]/.test(text)) return wrong('it must be one line');
  const words = shellWords(text);
  if (typeof words === 'string') return wrong(words);
  return words.length === 0 || words[0] === '' ? wrong('the program is missing') : right(words);
}
