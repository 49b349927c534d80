import type { MatrixFormat } from '../model/matrix.ts';
import { nearestWord } from '../util/nearest-word.ts';
import { linesOf, wordsOf } from './lines.ts';
import { KEYS } from './yaml-schema.ts';

/** What a matrix can be seen to be. `names`: bare names alone, which several formats have. */
export type Recognised = MatrixFormat | 'names' | 'nothing';

/**
 * The format of a matrix, told by what the text is, in this order: YAML or JSON; `group`, `host` or a brace: dmakerc; a
 * `key=value` or DEFAULT: dpb; a name and a number: makehosts. A text with mistakes in it is recognised as well: the error
 * that people then see is that of their format.
 */
export function recognise(text: string): Recognised {
  const lines = Array.from(linesOf(text), ([, line]) => line.replace(/(^|[ \t])#.*$/, '').trim());
  const words = lines.filter((line) => line !== '');
  if (words.length === 0) return 'nothing';
  if (isYaml(words.slice(0, 2).join('\n'))) return 'yaml';
  if (words.some(isDmakerc)) return 'dmakerc';
  if (words.some((line) => /^DEFAULT([ \t]|$)/.test(line) || /(^|[ \t])[A-Za-z_][\w.-]*=/.test(line))) return 'dpb';
  return words.some(hasNumber) || !words.every(areNames) ? 'makehosts' : 'names';
}

/**
 * Decides by the beginning. A brace opens a mapping unless `jobs =` follows, as in a .dmakerc that has lost a name. A
 * bracket opens a list unless it closes around an IPv6 address. A name with a colon and a blank behind it is a key when it
 * looks like one of ours, or when nothing but YAML can follow: `build1: 4` has lost its port.
 */
function isYaml(start: string): boolean {
  if (start.startsWith('{')) return !/^\{\s*\w+\s*=/.test(start);
  if (start.startsWith('[')) return !/^\[[^\]\s,"'{[]*:[^\]\s,"'{[]*\]?(:|[ \t]|$)/.test(start);
  if (/^(---|-[ \t\n]|-$|%YAML)/.test(start)) return true;
  const [, key, rest] =
    /^["']?([A-Za-z][\w -]{0,30})["']?[ \t]*:(?:[ \t]+(.*)|$)/m.exec(start.split('\n', 1)[0] ?? '') ?? [];
  if (key === undefined) return false;
  return rest === undefined || /^["'[{&*!|>]/.test(rest) || nearestWord(key, KEYS.matrix) !== undefined;
}

/**
 * `group NAME`, `host NAME`, or a brace that no `=` stands before, as it does in a command of DPB. A machine may be called
 * `host`, with a number behind it.
 */
function isDmakerc(line: string): boolean {
  return /^[^=]*\{/.test(line) || /^\}/.test(line) || /^(group|host)([ \t]+(?!\d+$)|$|")/.test(line);
}

function hasNumber(line: string): boolean {
  return wordsOf(line)
    .slice(1)
    .some((word) => /^[+-]?\d+$/.test(word.text));
}

function areNames(line: string): boolean {
  return wordsOf(line).every((word) => /^[\w.@:[\]%+-]+$/.test(word.text) && !word.text.startsWith('-'));
}
