import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Farm } from '../../../src/engine/farm.ts';
import { LeftOut } from '../../../src/engine/left-out.ts';
import type { RemoteHost } from '../../../src/engine/remote-host.ts';
import { Scheduler } from '../../../src/engine/scheduler.ts';
import { ToolCheck } from '../../../src/engine/toolchain-check.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import { hostOf, MemoryHost, MemoryStage, OK, remoteHost, settled } from './rig.ts';
import { TestClock } from './test-clock.ts';

const HOST = hostOf('a');

let clock: TestClock;
let opener: MemoryHost;
let scheduler: Scheduler;
let remote: RemoteHost;
let farm: Farm;
let make: (needed: boolean) => Farm;
let events: BuildEvent[];
beforeEach(() => {
  clock = new TestClock();
  opener = new MemoryHost();
  events = [];
  const sink = (event: BuildEvent): void => void events.push(event);
  scheduler = new Scheduler([HOST], { jobs: 9, localJobs: 0, processors: 2, fallback: 'never' });
  const stage = new MemoryStage();
  remote = remoteHost(HOST, opener, stage, false, { clock, onLost: (reason) => farm.lost(remote, reason) });
  const tools = new ToolCheck({
    tools: [],
    fallback: 'never',
    runner: { arch: 'x86_64', ask: () => Promise.resolve({ outcome: OK, stdout: '', stderr: '' }) },
    hosts: [HOST],
    grace: 10,
  });
  make = (needed) => (farm = new Farm({ hosts: [remote], stage, scheduler, sink, tools, clock, needed }));
  make(false);
});
afterEach(() => farm.close());

/** What was told of the host: `ready /tmp/make-x`, `back …`, `benched: …`, `out: …`. */
const story = (): string[] =>
  events.flatMap((event) => {
    if (event.type === 'host-ready') return [`${event.returned ? 'back' : 'ready'} ${event.staging}`];
    return event.type === 'host-lost' ? [`${event.benched ? 'benched' : 'out'}: ${event.reason}`] : [];
  });

test('a host whose idle lane breaks off is benched at once, and taken back with a new staging directory', async () => {
  await farm.start();
  opener.lanes[0]?.break('it has said nothing for 15 s');
  await settled();
  expect(scheduler.isReady(HOST)).toBe(false);
  expect(opener.closed).toBe(true);
  await clock.pass(1000);
  expect(story()).toEqual(['ready /tmp/make-x', 'benched: it has said nothing for 15 s', 'back /tmp/make-x2']);
  expect(opener.discarded).toEqual(['/tmp/make-x']);
  expect(opener.setups.map(({ create, staging }) => [create, staging])).toEqual([
    [true, '/tmp/make-x'],
    [true, '/tmp/make-x2'],
  ]);
  expect([scheduler.isReady(HOST), remote.losses, remote.restarts]).toEqual([true, 1, 1]);
  // Bytes of both.
  expect(remote.traffic.sent).toBe(14);
});

test('one that does not come up at first joins later; it is told once that it is not there', async () => {
  opener.refuses = 'connection refused';
  await farm.start();
  await clock.pass(8000);
  expect(story()).toEqual(['benched: connection refused']);
  opener.refuses = undefined;
  await clock.pass(10_000);
  expect(story().at(-1)).toMatch(/^back /);
  expect(remote.losses).toBe(0);
});

test('what is left there must be gone before it is taken back', async () => {
  await farm.start();
  opener.lanes[0]?.break('gone');
  await settled();
  opener.refuses = 'it is still there';
  await clock.pass(1000);
  expect(opener.discarded).toEqual(['/tmp/make-x']);
  expect(opener.setups).toHaveLength(1);
  opener.refuses = undefined;
  await clock.pass(2000);
  expect(opener.discarded.slice(1)).toEqual(['/tmp/make-x', '/tmp/make-x2']);
  expect(opener.setups.at(-1)?.staging).toBe('/tmp/make-x3');
});

test('a host that is of no use is not tried again', async () => {
  opener.open = () => Promise.reject(new LeftOut('its key is not known'));
  await farm.start();
  await clock.pass(100_000);
  expect(story()).toEqual(['out: its key is not known']);
});

test('where nothing may run on the runner a job waits for a host until that has failed to come back three times', async () => {
  await farm.start();
  opener.refuses = 'connection refused';
  opener.lanes[0]?.break('gone');
  await settled();
  const wish = {
    ...{ kind: 'dist' as const, make: 1, bound: undefined, fresh: true, returned: false, wide: false, weight: 0 },
    ...{ hostsOnly: false, suits: () => true },
  };
  let answer: unknown;
  void scheduler.acquire(wish, new AbortController().signal).then((one) => (answer = one));
  await clock.pass(6000);
  expect(answer).toBeUndefined();
  await clock.pass(2000);
  expect(answer).toBe('no-host');
});

test('when the run is over nothing is told, and nobody is tried', async () => {
  await farm.start();
  farm.close();
  opener.lanes[0]?.break('gone');
  await clock.pass(100_000);
  expect(story()).toEqual(['ready /tmp/make-x']);
  expect(opener.setups).toHaveLength(1);
});

test('where a host is needed the start waits for one that may come, and for no longer', async () => {
  opener.refuses = 'connection refused';
  let isOver = false;
  void make(true)
    .start()
    .then(() => (isOver = true));
  await clock.pass(3500);
  expect(isOver).toBe(false);
  opener.refuses = undefined;
  await clock.pass(4000);
  expect([isOver, farm.isReady]).toEqual([true, true]);
});

test('where a host is needed and none comes the start is over after three trials', async () => {
  opener.refuses = 'connection refused';
  let isOver = false;
  void make(true)
    .start()
    .then(() => (isOver = true));
  await clock.pass(6900);
  expect(isOver).toBe(false);
  await clock.pass(200);
  expect([isOver, farm.isReady]).toEqual([true, false]);
});
