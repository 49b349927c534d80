import { expect, test } from '@jest/globals';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { RUNNER, SlotNumbers } from '../../../../src/report/record/slot-numbers.ts';
import { RunRecord } from '../../../../src/report/record/run-record.ts';
import { build1, build2, ended, exited, host, job, over, recipe } from '../../../fixtures/report/runs.ts';
import { collecting, placed, queued, ready, start, started } from '../../../fixtures/report/summary-runs.ts';

const a = recipe(1, 'a.o');
const a1 = job(1, a);
const b1 = job(2, recipe(2, 'b.o'));
const c1 = job(3, recipe(3, 'c.o'));
const cancelled = { kind: 'cancelled' } as const;

/** The record of events that are a second apart, the start at 0. */
function recordOf(...events: readonly BuildEvent[]): RunRecord {
  let now = 0;
  const record = new RunRecord(() => now);
  for (const event of [start, ...events]) {
    record.handle(event);
    now++;
  }
  return record;
}

test('a job on a host, with all its times', () => {
  const traffic = { sent: 10, received: 20, files: 1 };
  const record = recordOf(
    queued(a1),
    placed(a1, build1),
    started(a1, build1),
    collecting(a1, build1),
    { ...ended(a1, build1, exited(0), 0.9), traffic } as BuildEvent,
    over(a, 'remote'),
  );
  expect(record.job(1)).toMatchObject({ queued: 1, ended: 5, recipe: { target: 'a.o', class: 'remote' } });
  expect(record.job(1)?.legs).toEqual([
    {
      place: 'build1',
      reason: 'least-loaded',
      slot: 1,
      slots: 1,
      placed: 2,
      started: 3,
      waits: undefined,
      collecting: 4,
      ended: 5,
      seconds: 0.9,
      outcome: exited(0),
      again: false,
      ...traffic,
    },
  ]);
});

test('jobs have the lowest slots that are free, on each place for itself', () => {
  const record = recordOf(
    placed(a1, build1),
    placed(b1, build1),
    ended(a1, build1, exited(0), 1),
    placed(c1, build1),
    placed(job(4, a), build2),
    placed(job(5, a), undefined, 'hosts-full'),
  );
  const slots = record.jobs.map(({ legs }) => legs.map(({ place, slot }) => `${place} ${slot}`).join());
  expect(slots).toEqual(['build1 1', 'build1 2', 'build1 1', 'build2 1', 'runner 1']);
});

test('a job with several slots has neighbours, and gives all of them back', () => {
  const numbers = new SlotNumbers();
  expect([numbers.take(), numbers.take(), numbers.take()]).toEqual([1, 2, 3]);
  numbers.give(2);
  expect(numbers.take(3)).toBe(4);
  expect(numbers.take()).toBe(2);
  numbers.give(4, 3);
  expect(numbers.take(2)).toBe(4);

  const record = recordOf(
    placed(a1, build1, 'least-loaded', 3),
    placed(b1, build1),
    ended(a1, build1, exited(0), 1),
    placed(c1, build1),
  );
  expect(record.jobs.map(({ legs }) => legs[0]?.slot)).toEqual([1, 4, 1]);
});

test('turned away: its slot is free, and it has a leg elsewhere', () => {
  const record = recordOf(
    queued(a1),
    placed(a1, build1),
    { type: 'job-turned-away', job: a1, place: build1 },
    placed(b1, build1),
    placed(a1, build2),
  );
  const { legs, ended: end } = record.job(1)!;
  expect(legs).toMatchObject([
    { place: 'build1', outcome: 'turned-away', ended: 3, again: true, seconds: 0 },
    { place: 'build2', outcome: undefined },
  ]);
  expect(end).toBeUndefined();
  expect(record.job(2)?.legs[0]?.slot).toBe(1);
});

test('failed on a host and run again: two legs, and it is over with the last', () => {
  const record = recordOf(
    queued(a1),
    placed(a1, build1),
    ended(a1, build1, exited(1), 1, true),
    placed(a1, undefined, 'failed-there'),
    ended(a1, undefined, exited(0), 2),
  );
  expect(record.job(1)).toMatchObject({
    ended: 5,
    legs: [
      { place: 'build1', outcome: exited(1), again: true, seconds: 1 },
      { place: RUNNER, reason: 'failed-there', outcome: exited(0), again: false, seconds: 2 },
    ],
  });
});

test('a host that is lost before the job began: nobody tells its end, but the next place does', () => {
  const record = recordOf(
    placed(a1, build1),
    { type: 'host-lost', host: build1, reason: 'gone', benched: false },
    placed(a1, build2),
    placed(b1, build1),
  );
  expect(record.job(1)?.legs).toMatchObject([
    { place: 'build1', ended: 3, again: true, outcome: { kind: 'host-lost' } },
    { place: 'build2' },
  ]);
  expect(record.job(2)?.legs[0]?.slot).toBe(1);
  expect(record.places[0]).toMatchObject({ state: 'lost', losses: [{ from: 2, reason: 'gone', leftOut: 'gone' }] });
});

test('a job that only waits for its make has no slot from then on, and none to give back', () => {
  const record = recordOf(
    placed(a1, undefined, 'calls-make'),
    started(a1, undefined),
    { type: 'job-waits', job: a1 },
    placed(b1, undefined, 'hosts-full'),
    ended(a1, undefined, exited(0), 9),
    placed(c1, undefined, 'hosts-full'),
  );
  expect(record.job(1)?.legs[0]).toMatchObject({ waits: 3, ended: 5 });
  expect([2, 3].map((id) => record.job(id)?.legs[0]?.slot)).toEqual([1, 2]);
});

test('a job that never had a place has no legs, and is over all the same', () => {
  const record = recordOf(queued(a1), ended(a1, undefined, cancelled, 0));
  expect(record.job(1)).toMatchObject({ legs: [], ended: 2 });
});

test('the places: hosts in the order of the matrix, the runner last, whoever was ready first', () => {
  const record = recordOf(ready(build2, 0.5), {
    type: 'staging-progress',
    host: build1,
    seconds: 2,
    files: 3,
    bytes: 40,
    of: { files: 10, bytes: 100 },
  });
  expect(record.places).toMatchObject([
    { name: 'build1', state: 'coming', staging: { done: 40, bytes: 100, seconds: 2 }, ready: undefined },
    { name: 'build2', state: 'ready', slots: 4, ready: 1, staging: { done: 1_234_567, seconds: 0.5 } },
    { name: RUNNER, local: true, state: 'ready', slots: 2 },
  ]);
});

test('a host that is called as the runner is here is another machine', () => {
  const twin = host(RUNNER);
  const record = recordOf(placed(a1, twin), placed(b1, undefined, 'hosts-full'), {
    type: 'run-finished',
    outcome: exited(0),
    seconds: 1,
    counts: { remote: 1, retried: 0, local: 1, recursive: 0 },
    failedTargets: [],
    hosts: [{ name: RUNNER, jobs: 1, busySeconds: 1, sent: 1, received: 1, losses: 0 }],
  });
  expect(record.jobs.map(({ legs }) => legs[0]?.place)).toEqual(['runner (host)', RUNNER]);
  expect(record.places.map(({ name, figures }) => [name, figures?.jobs])).toContainEqual(['runner (host)', 1]);
  expect(record.places.find(({ name }) => name === RUNNER)?.figures).toBeUndefined();
});

test('the time of a run is that of its end, and now while there is none', () => {
  expect(recordOf(queued(a1)).seconds).toBe(2);
});
