import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { UserError } from '../util/user-error.ts';
import type { FifoPlaces } from './fifo-transport.ts';
import { findProgram } from './programs.ts';
import { ShimCache } from './shim-cache.ts';

const run = promisify(execFile);

/** What stands in for the shells of a run. */
export interface Shim {
  /** Undefined for the compiled shim, which comes through the socket. */
  readonly fifo: FifoPlaces | undefined;
}

export interface ShimOptions {
  /** The run directory. */
  readonly directory: string;
  /** Where shim.c and shim.sh lie. */
  readonly assets: string;
  /** Where programs are looked for. */
  readonly searchPath: string;
  /** `script`: do not try to compile. */
  readonly kind: 'compiled-if-possible' | 'script';
  /** Where compiled shims are kept for later runs; default: below the user's own directory for such things. */
  readonly cacheParent?: string | undefined;
}

/** Stands in a compiled shim that is kept, where each run writes the path of its directory. */
const MARK = '@DISTMAKE RUN DIRECTORY@';

/** As long as the array in shim.c that holds it. */
const MARK_ROOM = 128;

/** A compiler that takes longer than this is not waited for, in ms. */
const COMPILE_TIMEOUT = 20_000;

/**
 * Makes DIRECTORY/shim: compiled where there is a C compiler that works, else the shell script.
 *
 * @throws UserError where neither can be had
 */
export async function buildShim(options: ShimOptions): Promise<Shim> {
  if (options.kind !== 'script') {
    for (const name of ['cc', 'gcc', 'clang']) {
      const compiler = findProgram(name, options.searchPath);
      if (compiler !== undefined && (await compiles(compiler, options))) return { fifo: undefined };
    }
  }
  return { fifo: await writeScript(options) };
}

async function compiles(compiler: string, options: ShimOptions): Promise<boolean> {
  const { directory, assets, cacheParent } = options;
  const shim = join(directory, 'shim');
  // A program that was changed after it was linked does not run on every system.
  const sources = ['shim.c', 'direct.h', 'watch.h'].map((name) => join(assets, name));
  const cache = process.platform === 'linux' ? await ShimCache.open(compiler, sources, cacheParent) : undefined;
  const kept = await cache?.read();
  if (kept !== undefined && (await install(kept, shim, directory)) && (await works(directory))) return true;
  // Static where that can be had: it starts in two thirds of the time, and it starts for every line.
  for (const flags of [['-static'], []]) {
    if (!(await compile(compiler, [...flags, `-DRUN="${cache ? MARK : directory}"`], options))) continue;
    const program = cache ? await readFile(shim) : undefined;
    if (program !== undefined && !(await install(program, shim, directory))) continue;
    if (!(await works(directory))) continue;
    if (program !== undefined) await cache?.write(program);
    return true;
  }
  return false;
}

async function compile(
  compiler: string,
  flags: readonly string[],
  { directory, assets, searchPath }: ShimOptions,
): Promise<boolean> {
  const env = { ...process.env, PATH: searchPath, TMPDIR: directory };
  const words = [...flags, '-O1', '-w', '-o', join(directory, 'shim'), join(assets, 'shim.c')];
  return run(compiler, words, { env, timeout: COMPILE_TIMEOUT }).then(
    () => true,
    () => false,
  );
}

/** Writes a kept program with the path of this run in it. */
async function install(program: Buffer, shim: string, directory: string): Promise<boolean> {
  const at = program.indexOf(`${MARK}\0`);
  if (at < 0 || program.indexOf(`${MARK}\0`, at + 1) >= 0) return false;
  const own = Buffer.from(program);
  own.fill(0, at, at + MARK_ROOM);
  own.write(directory, at);
  await writeFile(shim, own, { mode: 0o700 });
  return true;
}

/** A shim for another machine (a cross compiler, a missing libc) shows here: this one prints the pid of its parent. */
async function works(directory: string): Promise<boolean> {
  for (let tries = 0; ; tries++) {
    try {
      const { stdout } = await run(join(directory, 'parse/sh'), ['pid'], { timeout: COMPILE_TIMEOUT });
      return stdout.trim() === String(process.pid);
    } catch (error) {
      // A program that we start at the same moment holds what we had open for writing until it is itself.
      if ((error as NodeJS.ErrnoException).code !== 'ETXTBSY' || tries >= 50) return false;
      await sleep(10);
    }
  }
}

async function writeScript({ directory, assets, searchPath }: ShimOptions): Promise<FifoPlaces> {
  if (process.platform !== 'linux') {
    throw new UserError('There is no working C compiler (cc): it is needed on this system. Install one.');
  }
  const mkfifo = findProgram('mkfifo', searchPath);
  const cat = findProgram('cat', searchPath);
  const launcher = findLauncher(searchPath);
  if (mkfifo === undefined || cat === undefined || launcher === undefined) {
    const missing = mkfifo === undefined ? 'mkfifo' : cat === undefined ? 'cat' : 'one of perl, busybox, bash, python3';
    throw new UserError(`There is no working C compiler (cc), and without one ${missing} is needed. Install cc.`);
  }
  const places: FifoPlaces = {
    requests: join(directory, 'requests'),
    replies: join(directory, 'reply'),
    cat,
    launcher,
  };
  await run(mkfifo, ['-m', '600', places.requests]);
  const script = await readFile(join(assets, 'shim.sh'), 'latin1');
  const filled = script.replaceAll('@RUN@', directory).replaceAll('@MKFIFO@', mkfifo);
  await writeFile(join(directory, 'shim'), filled, { encoding: 'latin1', mode: 0o700 });
  return places;
}

/** Something that executes a file under another argv[0], which POSIX sh cannot; perl first: it leaves the environment alone. */
function findLauncher(searchPath: string): readonly string[] | undefined {
  const perl = findProgram('perl', searchPath);
  if (perl !== undefined) {
    return [perl, '-e', '$n = shift; $f = shift; exec {$f} $n, @ARGV; print STDERR "make: $f: $!\\n"; exit 127'];
  }
  const busybox = findProgram('busybox', searchPath);
  if (busybox !== undefined) return [busybox, 'sh', '-c', 'exec -a "$0" "$@"'];
  const bash = findProgram('bash', searchPath);
  if (bash !== undefined) return [bash, '-c', 'exec -a "$0" "$@"'];
  const python = findProgram('python3', searchPath);
  if (python === undefined) return undefined;
  return [python, '-c', 'import os, sys; os.execv(sys.argv[2], [sys.argv[1]] + sys.argv[3:])'];
}
