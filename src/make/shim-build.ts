import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path/posix';
import { promisify } from 'node:util';

import { UserError } from '../util/user-error.ts';
import type { FifoPlaces } from './fifo-transport.ts';
import { findProgram } from './programs.ts';

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
}

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
      if (compiler === undefined) continue;
      // Static where that can be had: it starts in two thirds of the time, and it starts for every line.
      if (await compiles(compiler, ['-static'], options)) return { fifo: undefined };
      if (await compiles(compiler, [], options)) return { fifo: undefined };
    }
  }
  return { fifo: await writeScript(options) };
}

async function compiles(
  compiler: string,
  flags: readonly string[],
  { directory, assets, searchPath }: ShimOptions,
): Promise<boolean> {
  try {
    const source = join(assets, 'shim.c');
    const shim = join(directory, 'shim');
    const env = { ...process.env, PATH: searchPath, TMPDIR: directory };
    await run(compiler, [...flags, '-O1', '-w', `-DRUN="${directory}"`, '-o', shim, source], {
      env,
      timeout: COMPILE_TIMEOUT,
    });
    // A shim for another machine (a cross compiler, a missing libc) shows here: this one prints the pid of its parent.
    const { stdout } = await run(join(directory, 'parse/sh'), ['pid'], { timeout: COMPILE_TIMEOUT });
    return stdout.trim() === String(process.pid);
  } catch {
    return false;
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
