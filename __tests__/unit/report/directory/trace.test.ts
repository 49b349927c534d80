import { describe, expect, test } from '@jest/globals';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { trace } from '../../../../src/report/directory/trace.ts';
import type { TraceEvent } from '../../../../src/report/directory/trace-event.ts';
import { generatedRun, recordOf, type TimedEvent } from '../../../fixtures/report/generated-run.ts';
import { traceProblems } from '../../../rig/trace-check.ts';
import { build1, build2, exited, failingRun, job, recipe } from '../../../fixtures/report/runs.ts';

function traceOf(events: readonly TimedEvent[]): readonly TraceEvent[] {
  const text = [...trace(recordOf(events))].join('');
  const { traceEvents } = JSON.parse(text) as { traceEvents: TraceEvent[] };
  return traceEvents;
}

function namesOf(events: readonly TraceEvent[], what: string): string[] {
  return events.filter(({ name }) => name === `${what}_name`).map(({ args }) => String(args['name']));
}

const compile = recipe(1, 'a.o');
const sub = recipe(2, 'sub');
const [one, two, three] = [
  job(1, compile, 'cc -c a.c'),
  job(2, sub, 'make -C sub'),
  job(3, recipe(3, 'b.o'), 'cc -c b.c'),
];
const started: TimedEvent = {
  at: 0,
  event: { type: 'run-started', hosts: [build2, build1], jobs: 4, localJobs: 1, processors: 2, time: 0 },
};
const ready: TimedEvent = {
  at: 2,
  event: {
    type: 'host-ready',
    host: build2,
    seconds: 1.5,
    files: 3,
    bytes: 30,
    sandbox: 'tree',
    slots: 4,
    staging: '/tmp/x',
    returned: false,
  },
};

function at(time: number, event: BuildEvent): TimedEvent {
  return { at: time, event };
}

describe('structure', () => {
  test.each([
    ['a large run', generatedRun({ jobs: 1000, fails: true })],
    ['one that is cut short', generatedRun({ jobs: 1000, until: 20 })],
    ['one of which little is known', failingRun.map((event, index) => ({ at: index, event }))],
    ['one that has hardly begun', [started]],
    ['nothing at all', []],
  ])('%s: slices nest, none overlap, no time goes back', (_, events) => {
    expect(traceProblems(traceOf(events))).toEqual([]);
  });

  test('hosts are processes in the order of the matrix, the runner is the last; slots are threads', () => {
    const events = traceOf([
      started,
      ready,
      at(3, { type: 'job-queued', job: one }),
      at(4, { type: 'job-placed', job: one, place: build2, reason: 'least-loaded', slots: 1 }),
      at(4, { type: 'job-placed', job: three, place: build2, reason: 'least-loaded', slots: 1 }),
    ]);
    const processes = events.filter(({ name }) => name === 'process_sort_index');
    const order = processes
      .map(({ pid, args }) => [Number(args['sort_index']), pid] as const)
      .sort((a, b) => a[0] - b[0]);
    const names = new Map(
      events.filter(({ name }) => name === 'process_name').map(({ pid, args }) => [pid, args['name']]),
    );
    expect(order.map(([, pid]) => names.get(pid))).toEqual(['run', 'build2', 'build1', 'runner']);
    expect(namesOf(events, 'thread')).toEqual(['host', 'host', 'slot 1', 'slot 2']);
  });
});

test('a leg is a slice with its phases in it', () => {
  const place = build2;
  const traffic = { sent: 10, received: 20, files: 1 };
  const events = traceOf([
    started,
    ready,
    at(3, { type: 'job-queued', job: one }),
    at(4, { type: 'job-placed', job: one, place, reason: 'least-loaded', slots: 1 }),
    at(4.5, { type: 'job-started', job: one, place }),
    at(6, { type: 'job-collecting', job: one, place }),
    at(6.25, { type: 'job-finished', job: one, place, outcome: exited(1), seconds: 1, again: true, traffic }),
    at(6.25, { type: 'job-placed', job: one, place: undefined, reason: 'failed-there', slots: 1 }),
    at(6.25, { type: 'job-started', job: one, place: undefined }),
    at(7, { type: 'job-finished', job: one, place: undefined, outcome: exited(0), seconds: 0.75, again: false }),
  ]);
  const slices = events.filter(({ ph, pid }) => ph === 'X' && (pid === 1 || pid === 3));
  expect(slices.map(({ pid, tid, name, cat, ts, dur }) => [pid, tid, name, cat, ts, dur])).toEqual([
    [1, 1000, 'first staging', undefined, 500_000, 1_500_000],
    [1, 1001, 'a.o', 'run-again', 4_000_000, 2_250_000],
    [1, 1001, 'staging', 'phase', 4_000_000, 500_000],
    [1, 1001, 'running', 'phase', 4_500_000, 1_500_000],
    [1, 1001, 'collecting', 'phase', 6_000_000, 250_000],
    [3, 1001, 'a.o', 'might-have-left', 6_250_000, 750_000],
  ]);
  expect(slices[1]?.args).toEqual({
    ...{ job: 1, reason: 'least loaded', outcome: 'status 1, run again', waited_ms: 1000, command: 'cc -c a.c' },
    ...{ directory: '/w/repo', sent: 10, received: 20, files: 1 },
  });
});

