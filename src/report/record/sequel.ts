import type { Outcome } from '../../model/outcome.ts';
import { isOwnFailure } from '../verdict.ts';
import type { JobRecord, Leg } from './job-record.ts';

/** What followed a leg whose outcome does not count: the job may have found no place to run again. */
export type Sequel = 'again' | 'failed' | 'cancelled';

/** Whether the job ran once more after that leg. */
export function ranAgain({ legs }: JobRecord, leg: Leg): boolean {
  return legs.slice(legs.indexOf(leg) + 1).some(({ started }) => started !== undefined);
}

/**
 * What became of a job after a leg that was to be run again.
 *
 * @param run how the run ended; undefined: it was cut short
 * @returns `cancelled`: the run was over before there was a place
 */
export function sequelOf(job: JobRecord, leg: Leg, run: Outcome | undefined): Sequel {
  if (ranAgain(job, leg)) return 'again';
  const { failed } = job.recipe;
  return failed?.job === job.id && isOwnFailure(failed.outcome, run) ? 'failed' : 'cancelled';
}
