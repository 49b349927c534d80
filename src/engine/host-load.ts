import type { LoadAverages, LoadPolicy } from '../model/load.ts';

/** What d1make adds for each job that a host has got since it last spoke (L6). */
const STARTED_WEIGHT = 4;

/** Whether a policy needs to hear of the hosts' load. */
export function countsLoad(policy: LoadPolicy): boolean {
  return policy === 'auto' || policy === 'reported' || policy === 'm1';
}

/** What a host was doing at one moment. */
export interface LoadReport {
  /** Our own jobs that ran there. */
  readonly jobs: number;
  /** Undefined: the host has no such figures, and its jobs alone count. */
  readonly load: LoadAverages | undefined;
}

/** How busy one host is by d1make's reckoning (L6, L7): its last report, and what has begun there since. */
export class ReportedLoad {
  #report: LoadReport = { jobs: 0, load: undefined };
  #started = 0;

  /** Takes the place of the report before, and of what has begun since. */
  report(report: LoadReport): void {
    this.#report = report;
    this.#started = 0;
  }

  started(): void {
    this.#started++;
  }

  /** Never below zero: a job may end that the last report has counted (L7). */
  ended(): void {
    this.#started = Math.max(0, this.#started - 1);
  }

  /** The host with the lowest is the next to get a job. */
  get value(): number {
    const { jobs, load = [0, 0, 0] } = this.#report;
    return jobs + load[0] + load[1] + load[2] + STARTED_WEIGHT * this.#started;
  }

  /** How much of the load of the last minute is not ours. */
  get ofOthers(): number {
    return Math.max(0, this.lastMinute - this.#report.jobs);
  }

  /** The load average of the last minute. */
  get lastMinute(): number {
    return this.#report.load?.[0] ?? 0;
  }
}

/**
 * The slots that count by dmake's M1 (D13): the whole part of the load is taken off, per processor, from a load of 2 on.
 *
 * @param lastMinute load average of the last minute
 */
export function m1Limit(slots: number, lastMinute: number, processors: number): number {
  const load = Math.floor(lastMinute);
  if (load < 2) return slots;
  return Math.max(1, slots - Math.floor(load / Math.max(1, processors)));
}