test('a recipe that waits for its make gives its slot back, and has a thread of its own', () => {
  const events = traceOf([
    started,
    at(1, { type: 'job-placed', job: two, place: undefined, reason: 'calls-make', slots: 1 }),
    at(1, { type: 'job-started', job: two, place: undefined }),
    at(2, { type: 'job-waits', job: two }),
    at(3, { type: 'job-placed', job: three, place: undefined, reason: 'calls-make', slots: 1 }),
    at(4, { type: 'job-waits', job: three }),
    at(5, { type: 'job-finished', job: two, place: undefined, outcome: exited(0), seconds: 4, again: false }),
    at(9, { type: 'message', level: 'notice', text: 'the end' }),
  ]);
  const slices = events.filter(({ ph, pid }) => ph === 'X' && pid === 3);
  expect(slices.map(({ tid, name, ts, dur }) => [tid, name, ts, dur])).toEqual([
    [1001, 'sub', 1_000_000, 1_000_000],
    [100_000, 'sub', 2_000_000, 3_000_000],
    [1001, 'b.o', 3_000_000, 1_000_000],
    [100_001, 'b.o', 4_000_000, 5_000_000],
  ]);
  expect(namesOf(events, 'thread')).toEqual(expect.arrayContaining(['slot 1', 'makes', 'makes 2']));
});

describe('counters', () => {
  function points(events: readonly TimedEvent[]): (number | undefined)[][] {
    return traceOf(events)
      .filter(({ ph }) => ph === 'C')
      .map(({ ts, args }) => [ts, Number(args['waiting']), Number(args['running'])]);
  }

  test('who waits for a place, who has one', () => {
    const place = build2;
    expect(
      points([
        started,
        at(1, { type: 'job-queued', job: one }),
        at(2, { type: 'job-queued', job: three }),
        at(3, { type: 'job-placed', job: one, place, reason: 'least-loaded', slots: 1 }),
        at(4, { type: 'job-turned-away', job: one, place }),
        at(5, {
          type: 'job-finished',
          job: three,
          place: undefined,
          outcome: { kind: 'cancelled' },
          seconds: 0,
          again: false,
        }),
        at(6, { type: 'job-placed', job: one, place, reason: 'least-loaded', slots: 1 }),
        at(7, { type: 'job-finished', job: one, place, outcome: exited(0), seconds: 1, again: false }),
      ]),
    ).toEqual([
      [0, 0, 0],
      [1_000_000, 1, 0],
      [2_000_000, 2, 0],
      [3_000_000, 1, 1],
      [4_000_000, 2, 0],
      [5_000_000, 1, 0],
      [6_000_000, 0, 1],
      [7_000_000, 0, 0],
    ]);
  });

  test('of a long run a few thousand points, the last of which says that nothing runs', () => {
    const all = points(generatedRun({ jobs: 4000 }));
    expect(all.length).toBeLessThanOrEqual(5002);
    expect(all.length).toBeGreaterThan(500);
    expect(all.at(-1)?.slice(1)).toEqual([0, 0]);
  });
});

test('a host that is lost is a moment on its own thread', () => {
  const [event] = traceOf([
    started,
    at(3, { type: 'host-lost', host: build1, reason: 'no answer', benched: false }),
  ]).filter(({ ph }) => ph === 'i');
  expect(event).toEqual({
    ph: 'i',
    s: 't',
    pid: 2,
    tid: 1000,
    name: 'host lost',
    ts: 3_000_000,
    args: { reason: 'no answer' },
  });
});
