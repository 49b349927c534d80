import { callOf, endOf, jobsByMake } from './job-times.ts';
import type { JobRecord, RunRecord } from './run-record.ts';

/**
 * Which job called which make. The events do not tell; the times do: a make whose first job was asked for after a job had
 * called make, and whose last one ended before that job did, is of that job. Among several it is the one that called last
 * and has no make yet, so that of two calls at the same moment the wrong one may be taken.
 */
export class MakeCalls {
  readonly #callers = new Map<number, JobRecord>();
  readonly #below = new Map<JobRecord, JobRecord[]>();

  constructor(record: RunRecord) {
    const calls = record.jobs.filter((job) => job.legs.at(-1)?.waits !== undefined);
    // The first make of all is nobody's.
    for (const [make, jobs] of [...jobsByMake(record)].slice(1)) this.#assign(make, jobs, calls);
  }

  /** The job that called the make of this one. */
  callerOf(job: JobRecord): JobRecord | undefined {
    return this.#callers.get(job.recipe.make);
  }

  /** The jobs of the makes that this one called. */
  jobsBelow(job: JobRecord): readonly JobRecord[] {
    return this.#below.get(job) ?? [];
  }

  #assign(make: number, jobs: readonly JobRecord[], calls: readonly JobRecord[]): void {
    const [first] = jobs;
    if (!first) return;
    const end = jobs.reduce((last, job) => Math.max(last, endOf(job)), 0);
    let found: JobRecord | undefined;
    for (const call of calls) {
      if (call.recipe.make === make || callOf(call) > first.queued) continue;
      if ((call.legs.at(-1)?.ended ?? Infinity) < end) continue;
      if (!found || this.#isLikelier(call, found)) found = call;
    }
    if (!found) return;
    this.#callers.set(make, found);
    const below = this.#below.get(found);
    if (below) below.push(...jobs);
    else this.#below.set(found, [...jobs]);
  }

  #isLikelier(call: JobRecord, than: JobRecord): boolean {
    const [taken, other] = [this.#below.has(call), this.#below.has(than)];
    return taken === other ? callOf(call) > callOf(than) : other;
  }
}
