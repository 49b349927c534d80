import type { RecipeClass } from '../../model/event.ts';
import type { Outcome } from '../../model/outcome.ts';
import type { PlaceReason } from '../../model/place-reason.ts';

/** One time a job ran, or was to run, in one place. All times are seconds since the start of the run. */
export interface Leg {
  /** Name of a host, or `RUNNER`. */
  readonly place: string;
  readonly reason: PlaceReason;
  /** Number of the slot that it had there, from 1; of a wide one the first. */
  readonly slot: number;
  /** How many it had. */
  readonly slots: number;
  /** It got the slot: the host's tree is brought up to date from here on. */
  readonly placed: number;
  /** It ran from here on. */
  started: number | undefined;
  /** It called make, and had no slot from here on. */
  waits: number | undefined;
  /** It had ended there, what it wrote came home from here on. */
  collecting: number | undefined;
  ended: number | undefined;
  /**
   * How long the recipe itself ran, by the clock of the place; 0 if it did not get so far, or nobody heard its end.
   * Undefined: it has not ended.
   */
  seconds: number | undefined;
  /** `turned-away`: its host's owner had no place for it. Undefined: it has not ended. */
  outcome: Outcome | 'turned-away' | undefined;
  /** Its outcome does not count: it runs again. */
  again: boolean;
  /** Bytes to the host and back, and files that came home. */
  sent: number;
  received: number;
  files: number;
}

/** One line of a recipe, or all of it. */
export interface JobRecord {
  readonly id: number;
  readonly recipe: RecipeRecord;
  readonly command: string;
  readonly directory: string;
  /** When make asked for it. */
  readonly queued: number;
  /** Empty as long as it waits for its first place, and for one that was cancelled, spared or refused before it had one. */
  readonly legs: Leg[];
  /** When it was over for good; undefined: it waits, or runs. */
  ended: number | undefined;
}

export interface RecipeRecord {
  readonly id: number;
  /** Process id of its make. */
  readonly make: number;
  readonly target: string;
  readonly directory: string;
  readonly jobs: JobRecord[];
  /** Undefined while it is open. */
  class: RecipeClass | undefined;
  failed: { readonly job: number; readonly outcome: Outcome; readonly place: string } | undefined;
}
