import { beforeEach, expect, test } from '@jest/globals';

import type { BuildEvent } from '../../../../src/model/event.ts';
import type { Job } from '../../../../src/model/job.ts';
import { progressLine } from '../../../../src/report/progress/progress-line.ts';
import { Progress, type EarlierTimes } from '../../../../src/report/progress/progress.ts';
import { build1, build2, ended, exited, job, recipe } from '../../../fixtures/report/runs.ts';

let now: number;
let progress: Progress;
const CANCELLED = { kind: 'cancelled' } as const;

function begin(earlier?: EarlierTimes): void {
  now = 0;
  progress = new Progress(() => now, earlier);
  tell(
    { type: 'run-started', hosts: [build1, build2], jobs: 8, localJobs: 2, processors: 2, time: 0 },
    ready(build1),
    ready(build2),
  );
}
beforeEach(() => begin());

function ready(host: typeof build1): BuildEvent {
  return {
    type: 'host-ready',
    host,
    seconds: 1,
    files: 1,
    bytes: 40e6,
    sandbox: 'overlay',
    slots: 4,
    staging: '/tmp/m',
    returned: false,
  };
}

function tell(...events: BuildEvent[]): void {
  for (const event of events) progress.handle(event);
}

function queued(of: Job): BuildEvent {
  return { type: 'job-queued', job: of };
}

function placed(of: Job): BuildEvent {
  return { type: 'job-placed', job: of, place: build1, reason: 'least-loaded', slots: 1 };
}

function work(...targets: string[]): BuildEvent {
  return { type: 'work-known', targets };
}

/** Recipes t1, t2 … of the first make, a job each. */
const jobs = Array.from({ length: 40 }, (_, at) => job(at, recipe(at, `t${at}`)));
const targets = jobs.map(({ recipe: { target } }) => target);
const line = (): string => progressLine(progress.figures);

/** The jobs run one after another, each so long. */
function run(some: readonly Job[], seconds: number): void {
  for (const one of some) {
    tell(queued(one), placed(one));
    now += seconds;
    tell(ended(one, build1, exited(0), seconds));
  }
}

const [a, b, c] = jobs as [Job, Job, Job];

test('recipes that are done, hosts that are ready, jobs that have a slot', () => {
  tell(queued(a), queued(b), queued(c));
  expect(line()).toBe('[0] 2 hosts 0 jobs');
  tell(placed(a), placed(b));
  expect(line()).toBe('[0] 2 hosts 2 jobs');
  tell(ended(a, build1, exited(0), 1), { type: 'host-lost', host: build2, reason: 'gone', benched: false });
  expect(line()).toBe('[1] 1 of 2 hosts 1 job');
});

test('a job that runs again, is turned away or calls make', () => {
  tell(queued(a), placed(a), ended(a, build1, exited(1), 1, true));
  expect(progress.figures).toMatchObject({ done: 0, jobs: 0 });
  tell(placed(a), { type: 'job-turned-away', job: a, place: build1 });
  expect(progress.figures).toMatchObject({ done: 0, jobs: 0 });
  tell(placed(a), { type: 'job-waits', job: a });
  expect(progress.figures).toMatchObject({ done: 0, jobs: 0 });
  tell(ended(a, undefined, exited(0), 9));
  expect(progress.figures).toMatchObject({ done: 1, jobs: 0 });
});

test('a recipe with a further line was not done; one that never ran is not', () => {
  const second = job(100, a.recipe);
  run([a], 1);
  expect(line()).toMatch(/^\[1\] /);
  tell(queued(second));
  expect(line()).toMatch(/^\[0\] /);
  tell(placed(second), ended(second, build1, exited(0), 1), queued(b), ended(b, undefined, CANCELLED, 0));
  expect(line()).toMatch(/^\[1\] /);
});

test('the total is what a dry view found, and what had begun by then', () => {
  tell(queued(a), placed(a), work('t1', 't2', 't9'));
  expect(line()).toBe('[0/4] 2 hosts 1 job');
  tell(ended(a, build1, exited(0), 1), queued(b));
  expect(line()).toBe('[1/4] 2 hosts 0 jobs');
  const other = job(50, recipe(50, 'not found'));
  tell(queued(other));
  expect(line()).toBe('[1/5] 2 hosts 0 jobs');
});

