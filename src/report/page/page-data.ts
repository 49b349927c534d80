/** What `report.html` holds of a run, as JSON: columns instead of objects, names once. Times are milliseconds. */
export interface PageData {
  /** Milliseconds since 1970; 0: not known. */
  readonly started: number;
  readonly duration: number;
  readonly result: 'succeeded' | 'failed' | 'cancelled' | 'unfinished';
  /** Of make, in words: `status 2`. Empty where there is none. */
  readonly outcome: string;
  readonly counts: Readonly<Record<PageClass, number>>;
  /** All names, directories, commands and outcomes; the columns have indices of it. */
  readonly strings: readonly string[];
  /** Words of all reasons, and whether one says that the job might have left. */
  readonly reasons: readonly { readonly words: string; readonly missed: boolean }[];
  readonly places: readonly PagePlace[];
  readonly recipes: RecipeColumns;
  readonly jobs: JobColumns;
  readonly legs: LegColumns;
  readonly path: PathColumns;
  /** Files with the whole output, relative to the page, by the job's place in the columns. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** `open`: it was not over when the record ended. */
export const PAGE_CLASSES = ['open', 'remote', 'retried', 'local', 'recursive'] as const;

export type PageClass = (typeof PAGE_CLASSES)[number];

export interface PagePlace {
  readonly name: string;
  /** It is the runner. */
  readonly local: boolean;
  readonly slots: number | null;
  readonly state: 'coming' | 'ready' | 'benched' | 'lost';
  readonly ready: number | null;
  /** When it was away. */
  readonly losses: readonly PageLoss[];
  /** Bytes of the first staging. */
  readonly staging: number;
  /** Bytes to it and back in all; null: not known. */
  readonly sent: number | null;
  readonly received: number | null;
}

/** `to`: null: it did not come back. */
export interface PageLoss {
  readonly from: number;
  readonly to: number | null;
  readonly reason: string;
  /** It had been ready before. */
  readonly wasReady: boolean;
  /** Why it was not tried any more; empty: it was. */
  readonly leftOut: string;
}

type Column = readonly number[];

export interface RecipeColumns {
  readonly target: Column;
  readonly directory: Column;
  /** Process id of its make. */
  readonly make: Column;
  /** Index of {@link PAGE_CLASSES}. */
  readonly class: Column;
}

export interface JobColumns {
  readonly recipe: Column;
  readonly command: Column;
  readonly directory: Column;
  /** Since the job before it was asked for. */
  readonly queued: Column;
}

/**
 * How a leg ended. `failed`: and its recipe with it. `ignored`: it failed, its recipe did not. `cancelled`: nobody wanted its
 * end any more, or the run was cancelled.
 */
export const LEG_ENDS = ['open', 'succeeded', 'failed', 'ignored', 'again', 'cancelled'] as const;

export type LegEnd = (typeof LEG_ENDS)[number];

/** Times are counted from `placed`, which is counted from the job's `queued`; -1: not known, or it did not come to that. */
export interface LegColumns {
  readonly job: Column;
  readonly place: Column;
  readonly reason: Column;
  readonly slot: Column;
  readonly slots: Column;
  readonly placed: Column;
  readonly started: Column;
  readonly waits: Column;
  readonly collecting: Column;
  readonly ended: Column;
  /** Index of {@link LEG_ENDS}. */
  readonly end: Column;
  /** The outcome in words; -1: none yet. */
  readonly outcome: Column;
  readonly sent: Column;
  readonly received: Column;
  readonly files: Column;
}

/** The critical path: steps that follow on one another from 0. */
export interface PathColumns {
  /** -1: none. */
  readonly job: Column;
  /** Index of `STEP_KINDS`. */
  readonly kind: Column;
  readonly duration: Column;
}
