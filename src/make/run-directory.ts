import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path/posix';
import { promisify } from 'node:util';

import { fsPath, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { BLANK, SEPARATOR } from './calls.ts';
import { Guardian, USUAL_INTERVAL } from './guardian.ts';
import { claimRun } from './run-owner.ts';
import { ShellPaths } from './shell-paths.ts';
import { buildShim, type Shim, type ShimOptions } from './shim-build.ts';

const run = promisify(execFile);

/** A socket's path has 108 bytes (unix(7)). */
const MAX_LENGTH = 90;

/** No shell call is on its way to us for so long. */
const LATE_MS = 2000;

/** Many together would not fit into the environment (128 KiB a variable): then a star stands for them. */
const PREREQUISITES = '@SEP@$(if $(word 250,$^ $|),*,$^ | $|)';

export interface RunDirectoryOptions {
  /** Where the files of src/assets lie. */
  readonly assets: string;
  /** Names that call make: each gets a wrapper. */
  readonly makeNames: readonly string[];
  /** Directories to try, in order; default: RUNNER_TEMP, the system's for temporary files, ~/.cache. */
  readonly parents?: readonly string[];
  /** PATH to look for a compiler; default: this process's. */
  readonly searchPath?: string;
  readonly shim?: ShimOptions['kind'];
  /** See ShimOptions. */
  readonly cacheParent?: string;
  /** Whether shell calls tell the prerequisites of their targets. */
  readonly prerequisites?: boolean;
  /** Ms that shims wait for a sign of life each time; default 10 s. After twelve in vain they give up. */
  readonly interval?: number;
}

/** The directory of one run: what make must find by path (see shim.c for its parts). Mode 0700. */
export class RunDirectory {
  readonly path: string;
  readonly shim: Shim;
  /** One of the wrappers of make. */
  readonly wrapper: string;
  readonly shells: ShellPaths;
  readonly #links = new Map<Bytes, Promise<void>>();
  /** When the marks of makes that have run a $(shell) were found. */
  readonly #expanded = new Map<number, number>();
  #guardian: Guardian | undefined;

  private constructor(path: string, shim: Shim, makeName: string) {
    this.path = path;
    this.shim = shim;
    this.wrapper = join(path, 'bin', makeName);
    this.shells = new ShellPaths(path);
  }

  /** @throws UserError when no directory will do, or no shim can be made */
  static async create(options: RunDirectoryOptions): Promise<RunDirectory> {
    const [makeName] = options.makeNames;
    if (makeName === undefined) throw new Error('Internal error: a run without make');
    const path = await makeDirectory(options.parents ?? defaultParents());
    try {
      for (const part of ['bin', 'sh', 'rel', 'parse', 'reply', 'expanded', 'printed']) await mkdir(join(path, part));
      await symlink('../shim', join(path, 'parse/sh'));
      const shim = await buildShim({
        directory: path,
        assets: options.assets,
        searchPath: options.searchPath ?? process.env['PATH'] ?? '/usr/bin:/bin',
        kind: options.shim ?? 'compiled-if-possible',
        cacheParent: options.cacheParent,
      });
      for (const name of new Set(options.makeNames)) await symlink('../shim', join(path, 'bin', name));
      const lastMakefile = await readFile(join(options.assets, 'last.mk'), 'latin1');
      const filled = lastMakefile
        .replaceAll('@PREREQUISITES@', options.prerequisites === true ? PREREQUISITES : '')
        .replaceAll('@RUN@', path)
        .replaceAll('@BLANK@', BLANK)
        .replaceAll('@SEP@', SEPARATOR);
      await writeFile(join(path, 'last.mk'), filled, 'latin1');
      const directory = new RunDirectory(path, shim, makeName);
      const { interval = USUAL_INTERVAL } = options;
      if (interval !== USUAL_INTERVAL) await writeFile(join(path, 'interval'), `${interval}\n`);
      if (shim.fifo !== undefined) directory.#guardian = new Guardian(path, interval);
      return directory;
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** First on PATH of everything below us. */
  get bin(): string {
    return join(this.path, 'bin');
  }

  get lastMakefile(): string {
    return join(this.path, 'last.mk');
  }

  get socket(): string {
    return join(this.path, 'sock');
  }

  /**
   * Makes the link for a shell.
   *
   * @param shell the user's own $(SHELL)
   * @param directory of the make, absolute
   * @returns the value that SHELL must have; the user's own where it cannot be linked to
   */
  async linkShell(shell: Bytes, directory: Bytes): Promise<Bytes> {
    const linked = this.shells.link(shell, directory);
    if (linked === undefined) return shell;
    let made = this.#links.get(linked.link);
    if (made === undefined) {
      made = link(linked.link, join(this.path, 'shim'));
      this.#links.set(linked.link, made);
    }
    await made;
    return linked.shell;
  }

  /**
   * Whether that make may have run a $(shell) since its last call. The mark is there from the moment the $(shell) begins,
   * and calls from before it may be heard of meanwhile: it counts until one is heard that certainly began later.
   */
  takeExpanded(make: number, now = performance.now()): boolean {
    const mark = join(this.path, 'expanded', String(make));
    // Asked for every job: an error would cost more than all the rest.
    if (existsSync(mark)) {
      rmSync(mark, { force: true });
      this.#expanded.set(make, now);
      return true;
    }
    const since = this.#expanded.get(make);
    if (since === undefined) return false;
    if (now - since > LATE_MS) this.#expanded.delete(make);
    return true;
  }

  async remove(): Promise<void> {
    this.#guardian?.end();
    await rm(this.path, { recursive: true, force: true });
  }
}

async function link(path: Bytes, target: string): Promise<void> {
  await mkdir(fsPath(dirname(path)), { recursive: true });
  await symlink(target, fsPath(path));
}

/** Where runs make their directories: RUNNER_TEMP, the system's place for temporary files, ~/.cache; the first that will do. */
export function defaultParents(): readonly string[] {
  // The runner empties its own for every job: nothing stays of a run that was killed.
  return [process.env['RUNNER_TEMP'] ?? '', tmpdir(), join(homedir(), '.cache')].filter((parent) => parent !== '');
}

async function makeDirectory(parents: readonly string[]): Promise<string> {
  const refused: string[] = [];
  for (const parent of parents) {
    const reason = await tryParent(parent);
    if (reason.path !== undefined) return reason.path;
    refused.push(`${parent}: ${reason.refused}`);
  }
  throw new UserError(
    `No directory for temporary programs will do (${refused.join('; ')}). Set TMPDIR to a writable directory that ` +
      'allows executing files, with a short path of letters, digits and _ . + , @ - only.',
  );
}

async function tryParent(
  parent: string,
): Promise<{ path: string; refused?: never } | { path?: never; refused: string }> {
  // make and sh split or expand anything else, PATH splits at a colon.
  if (!/^\/[A-Za-z0-9_./+,@-]*$/.test(parent)) return { refused: 'a character that make does not take in SHELL' };
  if (parent.length > MAX_LENGTH) return { refused: 'the path is too long' };
  let path: string | undefined;
  try {
    path = await mkdtemp(join(parent, 'distmake-'));
    await chmod(path, 0o700);
    await claimRun(path);
    const program = join(path, 'try');
    await writeFile(program, '#!/bin/sh\nexit 0\n', { mode: 0o700 });
    await run(program);
    await rm(program);
    return { path };
  } catch (error) {
    if (path !== undefined) await rm(path, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    return { refused: code === 'EACCES' && path !== undefined ? 'executing files is not allowed' : String(code) };
  }
}
