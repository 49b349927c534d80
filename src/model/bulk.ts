import type { Bytes } from '../util/bytes.ts';

/**
 * One item of a bulk build: a target of the first make that has a recipe. Names are make's own spelling of targets,
 * relative to its directory.
 */
export interface BulkItem {
  readonly target: Bytes;
  /** The items that come before it, each once: its prerequisites, order-only ones too, seen through targets without a recipe. */
  readonly after: readonly Bytes[];
  /** Its normal prerequisites, items or not, seen through targets without a recipe: what is newer than it makes it old. */
  readonly inputs: readonly Bytes[];
  /** All names for which there is no rule that it needs, order-only ones too: make does not make it without these files. */
  readonly sources: readonly Bytes[];
  /** Make expects a file of that name: it is neither phony nor only a step on the way to another. */
  readonly file: boolean;
  /** How many items wait for it, directly or not (P7). */
  readonly weight: number;
  /** As the makefile has it, not expanded. */
  readonly recipe: Bytes;
  /** Make removes the target of a recipe that was cut short: it is neither phony nor precious. */
  readonly removable: boolean;
  /** Make ignores a failure of its last line. */
  readonly ignores: boolean;
  /** Targets that the same run of the recipe makes (`a b &:`, patterns with several targets). */
  readonly peers: readonly Bytes[];
}

/** All items that the goals need, by target; prerequisites come before what needs them. */
export type BulkPlan = ReadonlyMap<Bytes, BulkItem>;

interface Entry {
  readonly target: Bytes;
  /** {@link BulkItem.weight} */
  readonly weight: number;
}

/** What became of all items of a bulk build (P8): each stands in one list. */
export interface BulkReport {
  readonly built: readonly (Entry & { readonly place: string })[];
  /** There was nothing to do: for make, because an earlier run had finished it, or another run at the same time made it. */
  readonly upToDate: readonly (Entry & { readonly by: 'make' | 'earlier' | 'other' })[];
  /** How: in the words of a log. Where: a host, the runner, an earlier run, another one. */
  readonly failed: readonly (Entry & { readonly how: string; readonly where: string })[];
  /** Never tried, since an item that it needs failed, or a file that nothing makes is not there. */
  readonly skipped: readonly (Entry & { readonly because: Bytes })[];
  /** Make ended before it came to them: without -k, or stopped. */
  readonly notReached: readonly Entry[];
}
