import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { statFields } from './process-facts.ts';

/** Processes that fork while they are looked for are found by another look. */
const MOST_LOOKS = 20;

/** What loses its parent in the middle of one look is missed by it, and in the next one. */
const EMPTY_LOOKS = 2;

/** Between two looks for what has still not ended, in ms. */
const PAUSE = 10;

/** Five seconds: what is stuck in the kernel, a disk that does not answer say, ends when that lets it. */
const MOST_PAUSES = 500;

/**
 * Kills all that a process has started, and what those have started, but not itself; returns without waiting for their
 * end. What has lost its parent is found below a compiled shim, which such processes are handed to (shim.c), and where
 * its process group or session was made by something that is found.
 */
export function killBelow(root: number): void {
  const found = new Set<number>();
  for (let look = 0, before = -1; look < MOST_LOOKS && found.size > before; look++) {
    before = found.size;
    killFound(root, found);
  }
}

/** The same; resolves when nothing of it is left, or after five seconds. */
export async function endBelow(root: number): Promise<void> {
  const found = new Set<number>();
  for (let look = 0, empty = 0; look < MOST_PAUSES; look++) {
    empty = killFound(root, found) ? 0 : empty + 1;
    if (empty === EMPTY_LOOKS) return;
    await sleep(PAUSE);
  }
}

/**
 * One look. Parents are killed before their children, so that none sees how those ended and goes on.
 *
 * @param found what earlier looks have found; this one adds to it
 * @returns whether something was alive; what is not ours to kill does not count
 */
function killFound(root: number, found: Set<number>): boolean {
  const all = processes();
  const below = new Set([root]);
  const leads = (pid: number): boolean => below.has(pid) || found.has(pid);
  for (let before = 0; below.size > before;) {
    before = below.size;
    for (const { pid, parent, group, session } of all) {
      if (below.has(parent) || leads(group) || leads(session)) below.add(pid);
    }
  }
  below.delete(root);
  const ended = new Set(all.flatMap(({ pid, hasEnded }) => (hasEnded ? [pid] : [])));
  let lives = false;
  for (const pid of below) {
    found.add(pid);
    if (!ended.has(pid) && kill(pid)) lives = true;
  }
  return lives;
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile, or is another user's.
    return false;
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Nobody has asked yet how. */
  readonly hasEnded: boolean;
}

function processes(): readonly Process[] {
  let names: readonly string[] = [];
  try {
    names = readdirSync('/proc');
  } catch {
    // Not Linux.
  }
  return names.flatMap((name) => {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined;
    if (fields === undefined) return [];
    const [state, parent, group, session] = fields;
    const hasEnded = state === 'Z' || state === 'X';
    return [{ pid: Number(name), parent: Number(parent), group: Number(group), session: Number(session), hasEnded }];
  });
}
