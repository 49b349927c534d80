import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { MakeRest } from '../engine/make-rest.ts';

/** What /proc tells about a make at one moment (Linux, proc(5)). */
interface Look {
  readonly asleep: boolean;
  /** Blank-separated process ids. */
  readonly children: string;
  /** How often it has slept so far. */
  readonly sleeps: string;
  /** Where in the kernel it sleeps; `0` or empty where that is a secret. */
  readonly where: string;
}

/** Between two looks, in ms, the first ones; then the last of them. */
const PAUSES = [0, 1, 1, 2, 2, 5, 5, 10, 10, 20];

/** Nothing at all has changed for so long, in ms: a child that is no call of ours, from before it was a make. */
const STUCK_MS = 1000;

/** Where there is no /proc: make goes on to the next line of a recipe well within that, in ms. */
const GRACE_MS = 100;

/** What make would not do while it waits for its children: it prints, or waits for its turn to print (-O). */
const BUSY = /write|lock|setlk|send|tty/;

/** Watches makes by what the kernel tells of them. */
export class ProcessRest implements MakeRest {
  readonly #look: (make: number) => Look | 'gone' | 'unknown';

  constructor(look = lookAt) {
    this.#look = look;
  }

  /** Two looks that find the same, and nothing that make has yet to do, are enough. */
  async atRest(make: number, shims: () => ReadonlySet<number>): Promise<void> {
    let before: Look | undefined;
    let since = performance.now();
    for (let turn = 0; ; turn++) {
      const now = this.#look(make);
      if (now === 'gone') return;
      if (now === 'unknown') {
        await delay(GRACE_MS);
        return;
      }
      const same = before?.children === now.children && before.sleeps === now.sleeps;
      if (!same || !now.asleep || BUSY.test(now.where)) since = performance.now();
      else if (isWaiting(now, shims()) || performance.now() - since > STUCK_MS) return;
      before = now.asleep ? now : undefined;
      await delay(PAUSES[turn] ?? PAUSES.at(-1));
    }
  }
}

function isWaiting({ children }: Look, shims: ReadonlySet<number>): boolean {
  return children.split(' ').every((child) => child === '' || shims.has(Number(child)));
}

function lookAt(make: number): Look | 'gone' | 'unknown' {
  let status: string;
  try {
    status = readFileSync(`/proc/${make}/status`, 'latin1');
  } catch {
    return isThere('/proc/self/status') ? 'gone' : 'unknown';
  }
  const state = /^State:\s*(\S)/m.exec(status)?.[1];
  if (state === 'Z' || state === 'X') return 'gone';
  try {
    return {
      asleep: state === 'S',
      children: readFileSync(`/proc/${make}/task/${make}/children`, 'latin1').trim(),
      sleeps: /^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? '',
      where: whereItSleeps(make),
    };
  } catch {
    return isThere('/proc/self/task') && !isThere(`/proc/${make}/status`) ? 'gone' : 'unknown';
  }
}

function whereItSleeps(make: number): string {
  try {
    return readFileSync(`/proc/${make}/wchan`, 'latin1');
  } catch {
    return '';
  }
}

function isThere(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR';
  }
}
