import type { BigIntStats } from 'node:fs';
import type { Bytes } from '../../util/bytes.ts';

/** Columns of a stamp: mode, inode, size, mtime and ctime in nanoseconds. */
export const COLUMNS = 5;

const MODE = 0;
const INODE = 1;
const SIZE = 2;
const MTIME = 3;
const CTIME = 4;

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;

/** A row of numbers that differs when the content or the description of a path has changed. */
export type Stamp = BigInt64Array;

/**
 * Of a directory the mode alone counts: its time changes with what is in it, and that is looked at by itself.
 *
 * @param into takes the stamp, from column `at` on
 */
export function putStamp(stats: BigIntStats, into: Stamp, at = 0): void {
  const plain = !stats.isDirectory();
  into[at + MODE] = stats.mode;
  into[at + INODE] = plain ? stats.ino : 0n;
  into[at + SIZE] = plain ? stats.size : 0n;
  into[at + MTIME] = plain ? stats.mtimeNs : 0n;
  into[at + CTIME] = plain ? stats.ctimeNs : 0n;
}

export function stampOf(stats: BigIntStats): Stamp {
  const stamp = new BigInt64Array(COLUMNS);
  putStamp(stats, stamp);
  return stamp;
}

/** Stamps by path, 40 bytes each: trees have tens of thousands of files. */
export class Stamps {
  readonly #rows = new Map<Bytes, number>();
  readonly #free: number[] = [];
  #data = new BigInt64Array(COLUMNS * 256);
  /** The same numbers, to be compared without making a bigint of each. */
  #words = new Int32Array(this.#data.buffer);
  #end = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** Every path with its row. */
  [Symbol.iterator](): Iterator<[Bytes, number]> {
    return this.#rows.entries();
  }

  row(path: Bytes): number | undefined {
    return this.#rows.get(path);
  }

  /** Whether the row is another stamp than the one at `at` in `from`. */
  differs(row: number, from: Stamp, at = 0): boolean {
    const words = new Int32Array(from.buffer, from.byteOffset + at * 8, COLUMNS * 2);
    const start = row * COLUMNS * 2;
    for (let word = 0; word < COLUMNS * 2; word++) if (this.#words[start + word] !== words[word]) return true;
    return false;
  }

  /** Takes the stamp at `at` in `from` as that of the path. */
  set(path: Bytes, from: Stamp, at = 0): number {
    const row = this.#rows.get(path) ?? this.#free.pop() ?? this.#end++;
    if (row * COLUMNS === this.#data.length) this.#grow();
    this.#rows.set(path, row);
    for (let column = 0; column < COLUMNS; column++) {
      this.#data[row * COLUMNS + column] = from[at + column] as bigint;
    }
    return row;
  }

  delete(path: Bytes): boolean {
    const row = this.#rows.get(path);
    if (row === undefined) return false;
    this.#rows.delete(path);
    this.#free.push(row);
    return true;
  }

  isFile(row: number): boolean {
    return this.#kind(row) === S_IFREG;
  }

  isDirectory(row: number): boolean {
    return this.#kind(row) === S_IFDIR;
  }

  sizeOf(row: number): number {
    return Number(this.#data[row * COLUMNS + SIZE]);
  }

  #kind(row: number): number {
    return Number(this.#data[row * COLUMNS + MODE]) & S_IFMT;
  }

  #grow(): void {
    const data = new BigInt64Array(this.#data.length * 2);
    data.set(this.#data);
    this.#data = data;
    this.#words = new Int32Array(data.buffer);
  }
}
