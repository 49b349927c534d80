import { readFileSync, statSync } from 'node:fs';
import { fsPath, type Bytes } from '../../util/bytes.ts';

/** Bytes of a file that is read to count its lines; of a bigger one any line is taken to exist. */
const BIGGEST = 16 * 1024 * 1024;

/** Whether a path is that of a file, and if a line is given, whether the file has so many. */
export function hasLine(path: Bytes, line?: number): boolean {
  try {
    const stat = statSync(fsPath(path));
    if (!stat.isFile()) return false;
    return line === undefined || stat.size > BIGGEST || line <= linesOf(readFileSync(fsPath(path)));
  } catch {
    return false;
  }
}

/** A last line need not have an end. */
function linesOf(content: Buffer): number {
  let lines = content.length > 0 && content.at(-1) !== 10 ? 1 : 0;
  for (let at = content.indexOf(10); at !== -1; at = content.indexOf(10, at + 1)) lines++;
  return lines;
}
