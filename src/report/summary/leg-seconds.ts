import type { JobRecord, Leg } from '../record/job-record.ts';

/**
 * How long the recipe ran in that leg, in seconds. Of a call of make only the time until it waits for that make: the rest
 * is the time of others. Where nobody has heard the end (the host was lost, the job was stopped) it is the time from its
 * start to then by the clock of the runner.
 *
 * @param now seconds since the start of the run, for what has not ended
 */
export function legSeconds(leg: Leg, now: number): number {
  const { started, waits, collecting, ended, seconds } = leg;
  if (waits !== undefined) return Math.max(0, waits - (started ?? leg.placed));
  if (started === undefined) return seconds ?? 0;
  if (seconds !== undefined && (seconds > 0 || !isCutShort(leg))) return seconds;
  return Math.max(0, (collecting ?? ended ?? now) - started);
}

function isCutShort({ outcome }: Leg): boolean {
  return (
    outcome !== undefined && outcome !== 'turned-away' && ['host-lost', 'timed-out', 'cancelled'].includes(outcome.kind)
  );
}

/** The leg whose outcome counts, or the one that runs now; undefined: it has none. */
export function countedLeg({ legs }: JobRecord): Leg | undefined {
  const last = legs.at(-1);
  return last?.again === true || last?.outcome === 'turned-away' ? undefined : last;
}
