import { afterEach, expect, test } from '@jest/globals';
import { Dispatcher, type DispatcherOptions } from '../../../src/engine/dispatcher.ts';
import { TargetSet } from '../../../src/engine/dist-set.ts';
import type { Homecoming } from '../../../src/engine/ports.ts';
import { Scheduler, type Limits } from '../../../src/engine/scheduler.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import type { Host } from '../../../src/model/host.ts';
import { exited, hostOf, ROOT, MemoryCall, MemoryHost, MemoryStage, OK, remoteHost, settled, type Act } from './rig.ts';

const MAKE = 77;
const A = hostOf('a');
const events: BuildEvent[] = [];
let dispatcher: Dispatcher;
let scheduler: Scheduler;
let stage: MemoryStage;
let opener: MemoryHost;

interface Given {
  readonly hosts?: readonly Host[];
  readonly ready?: boolean;
  readonly limits?: Partial<Limits>;
  readonly act?: Act;
  readonly overlay?: boolean;
  readonly homecomings?: readonly Homecoming[];
  readonly more?: Partial<DispatcherOptions>;
}

async function begin({
  hosts = [hostOf('a')],
  ready = true,
  limits,
  act = {},
  overlay = true,
  homecomings = [],
  more,
}: Given = {}): Promise<void> {
  events.length = 0;
  opener = new MemoryHost();
  opener.act = () => act;
  opener.overlay = overlay;
  scheduler = new Scheduler(hosts, { jobs: 100, localJobs: 4, processors: 4, fallback: 'local', ...limits });
  stage = new MemoryStage();
  stage.homecomings.push(...homecomings);
  const remotes = hosts.filter(({ local }) => !local).map((host) => remoteHost(host, opener, stage));
  dispatcher = new Dispatcher({
    scheduler,
    hosts: remotes,
    stage,
    sink: (event) => events.push(event),
    dist: { mode: 'auto' },
    local: new TargetSet(['kept.o']),
    fallback: 'local',
    partial: false,
    subMakes: undefined,
    markers: undefined,
    ...more,
  });
  for (const remote of remotes) {
    if (ready) await remote.start();
    if (ready) scheduler.hostReady(remote.host, remote.facts);
  }
  dispatcher.makeStarted(MAKE, []);
}

function ask(target: string, command = `cc ${target}`, directory?: string): MemoryCall {
  const call = new MemoryCall(MAKE, OK, directory);
  const argv = ['/bin/sh', '-c', command];
  void dispatcher.dispatch(call, { target, argv, command, environment: [], changes: [], prerequisites: undefined });
  return call;
}

/** `place reason`, of every time that a job was placed. */
function told(): string[] {
  return events.flatMap((event) =>
    event.type === 'job-placed' ? [`${event.place?.name ?? 'here'} ${event.reason}`] : [],
  );
}

afterEach(() => dispatcher.stop());

test('the scheduler chooses a host, and further lines of the recipe follow', async () => {
  await begin({ hosts: [hostOf('a'), hostOf('b')] });
  ask('x.o');
  await settled();
  ask('x.o');
  await settled();
  expect(told()).toEqual(['a least-loaded', 'a follows']);
});

test.each([
  ['prog', 'cc', undefined, 'not-whitelisted'],
  ['kept.o', 'cc', undefined, 'named-local'],
  ['all', 'make -C sub', undefined, 'calls-make'],
  ['x.o', 'cc', '/elsewhere', 'outside'],
])('%s by %s in %s stays: %s', async (target, command, directory, reason) => {
  await begin();
  ask(target, command, directory);
  await settled();
  expect(told()).toEqual([`here ${reason}`]);
});

test('where hosts show a job its prerequisites alone, one of which they are not known stays', async () => {
  await begin({ more: { partial: true } });
  ask('x.o');
  await settled();
  expect(told()).toEqual(['here unknown-prerequisites']);
});

test('all slots are taken: the runner, and so do further lines of the recipe', async () => {
  await begin({ hosts: [hostOf('a', 1)], act: { until: new Promise(() => undefined) } });
  ask('x.o');
  ask('y.o');
  await settled();
  ask('y.o');
  await settled();
  expect(told()).toEqual(['a least-loaded', 'here hosts-full', 'here hosts-full']);
});

test('no host is ready yet, all are lost, there is none', async () => {
  await begin({ ready: false });
  ask('x.o');
  await settled();
  expect(told()).toEqual(['here hosts-coming']);
  await begin({ hosts: [A] });
  scheduler.hostLost(A);
  ask('x.o');
  await settled();
  expect(told()).toEqual(['here hosts-lost']);
  await begin({ hosts: [] });
  ask('x.o');
  await settled();
  expect(told()).toEqual(['here no-hosts']);
});

test('a host without private mounts is no place for absolute paths', async () => {
  await begin({ overlay: false });
  ask('x.o', `cc ${ROOT}/x.c`);
  await settled();
  expect(told()).toEqual(['here absolute-path']);
});

test('what failed on a host runs here', async () => {
  await begin({ act: { outcome: exited(1) } });
  ask('x.o');
  await settled();
  ask('x.o');
  await settled();
  expect(told()).toEqual(['a least-loaded', 'here failed-there', 'here failed-there']);
});

test('what was not taken from a host runs here', async () => {
  await begin({ homecomings: [{ kind: 'refused', reason: 'a device' }] });
  ask('x.o');
  await settled();
  expect(told()).toEqual(['a least-loaded', 'here not-taken']);
});

test('a job is asked for, placed, started, collected and ended, in this order, with what it took on the way', async () => {
  await begin({ act: { outputs: [{ kind: 'removed', path: 'x' }] } });
  ask('x.o');
  await settled();
  expect(events.map(({ type }) => type)).toEqual([
    'job-queued',
    'job-placed',
    'job-started',
    'job-collecting',
    'job-finished',
  ]);
  expect(events.at(-1)).toMatchObject({ traffic: { sent: 10, received: 20, files: 1 } });
});
