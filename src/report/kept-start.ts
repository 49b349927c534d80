import { bufferOf, bytesOf, type Bytes } from '../util/bytes.ts';

/**
 * The text, or of a longer one its beginning with whole characters of UTF-8: a string of its own, where a slice would keep all
 * that it was cut from in memory.
 *
 * @param limit bytes
 */
export function keptStart(text: Bytes, limit: number): Bytes {
  if (text.length <= limit) return text;
  return bytesOf(bufferOf(text.slice(0, limit).replace(/[\xc0-\xff][\x80-\xbf]{0,2}$/, '')));
}
