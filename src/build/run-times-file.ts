import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path/posix';

import { userCache } from '../util/user-cache.ts';
import { RunTimes } from './run-times.ts';

/** Workspaces that are remembered, the latest. */
const MOST = 50;
/** Larger files are not ours, in bytes. */
const LONGEST = 20_000_000;

/**
 * Where the times of a workspace's recipes are kept between runs: a file in a directory that nobody else can write to.
 * They only help to tell how long a build will take, so whatever is not as it should be counts as not there, and a file
 * that cannot be written is none.
 */
export class RunTimesFile {
  readonly #root: string;
  readonly #directory: string;
  readonly #name: string;

  /**
   * @param root of the workspace, absolute
   * @param cache default: userCache()
   */
  constructor(root: string, cache = userCache()) {
    this.#root = root;
    this.#directory = join(cache, 'distmake', 'times');
    this.#name = `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.json`;
  }

  async read(): Promise<RunTimes> {
    try {
      if (!isOurs(await lstat(this.#directory))) return new RunTimes(this.#root);
      const file = await open(join(this.#directory, this.#name), constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const found = await file.stat();
        if (!found.isFile() || !isOurs(found) || found.size > LONGEST) return new RunTimes(this.#root);
        return new RunTimes(this.#root, JSON.parse(await file.readFile('utf8')));
      } finally {
        await file.close();
      }
    } catch {
      return new RunTimes(this.#root);
    }
  }

  async write(times: RunTimes): Promise<void> {
    if (times.size === 0) return;
    const temporary = join(this.#directory, `new-${randomUUID()}`);
    try {
      const above = join(this.#directory, '..');
      await mkdir(above, { recursive: true, mode: 0o700 });
      if (!isOurs(await lstat(above))) return;
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      if (!isOurs(await lstat(this.#directory))) return;
      await writeFile(temporary, JSON.stringify(times.data), { mode: 0o600, flag: 'wx' });
      await rename(temporary, join(this.#directory, this.#name));
      await this.#forget();
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  /** Other workspaces, those that were built longest ago. */
  async #forget(): Promise<void> {
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith('.json') && name !== this.#name);
    if (names.length < MOST) return;
    const files = names.map((name) => join(this.#directory, name));
    const dated = await Promise.all(files.map(async (file) => ({ file, time: (await stat(file)).mtimeMs })));
    dated.sort((a, b) => b.time - a.time);
    for (const { file } of dated.slice(MOST - 1)) await rm(file, { force: true });
  }
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}
