import { lstatSync, unlinkSync, type BigIntStats } from 'node:fs';
import { fsPath, type Bytes } from '../util/bytes.ts';

/** What is at a path; undefined: nothing, or nothing that can be looked at. */
export function statsOf(path: Bytes): BigIntStats | undefined {
  try {
    return lstatSync(fsPath(path), { bigint: true });
  } catch {
    return undefined;
  }
}

/** A text that is another once the file at the path has been written or replaced. */
export function stampOf(path: Bytes): string {
  const stats = statsOf(path);
  return stats ? `${stats.mtimeNs}-${stats.size}-${stats.ino}` : 'none';
}

/**
 * Removes what a recipe that was cut short has left of its target, as make does when it is interrupted: a file that has
 * been changed, no directory and no link (make manual, "Interrupting or Killing make").
 *
 * @param was its stamp before
 */
export function removeHalfMade(path: Bytes, was: string): boolean {
  if (statsOf(path)?.isFile() !== true || stampOf(path) === was) return false;
  try {
    unlinkSync(fsPath(path));
    return true;
  } catch {
    return false;
  }
}
