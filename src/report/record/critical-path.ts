import { callOf, endOf, latest } from './job-times.ts';
import { Releases, type Release } from './releases.ts';
import type { JobRecord, RunRecord } from './run-record.ts';

/**
 * `make`: no job of the path was asked for: make read its makefiles, expanded a recipe, or ended. `wait`: for a slot.
 * `staging`: the host's tree was brought up to date. `collect`: what it wrote came home.
 */
export const STEP_KINDS = ['make', 'wait', 'staging', 'run', 'collect'] as const;

export type StepKind = (typeof STEP_KINDS)[number];

export interface CriticalStep {
  readonly kind: StepKind;
  /** The job that it was, or that `make` prepared. Undefined: after the last one. */
  readonly job: JobRecord | undefined;
  /** Seconds since the start of the run. */
  readonly from: number;
  readonly to: number;
}

/**
 * The chain of jobs that the end of the run waited for, as the times tell it: from the job that ended last back to the one
 * whose end released it ({@link Releases}), and so on. A job that calls make waited for what ended last in there.
 *
 * It is observed, not computed: nobody knows make's graph of dependencies. Where as many jobs ran as make may start, the
 * path goes through the one that made room. To make a step shorter helps as far as no other chain is nearly as long.
 *
 * It explains the time that this run took, waits and ways included; how long the recipes alone need, whatever slots there
 * are, is `longestChain` (summary/longest-chain.ts).
 * @returns steps in order of time that follow on one another, from the start of the run to its end; none without jobs
 */
export function criticalPath(record: RunRecord): readonly CriticalStep[] {
  const last = latest(record.jobs);
  if (!last) return [];
  const releases = new Releases(record);
  const seen = new Set<JobRecord>();
  const steps: CriticalStep[] = [];
  let until = record.seconds;
  /** The job that comes after, in time. */
  let next: JobRecord | undefined;
  let at: Release | undefined = { job: last, called: false };
  while (at) {
    const { job, called }: Release = at;
    const end = Math.min(called ? callOf(job) : endOf(job), until);
    addGap(steps, end, until, next);
    const child: JobRecord | undefined = called ? undefined : latest(releases.calls.jobsBelow(job));
    seen.add(job);
    if (child && !seen.has(child)) {
      // It ends when its make does: the path goes through that, and comes back to what was before the call.
      until = Math.min(endOf(child), end);
      addGap(steps, until, end, job);
      next = undefined;
      at = { job: child, called: false };
      continue;
    }
    until = addPhases(steps, job, end);
    next = job;
    at = releases.of(job, seen);
  }
  addGap(steps, 0, until, next);
  return steps.reverse();
}

/** How long each kind of step took in all, in seconds. */
export function secondsByKind(steps: readonly CriticalStep[]): Readonly<Record<StepKind, number>> {
  const sums: Record<StepKind, number> = { make: 0, wait: 0, staging: 0, run: 0, collect: 0 };
  for (const { kind, from, to } of steps) sums[kind] += to - from;
  return sums;
}

/** The phases of a job, latest first, up to `end`. Returns when make asked for it. */
function addPhases(steps: CriticalStep[], job: JobRecord, end: number): number {
  let to = end;
  const add = (kind: StepKind, from: number | undefined): void => {
    if (from === undefined || from >= to) return;
    steps.push({ kind, job, from, to });
    to = from;
  };
  for (const leg of [...job.legs].reverse()) {
    if (leg.placed >= to) continue;
    add('wait', leg.ended);
    add('collect', leg.collecting);
    add('run', leg.started);
    add('staging', leg.placed);
  }
  add('wait', job.queued);
  return to;
}

function addGap(steps: CriticalStep[], from: number, to: number, job: JobRecord | undefined): void {
  if (from < to) steps.push({ kind: 'make', job, from, to });
}