test('a dry view may come before the first job, and a second one replaces it', () => {
  tell(work('t0', 't1', 't2'), queued(a));
  expect(line()).toMatch(/^\[0\/3\] /);
  tell(work('t2'));
  expect(line()).toMatch(/^\[0\/2\] /);
});

test('sub-makes add to the total as they come; where they are most of it there is none', () => {
  const below = [1, 2, 3].map((id) => job(60 + id, { ...recipe(60 + id, 't1', '/w/repo/d'), make: 200 }));
  tell(queued(a), work('t0', 't1'), ...below.slice(0, 2).map(queued));
  expect(line()).toMatch(/^\[0\/4\+\] /);
  tell(...below.slice(2).map(queued));
  expect(line()).toMatch(/^\[0\] /);
});

test('until make asks for something: the staging', () => {
  now = 0;
  progress = new Progress(() => now);
  tell({ type: 'run-started', hosts: [build1, build2], jobs: 8, localJobs: 2, processors: 2, time: 0 });
  expect(line()).toBe('staging: 0 of 2 hosts ready');
  const of = { files: 9, bytes: 40e6 };
  tell({ type: 'staging-progress', host: build2, seconds: 5, files: 1, bytes: 10e6, of }, ready(build1));
  expect(line()).toBe('staging: 1 of 2 hosts ready, 50 MB of 80 MB sent');
});

test('time left: what earlier runs took, shared by the jobs that run at one time', () => {
  begin((directory, target) => (directory === '/w/repo' ? Number(target.slice(1)) : undefined));
  // Of 0 to 39 seconds: 780 together.
  tell(queued(a), placed(a), queued(b), placed(b), work(...targets));
  now = 4;
  expect(progress.figures.secondsLeft).toBeUndefined();
  now = 10;
  expect(progress.figures.secondsLeft).toBeCloseTo((780 - 1) / 2, 5);
  tell(ended(a, build1, exited(0), 1));
  now = 1000;
  expect(progress.figures.secondsLeft).toBeCloseTo(780 - 1, 5);
});

test('time left is no less than that of the longest recipe', () => {
  begin((_, target) => (target === 't3' ? 500 : 1));
  tell(...jobs.slice(4, 12).flatMap((one) => [queued(one), placed(one)]), work('t3', 't5'));
  now = 20;
  expect(progress.figures.secondsLeft).toBe(500);
  tell(queued(jobs[3] as Job), placed(jobs[3] as Job));
  now = 120;
  expect(progress.figures.secondsLeft).toBe(400);
});

test('what is new takes as long as the average recipe of this run, once there are enough of them', () => {
  run(jobs.slice(0, 7), 2);
  tell(work(...targets));
  expect(progress.figures.secondsLeft).toBeUndefined();
  run(jobs.slice(7, 10), 2);
  expect(progress.figures.secondsLeft).toBeCloseTo(30 * 2, 5);
});

test('no time left without a total, with sub-makes, and at the end', () => {
  run(jobs.slice(0, 20), 2);
  expect(progress.figures.secondsLeft).toBeUndefined();
  tell(work('t20'));
  expect(progress.figures.secondsLeft).toBeCloseTo(2);
  run(jobs.slice(20, 21), 2);
  expect(line()).toBe('[21/21] 2 hosts 0 jobs');
  tell(work('t30'), queued(job(60, { ...recipe(60, 'x'), make: 200 })));
  expect(line()).toBe('[21/23+] 2 hosts 0 jobs');
});

test.each([
  [0.2, '1 s left'],
  [31.4, '31 s left'],
  [99.4, '99 s left'],
  [100, '2 min left'],
  [240, '4 min left'],
  [5900, '98 min left'],
  [6000, '1 h 40 min left'],
  [7190, '2 h left'],
])('%d seconds are %s', (secondsLeft, text) => {
  const hosts = { ready: 12, all: 12, staging: undefined };
  const figures = { done: 132, total: 840, grows: false, hosts, jobs: 64, secondsLeft, begun: true };
  expect(progressLine(figures)).toBe(`[132/840] 12 hosts 64 jobs ${text}`);
});

test('without hosts nothing is said of them', () => {
  const hosts = { ready: 0, all: 0, staging: undefined };
  const figures = { done: 1, total: undefined, grows: false, hosts, jobs: 1, secondsLeft: undefined, begun: true };
  expect(progressLine(figures)).toBe('[1] 1 job');
});
