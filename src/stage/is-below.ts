import type { Bytes } from '../util/bytes.ts';

/** Whether any of those directories is above the path. */
export function isBelow(path: Bytes, above: { has(path: Bytes): boolean; readonly size: number }): boolean {
  if (above.size === 0) return false;
  for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
    if (above.has(path.slice(0, at))) return true;
  }
  return false;
}
