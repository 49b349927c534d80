import { createHash } from 'node:crypto';
import { bufferOf, type Bytes } from '../util/bytes.ts';

// eslint-disable-next-line no-control-regex
const NOT_IN_WORDS = /[\x00-\x20%\x7f]/g;

/** Longer names do not fit into every file system (255 bytes), nor on a screen. */
const LONGEST = 200;

/**
 * The name of the file that stands for an item: its target with slashes as dots (DPB). No two targets have the same: dots
 * of their own, `%`, blanks and control characters are `%` and two hexadecimal digits, and one that is too long ends in
 * `%-` and a digest of all of it.
 */
export function markName(target: Bytes): Bytes {
  const name = escapeName(target).replaceAll('.', '%2E').replaceAll('/', '.');
  if (name.length <= LONGEST) return name;
  return `${name.slice(0, LONGEST - 42)}%-${createHash('sha1').update(bufferOf(target)).digest('hex')}`;
}

/** A name as one word: no blank, no control character. */
export function escapeName(name: Bytes): Bytes {
  return name.replace(NOT_IN_WORDS, (byte) => {
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

export function unescapeName(word: Bytes): Bytes {
  return word.replace(/%([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
