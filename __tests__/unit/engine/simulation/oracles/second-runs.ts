import type { Place } from '../../../../../src/model/event.ts';
import type { Oracle } from './oracle.ts';

/** So many hosts may be lost with a job before it goes to the runner, or, where that is no choice, is given up. */
const MOST_LOSSES = { local: 2, never: 5 } as const;

/** A job that may be what brings hosts down gets no further host, and one that took too long is not run again in the same place. */
export const secondRunsAreElsewhere: Oracle = function* ({ scenario, story }) {
  const losses = new Map<number, number>();
  const tooLong = new Map<number, Place>();
  /** Jobs of which a run on a host did not count, and recipes of which one then ran on the runner: there they stay. */
  const ranThere = new Set<number>();
  const stay = new Set<number>();
  for (const { event } of story.told) {
    if (event.type === 'job-finished') {
      const { id } = event.job;
      const { kind } = event.outcome;
      if (kind === 'host-lost') losses.set(id, (losses.get(id) ?? 0) + 1);
      if (kind === 'timed-out') tooLong.set(id, event.place);
      if (event.again && event.place) ranThere.add(id);
    } else if (event.type === 'job-placed') {
      const { job, place } = event;
      const where = place?.name ?? 'the runner';
      const lost = losses.get(job.id) ?? 0;
      const isEnough = lost >= MOST_LOSSES[scenario.fallback];
      if (isEnough && (place || scenario.fallback === 'never'))
        yield `job ${job.id} is placed on ${where} after ${lost} hosts were lost with it`;
      if (!place && ranThere.has(job.id)) stay.add(job.recipe.id);
      const mayMove = place !== undefined || !stay.has(job.recipe.id);
      if (mayMove && tooLong.has(job.id) && tooLong.get(job.id) === place)
        yield `job ${job.id} is placed on ${where} again, where it took too long`;
    }
  }
};
