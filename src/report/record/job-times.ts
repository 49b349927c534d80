import type { JobRecord, RunRecord } from './run-record.ts';

/** When a job was over, or the last that is known of it; seconds since the start of the run. */
export function endOf(job: JobRecord): number {
  const leg = job.legs.at(-1);
  return leg?.ended ?? leg?.collecting ?? leg?.waits ?? leg?.started ?? leg?.placed ?? job.queued;
}

/** When it called make. */
export function callOf(job: JobRecord): number {
  const leg = job.legs.at(-1);
  return leg?.waits ?? leg?.started ?? job.queued;
}

/** The one that ended last. */
export function latest(jobs: Iterable<JobRecord>): JobRecord | undefined {
  let found: JobRecord | undefined;
  for (const job of jobs) if (!found || endOf(job) > endOf(found)) found = job;
  return found;
}

/** How many of these numbers, in ascending order, are at most so large. */
export function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The jobs of each make, by its process id, in the order in which the makes first asked for one. */
export function jobsByMake(record: Pick<RunRecord, 'jobs'>): ReadonlyMap<number, readonly JobRecord[]> {
  const makes = new Map<number, JobRecord[]>();
  for (const job of record.jobs) {
    const jobs = makes.get(job.recipe.make);
    if (jobs) jobs.push(job);
    else makes.set(job.recipe.make, [job]);
  }
  return makes;
}
