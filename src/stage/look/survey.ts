import type { Survey } from '../../engine/ports.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Inventory } from './inventory.ts';

/** Directories that are named at most. */
const MOST = 5;

/** The part of all bytes that a directory must hold to be worth naming. */
const OF_ALL = 0.05;

/** The part of the directory above, if that is named, that one must hold to be named besides. */
const OF_ABOVE = 0.2;

/** One that holds so much of the directory above stands for it. */
const NEARLY_ALL = 0.9;

interface Sum {
  readonly path: Bytes;
  files: number;
  bytes: number;
  readonly below: Sum[];
}

/**
 * What travels, and the directories to think about: each with a good part of everything, and as far down as it can be
 * said without losing much (`third_party/boost` where there is little else in `third_party`). One in another is named
 * only where it is much of that.
 */
export function surveyOf(inventory: Pick<Inventory, 'in' | 'isFile' | 'isDirectory' | 'size'>): Survey {
  const all = sum('', inventory);
  const directories: Sum[] = [];
  name(all, all.bytes, directories);
  directories.sort((a, b) => b.bytes - a.bytes);
  return {
    files: all.files,
    bytes: all.bytes,
    directories: directories.slice(0, MOST).map(({ path, files, bytes }) => ({ path, files, bytes })),
  };
}

function sum(path: Bytes, inventory: Pick<Inventory, 'in' | 'isFile' | 'isDirectory' | 'size'>): Sum {
  const found: Sum = { path, files: 0, bytes: 0, below: [] };
  for (const one of inventory.in(path)) {
    if (inventory.isFile(one)) {
      found.files++;
      found.bytes += inventory.size(one);
    } else if (inventory.isDirectory(one)) {
      const below = sum(one, inventory);
      found.files += below.files;
      found.bytes += below.bytes;
      found.below.push(below);
    }
  }
  return found;
}

/** @param least bytes of a directory that is named */
function name(above: Sum, all: number, into: Sum[], least = Math.max(all * OF_ALL, 1)): void {
  for (const one of above.below) {
    if (one.bytes < least) continue;
    let deepest = one;
    for (
      let next: Sum | undefined = one;
      next;
      next = next.below.find(({ bytes }) => bytes >= deepest.bytes * NEARLY_ALL)
    ) {
      deepest = next;
    }
    into.push(deepest);
    name(deepest, all, into, Math.max(all * OF_ALL, deepest.bytes * OF_ABOVE));
  }
}
