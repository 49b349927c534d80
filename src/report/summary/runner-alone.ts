import type { JobRecord } from '../record/job-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { longestChain } from './longest-chain.ts';
import { countedLeg, legSeconds } from './leg-seconds.ts';

/** What a run would have taken without hosts, in seconds. */
export interface RunnerAlone {
  readonly seconds: number;
  /** Of all jobs added up, each counted once. */
  readonly work: number;
  /** Of the runner. */
  readonly processors: number;
  /** Of the longest chain of jobs of which each waited for the one before. */
  readonly chain: number;
}

/**
 * All work over the runner's processors, and no less than the longest chain seen. Rough: hosts are faster or slower than
 * the runner, and what an output costs on its way does not count.
 *
 * @returns undefined where nothing ran on a host
 */
export function runnerAlone(record: RunRecord): RunnerAlone | undefined {
  const processors = record.start?.processors;
  if (processors === undefined) return undefined;
  const hosts = new Set(record.places.filter((place) => !place.local).map((place) => place.name));
  const now = record.seconds;
  let left = false;
  let work = 0;
  for (const job of record.jobs) {
    const leg = countedLeg(job);
    if (!leg) continue;
    left ||= hosts.has(leg.place);
    // A make that runs on a host as a whole fills all the slots that it has.
    work += legSeconds(leg, now) * leg.slots;
  }
  if (!left) return undefined;
  const chain = longestChain(record.jobs, capacity(record), (job) => secondsOf(job, now));
  return { seconds: Math.max(work / processors, chain), work, processors, chain };
}

function secondsOf(job: JobRecord, now: number): number {
  const leg = countedLeg(job);
  return leg ? legSeconds(leg, now) : 0;
}

/** How many jobs could run at one time. */
function capacity({ start, places }: RunRecord): number {
  const slots = places.reduce((sum, place) => sum + (place.local ? 0 : (place.slots ?? 0)), start?.localJobs ?? 0);
  return start === undefined || start.jobs === 'places' ? slots : Math.min(start.jobs, slots);
}
