/** What is known of the work that is left. Seconds are those for which a recipe holds a slot. */
export interface WorkLeft {
  /** Of each recipe that has not begun: how long it took earlier, if that is known. */
  readonly waiting: Iterable<number | undefined>;
  /** Of each that has begun and is not done: the same, and how long it has run. */
  readonly running: Iterable<{ readonly expected: number | undefined; readonly seconds: number }>;
  /** Recipes that this run has done, and how long they took, added up. */
  readonly finished: { readonly count: number; readonly seconds: number };
  /** Jobs that run at one time. */
  readonly parallel: number;
  /** How long this run has been at it. */
  readonly elapsed: number;
}

/** Before that nothing is said: slots are still being filled. */
const EARLY_SECONDS = 5;
/** So many done recipes, and that share of all, say what the others will take. */
const ENOUGH = 8;
const ENOUGH_SHARE = 0.05;
/** As large a share of what is left may be unknown where earlier runs know the rest. */
const UNKNOWN_SHARE = 0.2;

/**
 * How long the rest takes: the work that is left, shared by as many jobs as run at one time of late, and no less than the
 * longest recipe. What is not known from earlier runs takes as long as the average recipe of this one.
 *
 * @returns seconds; undefined when there is too little to go by, or nothing left
 */
export function estimate({ waiting, running, finished, parallel, elapsed }: WorkLeft): number | undefined {
  if (elapsed < EARLY_SECONDS) return undefined;
  const mean = finished.count > 0 ? finished.seconds / finished.count : undefined;
  const rest = { count: 0, unknown: 0, sum: 0, longest: 0 };
  const add = (expected: number | undefined, seconds: number): void => {
    const left = Math.max(0, (expected ?? mean ?? 0) - seconds);
    rest.count++;
    if (expected === undefined) rest.unknown++;
    rest.sum += left;
    rest.longest = Math.max(rest.longest, left);
  };
  for (const expected of waiting) add(expected, 0);
  for (const { expected, seconds } of running) add(expected, seconds);
  if (rest.count === 0) return undefined;
  const enough = Math.max(ENOUGH, ENOUGH_SHARE * (rest.count + finished.count));
  const isGuess = rest.unknown > 0 && mean === undefined;
  if (isGuess || (rest.unknown > UNKNOWN_SHARE * rest.count && finished.count < enough)) return undefined;
  return Math.max(rest.sum / Math.max(1, parallel), rest.longest);
}
