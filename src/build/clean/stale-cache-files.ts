import { constants, existsSync } from 'node:fs';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path/posix';

/** What is written under another name first: by ShimCache, by RunTimesFile. */
const NAME = /^new-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Nobody writes to one for longer, in seconds. */
const WRITTEN_S = 60;

/**
 * Removes what runs that were killed in the middle of writing it have left in our own directories for caches. Never rejects.
 *
 * @param cache the user's directory for such things
 * @param staleAfter seconds: what is younger stays
 * @returns those that were removed
 */
export async function sweepCacheFiles(cache: string, staleAfter: number): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const directory of [join(cache, 'distmake'), join(cache, 'distmake/times')]) {
    removed.push(...(await sweepDirectory(directory, Math.max(staleAfter, WRITTEN_S)).catch(() => [])));
  }
  return removed;
}

async function sweepDirectory(directory: string, staleAfter: number): Promise<readonly string[]> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const { uid, mode } = await handle.stat();
    if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) return [];
    const inside = existsSync('/proc/self/fd') ? `/proc/self/fd/${handle.fd}` : directory;
    const removed: string[] = [];
    for (const name of (await readdir(inside)).filter((one) => NAME.test(one))) {
      const found = await lstat(join(inside, name)).catch(() => undefined);
      if (!found?.isFile() || Date.now() - found.mtimeMs < staleAfter * 1000) continue;
      await rm(join(inside, name), { force: true });
      removed.push(join(directory, name));
    }
    return removed;
  } finally {
    await handle.close();
  }
}
