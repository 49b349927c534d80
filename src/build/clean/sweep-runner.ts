import { defaultParents } from '../../make/run-directory.ts';
import { sweepRunDirectories } from '../../make/stale-run-directories.ts';
import { userCache } from '../../util/user-cache.ts';
import { sweepCacheFiles } from './stale-cache-files.ts';
import type { Swept } from './swept.ts';

/**
 * Removes what runs that were killed have left on this machine: their run directories, and what they had not finished writing to
 * the caches. (What they left in a workspace goes when the next build there looks at it, see sweepTemporaries.) Never rejects.
 *
 * @param staleAfter seconds: what is younger stays
 */
export async function sweepRunner(staleAfter: number): Promise<readonly Swept[]> {
  const [directories, files] = await Promise.all([
    sweepRunDirectories(defaultParents(), staleAfter),
    sweepCacheFiles(userCache(), staleAfter),
  ]);
  return [
    ...directories.map((found) => ({ ...found, bytes: undefined })),
    ...files.map((path) => ({ path, what: 'removed' as const, age: undefined, bytes: undefined, why: undefined })),
  ];
}
