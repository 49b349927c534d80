import type { JobRecord } from '../record/job-record.ts';

/** Above that share of what may run at one time make may have held a job back for want of a slot. */
const BUSY = 0.75;

interface Link {
  /** Seconds of the chain before the job. */
  readonly before: number;
  readonly own: number;
  /** Of what its makes did, where it calls make. */
  below: number;
}

/** Of one moment the ends are first, what make asks for after them. */
const Order = { end: 0, waits: 1, queued: 2, lateEnd: 3 } as const;

type Step = readonly [time: number, order: number, job: JobRecord];

/**
 * The longest chain of jobs of which each waited for the one before, in seconds. No dependency is known; what is taken
 * for one: the lines of a recipe, a call of make and what it makes, and the last end in the same make before it asked for
 * a job while much was free. So a chain may be missed, but none is longer than the run was.
 *
 * It tells how long the recipes alone would take with as many processors as one likes, for the comparison with the runner;
 * what the run at hand did wait for, slots and ways included, is `criticalPath` (record/critical-path.ts).
 *
 * @param capacity how many jobs could run at one time
 * @param seconds of a job, that of a call of make without what it waits for
 */
export function longestChain(
  jobs: readonly JobRecord[],
  capacity: number,
  seconds: (job: JobRecord) => number,
): number {
  const links = new Map<JobRecord, Link>();
  const ends = new Map<number, number>();
  const callers = new Map<number, JobRecord | undefined>();
  const lines = new Map<number, number>();
  let caller: JobRecord | undefined;
  let open = 0;
  let longest = 0;
  for (const [, order, job] of stepsOf(jobs)) {
    const { id, make } = job.recipe;
    const link = links.get(job);
    if (order === Order.queued) {
      const above = ofCaller(callers, make, caller, links);
      const released = open < capacity * BUSY ? ends.get(make) : undefined;
      links.set(job, { before: lines.get(id) ?? released ?? above, own: seconds(job), below: 0 });
      open++;
    } else if (order === Order.waits) {
      caller = job;
      open--;
    } else if (link) {
      const chain = Math.max(link.before + link.own, link.below);
      longest = Math.max(longest, chain);
      ends.set(make, chain);
      lines.set(id, chain);
      const parent = callers.get(make);
      const up = parent && links.get(parent);
      if (up) up.below = Math.max(up.below, chain);
      if (waitsSince(job) === undefined) open--;
    }
  }
  return longest;
}

/** The chain up to the job that calls that make: the last one that began to wait before the make's first job. */
function ofCaller(
  callers: Map<number, JobRecord | undefined>,
  make: number,
  caller: JobRecord | undefined,
  links: ReadonlyMap<JobRecord, Link>,
): number {
  if (!callers.has(make)) callers.set(make, caller);
  const known = callers.get(make);
  const link = known && links.get(known);
  return link ? link.before + link.own : 0;
}

function stepsOf(jobs: readonly JobRecord[]): Step[] {
  const steps: Step[] = [];
  for (const job of jobs) {
    const { queued, ended = Infinity } = job;
    steps.push([queued, Order.queued, job]);
    const waits = waitsSince(job);
    if (waits !== undefined) steps.push([waits, Order.waits, job]);
    steps.push([ended, ended === queued ? Order.lateEnd : Order.end, job]);
  }
  return steps.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function waitsSince({ legs }: JobRecord): number | undefined {
  return legs.at(-1)?.waits;
}
