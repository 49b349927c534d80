import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import type { OwnersPlace } from '../engine/local-host.ts';
import type { Locker } from './local-lock.ts';
import { messageOf } from '../util/message-of.ts';

/** Where all users and runs on a machine have their places, as lanes have theirs on hosts (places.pl). */
export const PLACES = '/tmp/.distmake-slots';

/** How many places are tried with one program. */
const BATCH = 32;

/** How often a file is taken that somebody clears away at the same time. */
const TRIES = 3;

const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW, O_DIRECTORY, O_CREAT, O_EXCL } = constants;
const SHYLY = O_RDONLY | O_NONBLOCK | O_NOFOLLOW;

interface Candidate {
  readonly number: number;
  readonly file: number;
}

/**
 * The places of the runner for a run: jobs that its owner allows at one time, of all users and runs. Each is a file, and
 * who has it locked has the place; when we die, the kernel gives them back. Any user may have made the directory and what is
 * in it, so nothing of that is believed: it is read only, and what is no plain file cannot be had.
 */
export class LocalPlaces {
  readonly #cap: number;
  readonly #lock: Locker;
  readonly #directory: string;
  /** Ours, by number. */
  readonly #held = new Set<number>();
  /** Runs begin at different ones, and then behind the one they had last. */
  #next = process.pid;

  /** @param cap jobs at one time, 1 or more */
  constructor(cap: number, lock: Locker, directory = PLACES) {
    this.#cap = cap;
    this.#lock = lock;
    this.#directory = directory;
  }

  /**
   * Looks whether there are places at all.
   *
   * @throws Error with the reason why not
   */
  async check(): Promise<void> {
    try {
      (await this.take())?.give();
    } catch (error) {
      const why = messageOf(error);
      throw new Error(`its owner's limit cannot be kept there: ${why}`, { cause: error });
    }
  }

  /**
   * @returns undefined when the jobs of others hold all places
   * @throws Error with a reason for people when nobody can have one
   */
  async take(): Promise<OwnersPlace | undefined> {
    const numbers = Array.from({ length: this.#cap }, (_, at) => ((this.#next + at) % this.#cap) + 1);
    const free = numbers.filter((number) => !this.#held.has(number));
    let trouble: Error | undefined;
    for (let at = 0; at < free.length; at += BATCH) {
      const candidates: Candidate[] = [];
      for (const number of free.slice(at, at + BATCH)) {
        try {
          candidates.push({ number, file: this.#open(number) });
        } catch (error) {
          trouble = error as Error;
        }
      }
      const taken = await this.#takeOne(candidates);
      if (taken) return taken;
    }
    if (trouble) throw trouble;
    return undefined;
  }

  /** Closes all of them but the one that was had. */
  async #takeOne(candidates: readonly Candidate[]): Promise<OwnersPlace | undefined> {
    let left = candidates;
    let taken: Candidate | undefined;
    try {
      for (let n = 0; n < TRIES && left.length > 0; n++) {
        const at = await this.#lock(left.map(({ file }) => file));
        const locked = at === undefined ? undefined : left[at];
        if (!locked) return undefined;
        if (this.#isInPlace(locked)) {
          taken = locked;
          return this.#hold(locked);
        }
        // Who clears /tmp took the file away: its lock is on nothing that others see.
        left = left.filter((one) => one !== locked);
      }
      return undefined;
    } finally {
      for (const one of candidates) if (one !== taken) closeSync(one.file);
    }
  }

  #hold({ number, file }: Candidate): OwnersPlace {
    this.#held.add(number);
    this.#next = number;
    let given = false;
    return {
      give: () => {
        if (given) return;
        given = true;
        this.#held.delete(number);
        closeSync(file);
      },
    };
  }

  /**
   * The file of a place, made when there is none: in the directory itself, even if its name leads elsewhere by now.
   *
   * @throws Error with the reason why it cannot be had
   */
  #open(number: number): number {
    const name = `${this.#directory}/${number}`;
    let directory: number | undefined;
    try {
      directory = this.#openDirectory();
      const path = existsSync('/proc/self/fd') ? `/proc/self/fd/${directory}/${number}` : name;
      const file = openOrMake(path);
      if (isPlace(fstatSync(file))) return file;
      closeSync(file);
    } catch (error) {
      throw new Error(`${name}: ${getSystemErrorMessage((error as NodeJS.ErrnoException).errno ?? 0)}`, {
        cause: error,
      });
    } finally {
      if (directory !== undefined) closeSync(directory);
    }
    throw new Error(`${name} is no plain file, or has another name too`);
  }

  #openDirectory(): number {
    if (!existsSync(this.#directory)) {
      try {
        mkdirSync(this.#directory);
        // All users are to find room there, whatever our umask is.
        chmodSync(this.#directory, 0o1777);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
    return openSync(this.#directory, SHYLY | O_DIRECTORY);
  }

  #isInPlace({ number, file }: Candidate): boolean {
    const here = fstatSync(file);
    const there = lstatSync(`${this.#directory}/${number}`, { throwIfNoEntry: false });
    return there !== undefined && isPlace(here) && here.dev === there.dev && here.ino === there.ino;
  }
}

function isPlace(stats: Stats): boolean {
  return stats.isFile() && stats.nlink === 1;
}

function openOrMake(path: string): number {
  try {
    return openSync(path, SHYLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  try {
    const file = openSync(path, SHYLY | O_CREAT | O_EXCL, 0o644);
    // Whatever our umask is: nobody else could lock a file that only we may read.
    fchmodSync(file, 0o644);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return openSync(path, SHYLY);
  }
}
