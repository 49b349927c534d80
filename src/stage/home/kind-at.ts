import { lstatSync } from 'node:fs';
import { fsPath, type Bytes } from '../../util/bytes.ts';

export type Kind = 'directory' | 'link' | 'file';

/** What stands at an absolute path, itself; undefined: nothing. Sockets and the like count as files. */
export function kindAt(full: Bytes): Kind | undefined {
  try {
    const stats = lstatSync(fsPath(full), { throwIfNoEntry: false });
    if (!stats) return undefined;
    return stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'file';
  } catch (error) {
    // Below a file there is nothing either, nor below a link in a circle.
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

/** A level of a path that is no directory: through it the path leads nowhere, or elsewhere. */
export interface Gap {
  readonly path: Bytes;
  readonly kind: 'file' | 'link' | undefined;
}

/**
 * The highest level above a path that is no directory.
 *
 * @param root absolute path of the workspace
 * @param path relative to it
 */
export function gapAbove(root: Bytes, path: Bytes): Gap | undefined {
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const parent = path.slice(0, at);
    const kind = kindAt(`${root}/${parent}`);
    if (kind !== 'directory') return { path: parent, kind };
  }
  return undefined;
}
