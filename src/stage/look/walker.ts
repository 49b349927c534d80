import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  type BigIntStats,
} from 'node:fs';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import { digestOf } from './digest.ts';
import type { Exclusion } from './exclusion.ts';
import { COLUMNS, putStamp, Stamps, type Stamp } from './stamps.ts';

/** Files of ours that may stand in the workspace for a moment: never staged, never home. */
export const TEMPORARY_PREFIX = '.distmake-tmp-';

/** File systems stamp changes with a clock that ticks every 10 ms or faster: two changes in one tick look like one. */
const TICK_MS = 20;

/** Findings are handed over in parts of this many. */
const PART = 1024;

/** After so many entries others get their turn. */
const STRIDE = 256;

/** Bytes that are read in the time that an entry takes. */
const ENTRY_BYTES = 16384;

/** Directories that were replaced while we were in them are looked at again, so many times in one look. */
const TEARS = 16;

/** Bits of `Part.flags`. */
export const RECENT = 1;
export const AS_WRITTEN = 2;

/** Paths that differ from what the last look of the same walker found, and those that were asked for. */
export interface Part {
  readonly paths: readonly Bytes[];
  /** Their stamps, one after the other. */
  readonly stamps: Stamp;
  /** RECENT: changed so shortly before that a further change may have the same stamp. AS_WRITTEN: the digest that was given is right. */
  readonly flags: Uint8Array;
}

/** The end of a look. */
export interface LookEnd {
  /** True: there was no look before, everything that is there was handed over. */
  readonly full: boolean;
  /** What the last look found, or the caller asked for, and is not there. */
  readonly gone: readonly Bytes[];
  /** What cannot be read. */
  readonly skipped: readonly Bytes[];
}

/** Paths to tell of whether they have changed or not, with the digest of what was written there if that is known. */
export type Suspects = ReadonlyMap<Bytes, string | undefined>;

interface Level {
  /** Empty: the root. */
  readonly directory: Bytes;
  readonly inode: bigint;
  readonly names: readonly Bytes[];
  next: number;
}

/** Looks at all paths of a tree but those that are excluded, `.git` and files of ours, and tells what differs from its last look. */
export class Walker {
  readonly #root: Bytes;
  readonly #exclusion: Exclusion;
  readonly #stamps = new Stamps();
  /** By row: the number of the look that found it last. */
  readonly #seen: number[] = [];
  #looks = 0;
  #tears = 0;
  /** Entries since others had their turn, and what took as much time. */
  #effort = 0;
  #gone: Bytes[] = [];
  #skipped: Bytes[] = [];
  #part = new PartWriter();

  /** @param root absolute path */
  constructor(root: Bytes, exclusion: Exclusion) {
    this.#root = root;
    this.#exclusion = exclusion;
  }

  /** How many paths it knows. */
  get size(): number {
    return this.#stamps.size;
  }

