import type { Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';

/** What a mark says of an item that is not ours to make now (DPB's locks, E22). */
export type BulkMark =
  /** A run is making it: one that lives on this machine, or any of another machine. */
  | { readonly kind: 'taken'; readonly file: string; readonly owner: string; readonly start: number }
  /** It failed and nobody has removed the mark. */
  | { readonly kind: 'failed'; readonly file: string; readonly owner: string; readonly outcome: Outcome }
  | { readonly kind: 'unreadable'; readonly file: string };

/** That an item was finished, in a run that is not over or did not end well (P9). */
export interface DoneRecord {
  /** A digest of each line of its recipe, in order; none: it does not count any more. */
  readonly lines: readonly string[];
  /** When its first line started, ms since 1970. */
  readonly start: number;
  /** Its target was a file then. */
  readonly file: boolean;
  /** Those of its peers (BulkItem.peers) that were files then. */
  readonly peers: readonly Bytes[];
  /** Grows from record to record. */
  readonly order: number;
}

/** What is taken, and where it runs. */
export interface Taking {
  readonly target: Bytes;
  /** Where the target stands if it is a file, absolute. */
  readonly path: Bytes;
  /** Whether what is left half-made of it is to be removed. */
  readonly removable: boolean;
  /** Process id of the make that runs it. */
  readonly make: number;
  /** Process id of what runs its first line to come; undefined: not known. */
  readonly line: number | undefined;
  readonly place: string;
  /** When it began, ms since 1970. */
  readonly start: number;
}

/** What is kept of a bulk build on disk, for other runs and for later ones. Nothing of it throws. */
export interface BulkLedger {
  /** The mark of an item; undefined when there is none, or it was one of a dead run, and was cleared. */
  look(target: Bytes): BulkMark | undefined;
  /** Marks it as ours; false: there is a mark of somebody else. */
  take(taking: Taking): boolean;
  /** The next line of an item of ours begins, in that process. */
  goesOn(target: Bytes, line: number): void;
  /** Removes our mark. */
  drop(target: Bytes): void;
  /** Keeps our mark, and how the item failed. */
  fail(target: Bytes, outcome: Outcome): void;
  record(target: Bytes, record: Omit<DoneRecord, 'order'>): void;
  /** It is to be made again, whatever was recorded. */
  forget(target: Bytes): void;
  done(target: Bytes): DoneRecord | undefined;
  /** Whether an item whose mark is gone is known to have been made since that mark; in doubt it was not. */
  wasMade(target: Bytes, mark: Extract<BulkMark, { kind: 'taken' }>): boolean;
  exists(path: Bytes): boolean;
  /** Whether one of these files (not a directory) was written after that time, ms since 1970. */
  isNewer(paths: readonly Bytes[], time: number): boolean;
  /** A short text that is another for other words. */
  digest(words: readonly Bytes[]): string;
  /** ms since 1970 */
  now(): number;
}
