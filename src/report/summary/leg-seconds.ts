import type { JobRecord, Leg } from '../record/job-record.ts';

/**
 * How long the recipe ran in that leg, in seconds. Of a call of make only the time until it waits for that make: the rest
 * is the time of others.
 *
 * @param now seconds since the start of the run, for what has not ended
 */
export function legSeconds(leg: Leg, now: number): number {
  const { started, waits, seconds } = leg;
  if (waits !== undefined) return Math.max(0, waits - (started ?? leg.placed));
  return seconds ?? (started === undefined ? 0 : Math.max(0, now - started));
}

/** The leg whose outcome counts, or the one that runs now; undefined: it has none. */
export function countedLeg({ legs }: JobRecord): Leg | undefined {
  const last = legs.at(-1);
  return last?.again === true || last?.outcome === 'turned-away' ? undefined : last;
}
