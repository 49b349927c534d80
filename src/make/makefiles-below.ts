import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path/posix';

import { bytesOf, fsPath, type Bytes } from '../util/bytes.ts';

const MAKEFILE = /^(?:GNU)?makefile|\.(?:mk|mak|make)$/i;

/** So many directory entries are looked at, and so many files read: this is for every call of make. */
const MOST_ENTRIES = 5000;
const MOST_FILES = 300;
const MOST_BYTES = 256 << 10;

/**
 * The texts of what look like makefiles in a directory and below, nearest first, as far as a quick look goes.
 *
 * @param directory absolute
 */
export function makefilesBelow(directory: Bytes): Bytes {
  const queue = [directory];
  let text = '';
  let entries = 0;
  let files = 0;
  for (const at of queue) {
    try {
      for (const entry of readdirSync(fsPath(at), { withFileTypes: true, encoding: 'buffer' })) {
        if (++entries > MOST_ENTRIES) return text;
        const name = bytesOf(entry.name);
        const path = join(at, name);
        if (entry.isDirectory() && !name.startsWith('.') && name !== 'node_modules') queue.push(path);
        if (!entry.isFile() || !MAKEFILE.test(name) || statSync(fsPath(path)).size > MOST_BYTES) continue;
        if (++files > MOST_FILES) return text;
        text += `${bytesOf(readFileSync(fsPath(path)))}\n`;
      }
    } catch {
      // Not ours to read, or gone meanwhile.
    }
  }
  return text;
}
