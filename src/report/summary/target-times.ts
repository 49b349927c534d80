import { describeOutcome, succeeded } from '../../model/outcome.ts';
import type { RecipeRecord } from '../record/job-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { countedLeg, legSeconds } from './leg-seconds.ts';

export interface TargetTime {
  readonly recipe: RecipeRecord;
  /** Its lines ran so many seconds, added up, wherever they did. */
  readonly seconds: number;
  /** From make's question for each line to its end, added up. */
  readonly open: number;
  /** Where its last line ran; undefined: nowhere. */
  readonly place: string | undefined;
}

/** What each target took, calls of make left out: they take as long as all that is in them. */
export function targetTimes(record: RunRecord): readonly TargetTime[] {
  const now = record.seconds;
  return record.recipes
    .filter((recipe) => recipe.class !== 'recursive' && recipe.jobs.some((job) => job.legs.length > 0))
    .map((recipe) => {
      let [seconds, open] = [0, 0];
      let place: string | undefined;
      for (const job of recipe.jobs) {
        for (const leg of job.legs) seconds += legSeconds(leg, now);
        open += Math.max(0, (job.ended ?? now) - job.queued);
        place = job.legs.at(-1)?.place ?? place;
      }
      return { recipe, seconds, open, place };
    });
}

/** How a line of it failed on hosts before it passed elsewhere: `status 1 on build2`; empty: none did. */
export function failedThere({ jobs }: RecipeRecord): readonly string[] {
  return jobs.flatMap((job) => {
    const last = countedLeg(job)?.outcome;
    if (last === undefined || last === 'turned-away' || !succeeded(last)) return [];
    return job.legs.flatMap(({ again, outcome, place }) => {
      if (!again || outcome === undefined || outcome === 'turned-away') return [];
      const failed = (outcome.kind === 'exited' && !succeeded(outcome)) || outcome.kind === 'signaled';
      return failed ? [`${describeOutcome(outcome)} on ${place}`] : [];
    });
  });
}
