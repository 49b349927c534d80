import { createHash } from 'node:crypto';
import type { BulkLedger, BulkMark, DoneRecord, Taking } from '../engine/bulk-ledger.ts';
import type { Outcome } from '../model/outcome.ts';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import type { DoneList } from './done-list.ts';
import { statsOf } from './file-stamp.ts';
import type { Marks } from './marks.ts';
import { messageOf } from '../util/message-of.ts';

/** Marks and records in a directory. What cannot be written is told once, and the build goes on. */
export class DiskLedger implements BulkLedger {
  readonly #marks: Marks;
  readonly #done: DoneList;
  readonly #tell: (text: string) => void;
  readonly #now: () => number;
  #told = false;

  /** @param now ms since 1970 */
  constructor(marks: Marks, done: DoneList, tell: (text: string) => void, now: () => number) {
    this.#marks = marks;
    this.#done = done;
    this.#tell = tell;
    this.#now = now;
  }

  now(): number {
    return this.#now();
  }

  look(target: Bytes): BulkMark | undefined {
    return this.#marks.look(target);
  }

  take(taking: Taking): boolean {
    return this.#try(() => this.#marks.take(taking)) ?? true;
  }

  goesOn(target: Bytes, line: number): void {
    this.#try(() => this.#marks.goesOn(target, line));
  }

  drop(target: Bytes): void {
    this.#marks.drop(target);
  }

  fail(target: Bytes, outcome: Outcome): void {
    this.#try(() => this.#marks.fail(target, outcome));
  }

  record(target: Bytes, record: Omit<DoneRecord, 'order'>): void {
    this.#try(() => this.#done.add(target, record, this.now()));
  }

  forget(target: Bytes): void {
    const now = this.now();
    this.#try(() => this.#done.add(target, { lines: [], start: now, file: false, peers: [] }, now));
  }

  done(target: Bytes): DoneRecord | undefined {
    return this.#done.get(target);
  }

  wasMade(target: Bytes, { start }: Extract<BulkMark, { kind: 'taken' }>): boolean {
    const record = this.#done.get(target);
    return record !== undefined && record.lines.length > 0 && record.start >= start;
  }

  exists(path: Bytes): boolean {
    return statsOf(path) !== undefined;
  }

  isNewer(paths: readonly Bytes[], time: number): boolean {
    return paths.some((path) => {
      const stats = statsOf(path);
      return stats !== undefined && !stats.isDirectory() && Number(stats.mtimeMs) > time;
    });
  }

  digest(words: readonly Bytes[]): string {
    return createHash('sha256')
      .update(bufferOf(words.join('\0')))
      .digest('hex')
      .slice(0, 12);
  }

  #try<T>(write: () => T): T | undefined {
    try {
      return write();
    } catch (error) {
      const why = messageOf(error);
      if (!this.#told) this.#tell(`the state of the bulk build cannot be kept: ${why}. It cannot be resumed from here`);
      this.#told = true;
      return undefined;
    }
  }
}
