import { constants, existsSync } from 'node:fs';
import { lstat, open, readdir, readlink, rm, rmdir, type FileHandle } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path/posix';
import { runOwner } from './run-owner.ts';

/** As mkdtemp makes it from `distmake-`. */
const RUN = /\/distmake-[A-Za-z0-9]{6}$/;
/** As a trial of a recipe names its own (OWN_DIRECTORY), and what there is in one. */
const TRIAL = /\/distmake-[0-9a-f]{32}$/;
const TRIED: readonly string[] = ['tries', 'stop.mk'];
/** What there is in one that was left before it was complete, or that was made for one question to make. */
const EARLY = /^(?:owner|try|questions\.mk|bin|sh|rel|parse|reply|expanded|printed|output)$/;
/** What nobody answers in, and of whose owner nothing is known from here, may be at work all the same: seconds for which it stays. */
const UNKNOWN_S = 86_400;

/** A run directory of an earlier run, or what may be one. */
export interface RunDirectoryFound {
  readonly path: string;
  readonly what: 'removed' | 'used' | 'young' | 'failed';
  /** Seconds since it was last written to. */
  readonly age: number;
  readonly why: string | undefined;
}

/**
 * Removes the directories of runs on this machine that were killed: those that are this user's alone and look like one, in
 * which nobody takes calls any more, and whose owner is dead; where that is not known, they have to be a day old. Never rejects.
 *
 * @param parents where runs make them; those that are not there are passed over
 * @param staleAfter seconds: what is younger stays
 * @returns those that were found
 */
export async function sweepRunDirectories(
  parents: readonly string[],
  staleAfter: number,
): Promise<readonly RunDirectoryFound[]> {
  const found: RunDirectoryFound[] = [];
  for (const parent of new Set(parents)) {
    const paths = (await readdir(parent).catch(() => [])).map((name) => join(parent, name));
    for (const path of paths.filter((one) => RUN.test(one) || TRIAL.test(one))) {
      const one = await sweepOne(path, staleAfter).catch(() => undefined);
      if (one) found.push(one);
    }
  }
  return found;
}

async function sweepOne(path: string, staleAfter: number): Promise<RunDirectoryFound | undefined> {
  const directory = await openOwn(path);
  if (!directory) return undefined;
  try {
    const { inside, age } = directory;
    if (!(await looksLikeOurs(path, inside))) return undefined;
    const told = { path, age, why: undefined };
    const owner = await runOwner(inside);
    if (owner === 'alive' || (await answers(inside))) return { ...told, what: 'used' };
    if (age < (owner === 'dead' ? staleAfter : Math.max(staleAfter, UNKNOWN_S))) return { ...told, what: 'young' };
    try {
      for (const name of await readdir(inside)) await rm(join(inside, name), { recursive: true, force: true });
      // By its name goes the empty directory alone, whatever stands there by now.
      await rmdir(path);
      return { ...told, what: 'removed' };
    } catch (error) {
      return { ...told, what: 'failed', why: (error as Error).message };
    }
  } finally {
    await directory.handle.close();
  }
}

interface OwnDirectory {
  readonly handle: FileHandle;
  /** A path to it, whatever its name leads to by now. */
  readonly inside: string;
  readonly age: number;
}

/** @returns undefined where it is not a directory that only this user can enter */
async function openOwn(path: string): Promise<OwnDirectory | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const { uid, mode, mtimeMs } = await handle.stat();
  if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) {
    await handle.close();
    return undefined;
  }
  const inside = existsSync('/proc/self/fd') ? `/proc/self/fd/${handle.fd}` : path;
  return { handle, inside, age: Math.max(0, Math.floor((Date.now() - mtimeMs) / 1000)) };
}

/** Anything may have such a name. */
async function looksLikeOurs(path: string, inside: string): Promise<boolean> {
  const names = await readdir(inside);
  if (TRIAL.test(path)) return TRIED.some((name) => names.includes(name));
  const shim = await readlink(join(inside, 'parse/sh')).catch(() => undefined);
  return shim === '../shim' || names.every((name) => EARLY.test(name));
}

/** Whether a run still takes calls there: at its socket, or at the FIFO that its guardian holds open. */
async function answers(inside: string): Promise<boolean> {
  return (await isHeard(join(inside, 'sock'))) || (await isRead(join(inside, 'requests')));
}

/** One that is stopped still has its socket, which takes what comes. */
function isHeard(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    // A full backlog is EAGAIN: there is somebody, too.
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

async function isRead(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isFIFO()) return false;
  try {
    const fifo = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    await fifo.close();
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENXIO';
  }
}
