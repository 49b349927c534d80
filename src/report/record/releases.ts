import { callOf, countUpTo, endOf, jobsByMake, latest } from './job-times.ts';
import { MakeCalls } from './make-calls.ts';
import type { JobRecord, RunRecord } from './run-record.ts';

/** Make asks for the next job within so many seconds: a longer gap has another cause than the job before. */
const PROMPT = 0.1;
/** As many jobs as make may start, nearly: what is asked for later than at once is asked for when one has ended. */
const FULL = 0.9;

/** What a job waited for. `called`: for the call of its make by that job, not for the job's end. */
export interface Release {
  readonly job: JobRecord;
  readonly called: boolean;
}

/** What make waited for before it asked for a job, as the times tell. */
export class Releases {
  readonly calls: MakeCalls;
  readonly #makes: ReadonlyMap<number, Ends>;
  readonly #leaves: Ends;
  /** Of jobs that do not call make. */
  readonly #queued: readonly number[];
  readonly #ended: readonly number[];
  readonly #most: number;

  constructor(record: RunRecord) {
    const { jobs } = record;
    const ascending = (a: number, b: number): number => a - b;
    this.calls = new MakeCalls(record);
    this.#makes = new Map([...jobsByMake(record)].map(([make, ofMake]) => [make, new Ends(ofMake)]));
    // A job that calls make hands what it may start on to that make.
    const leaves = jobs.filter((job) => job.legs.at(-1)?.waits === undefined);
    this.#leaves = new Ends(leaves);
    this.#queued = leaves.map(({ queued }) => queued).sort(ascending);
    this.#ended = leaves.map(endOf).sort(ascending);
    this.#most = this.#queued.reduce((most, time) => Math.max(most, this.#open(time)), 0);
  }

  /**
   * The line before it in its recipe; else what ended last in its make, or in the make that the same caller called before,
   * before it was asked for; else the call of its make. Where that is long ago and all jobs that make may start were taken:
   * the job, of whatever make, that made room.
   * @param seen jobs that it cannot be
   * @returns undefined: nothing came before
   */
  of(job: JobRecord, seen: ReadonlySet<JobRecord>): Release | undefined {
    const line = job.recipe.jobs[job.recipe.jobs.indexOf(job) - 1];
    if (line && !seen.has(line)) return { job: line, called: false };
    const caller = this.calls.callerOf(job);
    const before = this.#makes.get(job.recipe.make)?.before(job.queued, seen) ?? this.#sibling(job, caller, seen);
    const time = before ? endOf(before) : caller ? callOf(caller) : 0;
    if (job.queued - time > PROMPT) {
      const room = this.#leaves.before(job.queued, seen);
      if (room && endOf(room) > time && this.#open(endOf(room), true) >= this.#most * FULL) {
        return { job: room, called: false };
      }
    }
    if (before) return { job: before, called: false };
    return caller && callOf(caller) <= job.queued ? { job: caller, called: true } : undefined;
  }

  /** How many jobs make had started and had not seen end, at that time, or right before it. */
  #open(time: number, before = false): number {
    return countUpTo(this.#queued, time) - countUpTo(this.#ended, before ? time - 1e-6 : time);
  }

  /** `make -C a && make -C b`: the last one of a. */
  #sibling(job: JobRecord, caller: JobRecord | undefined, seen: ReadonlySet<JobRecord>): JobRecord | undefined {
    if (!caller) return undefined;
    const { make } = job.recipe;
    const others = this.calls.jobsBelow(caller).filter((one) => one.recipe.make !== make && !seen.has(one));
    return latest(others.filter((one) => endOf(one) <= job.queued));
  }
}

/** Jobs by their ends. */
class Ends {
  readonly #jobs: readonly JobRecord[];
  readonly #times: readonly number[];

  constructor(jobs: readonly JobRecord[]) {
    this.#jobs = [...jobs].sort((a, b) => endOf(a) - endOf(b));
    this.#times = this.#jobs.map(endOf);
  }

  /** The one that ended last, up to that time. */
  before(time: number, seen: ReadonlySet<JobRecord>): JobRecord | undefined {
    for (let at = countUpTo(this.#times, time) - 1; at >= 0; at--) {
      const job = this.#jobs[at];
      if (job && !seen.has(job)) return job;
    }
    return undefined;
  }
}
