import { readdirSync } from 'node:fs';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import { gapAbove, kindAt } from './kind-at.ts';
import { TEMPORARY_PREFIX } from '../look/workspace.ts';

/**
 * What would go with a directory that a job removed although it could not see it: a directory that only looked empty
 * would take with it what is in it.
 *
 * @param root absolute path of the workspace
 * @param path of what is removed, relative to it; where that is no directory nothing is hidden in it
 * @param shows whether the job could see a file or a link
 */
export function hiddenIn(root: Bytes, path: Bytes, shows: (path: Bytes) => boolean): Bytes | undefined {
  if (kindAt(`${root}/${path}`) !== 'directory' || gapAbove(root, path)) return undefined;
  for (const entry of readdirSync(fsPath(`${root}/${path}`), { withFileTypes: true, encoding: 'latin1' })) {
    if (entry.name.startsWith(TEMPORARY_PREFIX)) continue;
    const one = `${path}/${entry.name}`;
    const hidden =
      entry.isDirectory() && entry.name !== '.git' ? hiddenIn(root, one, shows) : shows(one) ? undefined : one;
    if (hidden !== undefined) return hidden;
  }
  return undefined;
}
