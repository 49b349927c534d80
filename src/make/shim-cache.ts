import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path/posix';

import { userCache } from '../util/user-cache.ts';

/**
 * Compiled shims of earlier runs, in a directory that nobody else can write to: compiling takes longer than all the rest
 * of a short run. Whatever is not as it should be counts as not there.
 */
export class ShimCache {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /**
   * The place for what this compiler makes of these sources.
   *
   * @param parent of the directory; default: userCache()
   * @returns undefined where there can be none
   */
  static async open(
    compiler: string,
    sources: readonly string[],
    parent = userCache(),
  ): Promise<ShimCache | undefined> {
    try {
      const directory = join(parent, 'distmake');
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if (!isOurs(await lstat(directory))) return undefined;
      const program = await realpath(compiler);
      const { mtimeMs, size } = await stat(program);
      const key = createHash('sha256').update(
        JSON.stringify([process.platform, process.arch, compiler, program, mtimeMs, size]),
      );
      for (const source of sources) key.update(await readFile(source));
      return new ShimCache(join(directory, `shim-${key.digest('hex').slice(0, 32)}`));
    } catch {
      return undefined;
    }
  }

  /** The program; undefined when it is not there, or somebody else could have written it. */
  async read(): Promise<Buffer | undefined> {
    try {
      const file = await open(this.#file, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const found = await file.stat();
        return found.isFile() && isOurs(found) ? await file.readFile() : undefined;
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  /** Keeps a program, and none but it; a cache that cannot be written is none. */
  async write(program: Buffer): Promise<void> {
    const directory = join(this.#file, '..');
    const temporary = join(directory, `new-${randomUUID()}`);
    try {
      await writeFile(temporary, program, { mode: 0o600, flag: 'wx' });
      await rename(temporary, this.#file);
      for (const name of await readdir(directory))
        if (name.startsWith('shim-') && name !== basename(this.#file)) await rm(join(directory, name), { force: true });
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}
