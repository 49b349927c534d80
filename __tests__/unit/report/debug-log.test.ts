import { expect, test } from '@jest/globals';
import type { BuildEvent, Place } from '../../../src/model/event.ts';
import type { Job } from '../../../src/model/job.ts';
import type { PlaceReason } from '../../../src/model/place-reason.ts';
import type { DistSetting } from '../../../src/model/settings.ts';
import { DebugLog } from '../../../src/report/debug-log.ts';
import { build1, build2, exited, failingRun, host, job, over, passingRun, recipe } from '../../fixtures/report/runs.ts';

type Told = BuildEvent | number;

/** The lines of a run; a number is the time from there on, in seconds. */
function log(run: readonly Told[], dist: DistSetting = { mode: 'auto' }): string[] {
  const lines: string[] = [];
  let now = 0;
  const debug = new DebugLog({ write: (line) => lines.push(line), now: () => now, root: '/w/repo', dist });
  for (const one of run) {
    if (typeof one === 'number') now = one;
    else debug.handle(one);
  }
  debug.finish();
  return lines;
}

const start: BuildEvent = {
  ...{ type: 'run-started', hosts: [build1, build2], jobs: 4, localJobs: 2, processors: 2, time: 0 },
};
const ready: BuildEvent = {
  ...{ type: 'host-ready', host: build1, seconds: 0.82, files: 120, bytes: 1_234_567, sandbox: 'overlay' },
  ...{ slots: 4, staging: '/tmp/make-w-1', returned: false },
};
const placed = (of: Job, place: Place, reason: PlaceReason, slots = 1): BuildEvent => ({
  ...{ type: 'job-placed', job: of, place, reason, slots },
});
const queued = (of: Job): BuildEvent => ({ type: 'job-queued', job: of });

const a = recipe(1, 'a.o', '/w/repo/sub');
const b = recipe(2, 'b.o');
const [a1, a2, b1] = [job(1, a), job(2, a), job(3, b)];

test('enabled, each host, each staging directory, each place and reason, each retrieval, with times', () => {
  const traffic = { sent: 3000, received: 12_000, files: 3 };
  expect(
    log([
      start,
      ...[0.9, ready],
      ...[1, queued(a1), queued(b1), placed(a1, build1, 'least-loaded')],
      ...[1.002, { type: 'job-started', job: a1, place: build1 } as const],
      ...[1.25, placed(b1, undefined, 'hosts-full')],
      ...[1.5, { type: 'job-collecting', job: a1, place: build1 } as const],
      1.504,
      { type: 'job-finished', job: a1, place: build1, outcome: exited(0), seconds: 0.31, again: false, traffic },
      ...[1.6, queued(a2), placed(a2, build1, 'follows', 2)],
      ...[{ type: 'job-turned-away', job: a2, place: build1 } as const],
      ...[2, placed(a2, build1, 'follows')],
      ...[
        2.1,
        {
          type: 'job-finished',
          job: a2,
          place: build1,
          outcome: exited(1),
          seconds: 0.1,
          again: true,
          traffic,
        } as const,
      ],
      ...[2.2, placed(a2, undefined, 'failed-there'), { type: 'job-waits', job: a2 } as const],
      ...[
        { type: 'job-finished', job: a2, place: undefined, outcome: exited(0), seconds: 10.04, again: false } as const,
      ],
      ...[12, over(a, 'retried')],
      ...[
        12.5,
        { type: 'job-finished', job: b1, place: undefined, outcome: exited(2), seconds: 1, again: false } as const,
      ],
      { type: 'host-lost', host: build2, reason: 'it did not answer within 15 s', benched: false },
    ]),
  ).toEqual([
    '[  0.000] distribution enabled: 2 hosts, 8 slots, 4 jobs at one time, at most 2 of them here when hosts are full, dist auto',
    '[  0.000] host build1: 4 slots',
    '[  0.000] host build2: 4 slots',
    '[  0.900] host build1: ready, 4 slots, sandbox overlay',
    '[  0.900] staging build1:/tmp/make-w-1, 120 files, 1.2 MB, 0.82 s',
    '[  1.000] sub/a.o -> build1 (least loaded)',
    '[  1.250] b.o -> local (hosts full, waited 0.25 s)',
    '[  1.504] sub/a.o <- build1:/tmp/make-w-1 3 files, 12 kB (3.0 kB sent), staging 2 ms, ran 0.31 s, home 4 ms',
    '[  1.600] sub/a.o (line 2) -> build1 (follows its recipe, 2 slots)',
    '[  1.600] sub/a.o (line 2): build1 turned it away, its owner has no place',
    '[  2.000] sub/a.o (line 2) -> build1 (follows its recipe, waited 0.40 s)',
    '[  2.100] sub/a.o (line 2) <- build1:/tmp/make-w-1 3 files, 12 kB (3.0 kB sent), staging 0 ms, ran 0.10 s, status 1, runs again',
    '[  2.200] sub/a.o (line 2) -> local (failed there, waited 0.10 s)',
    '[  2.200] sub/a.o (line 2): calls make, its slot is free while it waits',
    '[  2.200] sub/a.o (line 2): ended on local, ran 10.0 s',
    '[ 12.500] b.o: ended on local, ran 1.00 s, status 2',
    '[ 12.500] host build2: left out: it did not answer within 15 s',
  ]);
});

