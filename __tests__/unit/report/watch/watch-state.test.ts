import { beforeEach, describe, expect, test } from '@jest/globals';
import type { BuildEvent, Place } from '../../../../src/model/event.ts';
import type { Job } from '../../../../src/model/job.ts';
import type { PlaceReason } from '../../../../src/model/place-reason.ts';
import { WatchState } from '../../../../src/report/watch/watch-state.ts';
import type { WatchedPlace } from '../../../../src/report/watch/watched-place.ts';
import { build1, build2, ended, exited, host, job, over, recipe } from '../../../fixtures/report/runs.ts';

let now: number;
let state: WatchState;
beforeEach(() => {
  now = 0;
  state = new WatchState(() => now, '/w/repo');
  tell({ type: 'run-started', hosts: [build1, build2], jobs: 10, localJobs: 2, processors: 2, time: 0 });
});

function tell(...events: BuildEvent[]): void {
  for (const event of events) state.handle(event);
}

function placed(one: Job, place: Place, reason: PlaceReason = 'least-loaded', slots = 1): BuildEvent {
  return { type: 'job-placed', job: one, place, reason, slots };
}

function ready(one = build1): BuildEvent {
  return {
    type: 'host-ready',
    host: one,
    seconds: 1,
    files: 1,
    bytes: 100,
    sandbox: 'overlay',
    slots: 4,
    staging: '/s',
    returned: false,
  };
}

function place(name: string): WatchedPlace {
  return state.places.find((one) => one.name === name)!;
}

const main = recipe(1, 'main.o', '/w/repo/src');
const main1 = job(1, main);
const main2 = job(2, main);

test('the hosts come in the order of the matrix, the runner last, and become ready or lost', () => {
  expect(state.places.map((one) => [one.name, one.state, one.slots])).toEqual([
    ['build1', 'coming', 4],
    ['build2', 'coming', 4],
    ['runner', 'ready', 2],
  ]);
  const of = { files: 10, bytes: 200 };
  tell({ type: 'staging-progress', host: build1, seconds: 1, files: 1, bytes: 50, of });
  expect(place('build1').staged).toBe(0.25);
  tell(ready(), { type: 'host-lost', host: build2, reason: 'no answer\nfor 15 s', benched: false });
  expect([place('build1').state, place('build2').state, place('build2').reason]).toEqual([
    'ready',
    'lost',
    'no answer for 15 s',
  ]);
});

test('a job waits, is sent, runs, comes home and is done', () => {
  tell(ready(), { type: 'job-queued', job: main1 });
  expect(state.queue).toBe(1);
  tell(placed(main1, build1));
  expect(state.queue).toBe(0);
  const running = (): unknown => [...place('build1').running.values()];
  const known = { target: 'src/main.o', reason: 'least-loaded', slots: 1, placed: 0 };
  expect(running()).toEqual([{ ...known, started: undefined, collecting: false }]);
  now = 1;
  tell({ type: 'job-started', job: main1, place: build1 });
  now = 3;
  tell({ type: 'job-collecting', job: main1, place: build1 });
  expect(running()).toEqual([{ ...known, started: 1, collecting: true }]);
  now = 4;
  tell(ended(main1, build1, exited(0), 2));
  expect([place('build1').used, place('build1').done, state.queue]).toEqual([0, 1, 0]);
  now = 8;
  // One of four slots for 4 of 8 seconds.
  expect(place('build1').busyShare(now)).toBe(0.125);
});

test('a job that has to run again is queued until it has a place', () => {
  tell({ type: 'job-queued', job: main1 }, placed(main1, build1), {
    type: 'job-turned-away',
    job: main1,
    place: build1,
  });
  expect([state.queue, place('build1').used, place('build1').done]).toEqual([1, 0, 0]);
  tell(placed(main1, build1), ended(main1, build1, exited(1), 1, true));
  expect([state.queue, place('build1').used]).toEqual([1, 0]);
  tell(placed(main1, undefined, 'failed-there'));
  expect([state.queue, place('runner').used, [...place('runner').missed]]).toEqual([0, 1, [['failed-there', 1]]]);
});

test('a job that calls make gives its slot back when it waits', () => {
  tell({ type: 'job-queued', job: main1 }, placed(main1, undefined, 'calls-make', 2));
  expect(place('runner').used).toBe(2);
  now = 1;
  tell({ type: 'job-waits', job: main1 });
  expect(place('runner').used).toBe(0);
  now = 9;
  tell(ended(main1, undefined, exited(0), 9));
  expect(place('runner').done).toBe(1);
  expect(place('runner').busyShare(10)).toBe(0.1);
});

test('what was cancelled was no work', () => {
  tell({ type: 'job-queued', job: main1 }, ended(main1, undefined, { kind: 'cancelled' }, 0));
  expect([state.queue, place('runner').done]).toEqual([0, 0]);
});

describe('failures', () => {
  test('the newest first; not those of a recipe that calls make, nor what was cancelled', () => {
    const fail = (id: number, target: string, place: Place, kind: 'remote' | 'recursive' = 'remote'): BuildEvent => {
      const of = recipe(id, target);
      return over(of, kind, { job: job(id, of), outcome: exited(2), place });
    };
    now = 5;
    tell(fail(10, 'a.o', build1));
    now = 6;
    tell(fail(11, '/w/x.o', undefined), fail(12, 'sub', undefined, 'recursive'));
    tell(over(main, 'local', { job: main1, outcome: { kind: 'cancelled' }, place: undefined }));
    expect(state.failures).toEqual([
      { target: '/w/x.o', host: undefined, verdict: 'status 2', at: 6 },
      { target: 'a.o', host: 'build1', verdict: 'status 2', at: 5 },
    ]);
    expect(state.failed).toBe(2);
  });

  test('thousands are counted, and few kept', () => {
    for (let id = 1; id <= 2000; id++) {
      const of = recipe(id, `${id}.o`);
      tell(over(of, 'local', { job: job(id, of), outcome: exited(1), place: undefined }));
    }
    expect([state.failed, state.failures.length, state.failures[0]?.target]).toEqual([2000, 50, '2000.o']);
  });
});

test('a host that is called runner is another place than the runner', () => {
  tell(placed(main1, host('runner')), placed(main2, undefined));
  expect(state.places.filter((one) => one.name === 'runner').map((one) => one.used)).toEqual([1, 1]);
});

test('nothing runs any more when the run is over', () => {
  tell({ type: 'job-queued', job: main2 }, placed(main1, build1));
  now = 7;
  const counts = { remote: 0, retried: 0, local: 0, recursive: 0 };
  tell({
    type: 'run-finished',
    outcome: { kind: 'signaled', signal: 2 },
    seconds: 6.5,
    counts,
    failedTargets: [],
    hosts: [],
  });
  now = 20;
  expect([state.queue, place('build1').used, state.seconds]).toEqual([0, 0, 6.5]);
});
