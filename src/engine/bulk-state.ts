import { targetPath, type Recipe } from '../model/job.ts';
import { describeOutcome, succeeded, type Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';
import type { DoneRecord } from './bulk-ledger.ts';

/** One item in one make, from the first call for it. */
export interface ItemState {
  readonly recipe: Recipe;
  readonly make: number;
  readonly target: Bytes;
  /** Where it stands if it is a file, absolute. */
  readonly path: Bytes;
  /** The mark is ours. */
  open: boolean;
  /** How its last line ended, when none runs: it may have been the last of all. */
  ending: Outcome | undefined;
  /** How every line of it ends without having run. */
  spared: Outcome | undefined;
  /** Why it is spared, if it was finished earlier. */
  record: DoneRecord | undefined;
  /** When its first line began, ms since 1970. */
  start: number;
  /** How often there was a mark that nobody could see when it was looked at. */
  refusals: number;
  place: string;
  /** A digest of each line that has run. */
  readonly lines: string[];
  /** Its make ignores all failures. */
  ignoring: boolean;
}

/** What became of an item, as far as is known. */
export type Fate =
  | { readonly kind: 'built'; readonly place: string }
  | { readonly kind: 'spared'; readonly by: 'earlier' | 'other' }
  | {
      readonly kind: 'failed';
      readonly how: string;
      readonly where: string;
      /** There is a mark that says so: when that is gone, the item is tried again. */
      readonly marked: boolean;
    };

/** Where what does not leave runs, for people. */
export const RUNNER = 'the runner';

export function newState(recipe: Recipe): ItemState {
  return {
    recipe,
    make: recipe.make,
    target: recipe.target,
    path: targetPath(recipe),
    open: false,
    ending: undefined,
    spared: undefined,
    record: undefined,
    start: 0,
    refusals: 0,
    place: RUNNER,
    lines: [],
    ignoring: false,
  };
}

export function fateOf(outcome: Outcome, place: string, marked: boolean): Fate {
  if (succeeded(outcome)) return { kind: 'built', place };
  return { kind: 'failed', how: describeOutcome(outcome), where: place, marked };
}