test('without hosts, and with hosts whose slots are not known yet', () => {
  expect(log([{ ...start, hosts: [] }])).toEqual(['[  0.000] distribution disabled: there are no hosts']);
  const open = { ...host('open'), slots: undefined };
  const here = { ...host('localhost'), slots: 1, local: true };
  const patterns: DistSetting = { mode: 'patterns', patterns: ['*.o', 'x y'] };
  expect(log([{ ...start, hosts: [open, here], jobs: 'places' }], patterns)).toEqual([
    '[  0.000] distribution enabled: 2 hosts, 1 slot and those of hosts that have one a processor, as many jobs as there are places, at most 2 of them here when hosts are full, dist *.o x y',
    '[  0.000] host open: a slot for each processor',
    '[  0.000] host localhost: 1 slot, the runner itself',
  ]);
});

test('what make has not begun when the work is known is more than what has', () => {
  expect(log([{ type: 'work-known', targets: ['b.o'] }])).toEqual([
    '[  0.000] make is going to run the recipes of 1 more target',
  ]);
});

test('a job whose host was lost ran from its start until then', () => {
  const traffic = { sent: 0, received: 0, files: 0 };
  const outcome = { kind: 'host-lost', reason: 'gone' } as const;
  const lines = log([
    ...[1, queued(b1), placed(b1, build1, 'least-loaded'), 1.5],
    { type: 'job-started', job: b1, place: build1 },
    ...[3.5, { type: 'job-finished', job: b1, place: build1, outcome, seconds: 0, again: true, traffic } as const],
  ]);
  expect(lines.at(-1)).toContain('staging 0.50 s, ran 2.00 s, host lost (gone), runs again');
});

test('the figures of the end, for whole runs', () => {
  expect(log(passingRun).slice(-3)).toEqual([
    '[  0.000] end: status 0 after 75.4 s; recipes: 3 on hosts, 1 again on the runner, 2 on the runner, 1 that call make',
    '[  0.000] host build1: 2 recipes, busy 1.54 s, 2.0 MB sent, 300 kB back',
    '[  0.000] host build2: 2 recipes, busy 0.70 s, 2.0 MB sent, 300 kB back',
  ]);
});

test('what comes from recipes and hosts stays on one harmless line', () => {
  const evil = 'x\n::error::y\r##[error]z\x1b[2J\x1b[31m';
  const lines = [...log(failingRun), ...log([start, placed(job(9, recipe(9, evil)), host(evil), 'least-loaded')])];
  expect(lines.at(-1)).toBe('[  0.000] x ::error::y # #[error]z -> x ::error::y # #[error]z (least loaded)');
  // eslint-disable-next-line no-control-regex
  for (const line of lines) expect(line).toMatch(/^\[ *\d+\.\d{3}\] [^\x00-\x1f]*$/);
});