  /** Gives a part when one is full, and undefined from time to time, so that it can be run in slices. */
  *look(suspects: Suspects): Generator<Part | undefined, LookEnd> {
    this.#looks++;
    this.#tears = 0;
    this.#gone = [];
    this.#skipped = [];
    this.#part = new PartWriter();
    const levels: Level[] = [];
    this.#enter('', 0n, levels);
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const name = level.names[level.next++];
      if (name === undefined) {
        levels.pop();
        this.#leave(level, suspects, levels);
      } else if (name !== '.git' && !name.startsWith(TEMPORARY_PREFIX)) {
        this.#visit(level.directory === '' ? name : `${level.directory}/${name}`, suspects, levels);
      }
      if (this.#part.isFull) yield this.#part.take();
      else if (++this.#effort >= STRIDE) {
        this.#effort = 0;
        yield undefined;
      }
    }
    if (!this.#part.isEmpty) yield this.#part.take();
    for (const [path, row] of this.#stamps) if (this.#seen[row] !== this.#looks) this.#gone.push(path);
    for (const path of this.#gone) this.#stamps.delete(path);
    for (const path of suspects.keys()) if (this.#stamps.row(path) === undefined) this.#gone.push(path);
    return { full: this.#looks === 1, gone: this.#gone, skipped: this.#skipped };
  }

  #visit(path: Bytes, suspects: Suspects, levels: Level[]): void {
    const stats = this.#stat(path);
    if (!stats || !(stats.isFile() || stats.isDirectory() || stats.isSymbolicLink())) return;
    if (this.#exclusion.excludes(path, stats.isDirectory())) return;
    this.#report(path, stats, suspects);
    if (stats.isDirectory()) this.#enter(path, stats.ino, levels);
  }

  #report(path: Bytes, stats: BigIntStats, suspects: Suspects): void {
    const at = this.#part.stage(stats);
    const known = this.#stamps.row(path);
    if (known !== undefined && !this.#stamps.differs(known, this.#part.stamps, at) && !suspects.has(path)) {
      this.#seen[known] = this.#looks;
      return;
    }
    this.#seen[this.#stamps.set(path, this.#part.stamps, at)] = this.#looks;
    let flags = isRecent(stats) ? RECENT : 0;
    const digest = suspects.get(path);
    if (digest !== undefined && stats.isFile()) {
      this.#effort += Number(stats.size) / ENTRY_BYTES;
      if (digestAt(`${this.#root}/${path}`, stats) === digest) flags |= AS_WRITTEN;
    }
    this.#part.add(path, flags);
  }

  #enter(directory: Bytes, inode: bigint, levels: Level[]): void {
    try {
      const names = readdirSync(fsPath(`${this.#root}/${directory}`), 'latin1');
      levels.push({ directory, inode, names, next: 0 });
    } catch (error) {
      this.#skip(directory, error);
    }
  }

  /**
   * What was found in a directory counts only if it is still the same one: a link that took its place meanwhile may
   * have led us anywhere.
   */
  #leave({ directory, inode }: Level, suspects: Suspects, levels: Level[]): void {
    if (directory === '') return;
    const stats = this.#stat(directory);
    if (stats?.isDirectory() && stats.ino === inode) return;
    for (const [path, row] of this.#stamps) {
      if (path === directory || path.startsWith(`${directory}/`)) this.#seen[row] = 0;
    }
    if (this.#tears++ < TEARS) this.#visit(directory, suspects, levels);
  }

  #stat(path: Bytes): BigIntStats | undefined {
    try {
      return lstatSync(fsPath(`${this.#root}/${path}`), { bigint: true, throwIfNoEntry: false });
    } catch (error) {
      this.#skip(path, error);
      return undefined;
    }
  }

  /** What a recipe has just removed is not skipped, it is gone. */
  #skip(path: Bytes, error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') this.#skipped.push(path);
  }
}

/** Takes up what a look finds. */
class PartWriter {
  stamps = new BigInt64Array(PART * COLUMNS);
  #flags = new Uint8Array(PART);
  #paths: Bytes[] = [];

  get isEmpty(): boolean {
    return this.#paths.length === 0;
  }

  get isFull(): boolean {
    return this.#paths.length === PART;
  }

  /** Where the stamp stands now; it stays if `add` follows. */
  stage(stats: BigIntStats): number {
    const at = this.#paths.length * COLUMNS;
    putStamp(stats, this.stamps, at);
    return at;
  }

  add(path: Bytes, flags: number): void {
    this.#flags[this.#paths.length] = flags;
    this.#paths.push(path);
  }

  take(): Part {
    const part = { paths: this.#paths, stamps: this.stamps, flags: this.#flags };
    this.stamps = new BigInt64Array(PART * COLUMNS);
    this.#flags = new Uint8Array(PART);
    this.#paths = [];
    return part;
  }
}

/** Whether the next change may have the same stamp. Directories have none that counts. */
export function isRecent(stats: BigIntStats): boolean {
  return !stats.isDirectory() && Number(stats.ctimeMs) + 1 > Date.now() - TICK_MS;
}

/** Of a file that is there as `stats` says. */
function digestAt(full: Bytes, { ino }: BigIntStats): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(fsPath(full), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = fstatSync(file, { bigint: true });
    return stats.isFile() && stats.ino === ino ? digestOf(readFileSync(file)) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
