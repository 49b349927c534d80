import { afterEach, expect, test } from '@jest/globals';
import { Dispatcher, type DispatcherOptions } from '../../../src/engine/dispatcher.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { TargetSet } from '../../../src/engine/dist-set.ts';
import { NO_MARKS } from '../../../src/model/marks.ts';
import type { RemoteHost } from '../../../src/engine/remote-host.ts';
import type { Homecoming } from '../../../src/engine/ports.ts';
import { Scheduler, type Limits } from '../../../src/engine/scheduler.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import type { Host } from '../../../src/model/host.ts';
import {
  exited,
  Cap,
  hostOf,
  ROOT,
  MemoryCall,
  MemoryHost,
  MemoryStage,
  OK,
  remoteHost,
  settled,
  type Act,
} from './rig.ts';

const MAKE = 77;
const A = hostOf('a');
const events: BuildEvent[] = [];
let dispatcher: Dispatcher;
let scheduler: Scheduler;
let stage: MemoryStage;
let opener: MemoryHost;
let remotes: readonly RemoteHost[];

interface Given {
  readonly hosts?: readonly Host[];
  readonly ready?: boolean;
  readonly limits?: Partial<Limits>;
  readonly act?: Act;
  readonly overlay?: boolean;
  readonly cap?: Cap;
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
  cap,
  more,
}: Given = {}): Promise<void> {
  events.length = 0;
  opener = new MemoryHost();
  opener.act = () => act;
  opener.overlay = overlay;
  opener.cap = cap;
  scheduler = new Scheduler(hosts, { jobs: 100, localJobs: 4, processors: 4, fallback: 'local', ...limits });
  stage = new MemoryStage();
  stage.homecomings.push(...homecomings);
  remotes = hosts
    .filter(({ local }) => !local)
    .map((host) => remoteHost(host, opener, stage, false, { onLost: () => scheduler.hostLost(host) }));
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

test.each([
  ['make only looks', ['MAKEFLAGS=n'], 'make-mode'],
  ['make runs recipes one by one', [], 'least-loaded'],
])('%s', async (_name, environment, reason) => {
  await begin();
  const call = new MemoryCall(MAKE, OK);
  const argv = ['/bin/sh', '-c', 'cc'];
  void dispatcher.dispatch(call, {
    target: 'x.o',
    argv,
    command: 'cc',
    environment,
    changes: [],
    prerequisites: undefined,
  });
  await settled();
  expect(told()[0]).toContain(reason);
});

test("where all may leave that may run beside others (dmake's mode), one that may not stays", async () => {
  await begin({ more: { dist: { mode: 'all' }, dmake: true } });
  dispatcher.makeParsed(MAKE, { ...NO_MARKS, noParallel: ['x.o'] });
  ask('x.o');
  await settled();
  expect(told()).toEqual(['here not-beside-others']);
});

test('a recipe that began here because hosts were full has a line that calls make: that stays for its own reason', async () => {
  await begin({ hosts: [hostOf('a', 1)], act: { until: new Promise(() => undefined) } });
  ask('x.o');
  ask('y.o');
  await settled();
  ask('y.o', 'make -C sub');
  await settled();
  ask('y.o');
  await settled();
  expect(told()).toEqual(['a least-loaded', 'here hosts-full', 'here calls-make', 'here hosts-full']);
});

test('one host does not suit, another is still coming', async () => {
  await begin({ hosts: [A, hostOf('b')], ready: false, overlay: false });
  const remote = remotes[0];
  await remote?.start();
  scheduler.hostReady(A, remote?.facts);
  ask('x.o', `cc ${ROOT}/x.c`);
  await settled();
  expect(told()).toEqual(['here hosts-coming']);
});

/** What the sink hears of jobs, in order: `placed a`, `finished a host-lost again`. */
function story(): string[] {
  return events.flatMap((event) => {
    if (!event.type.startsWith('job-') || event.type === 'job-text') return [];
    const place = 'place' in event ? ` ${event.place?.name ?? 'here'}` : '';
    const end = event.type === 'job-finished' ? ` ${event.outcome.kind}${event.again ? ' again' : ''}` : '';
    return [`${event.type.slice(4)}${place}${end}`];
  });
}

test.each<[string, Given, readonly string[]]>([
  [
    'a host that is lost',
    { act: { breaks: 'gone' } },
    [
      'queued',
      'placed a',
      'started a',
      'finished a host-lost again',
      'placed here',
      'started here',
      'finished here exited',
    ],
  ],
  [
    'a conflict',
    { homecomings: [{ kind: 'conflict', path: 'x', other: undefined }] },
    [
      ...['queued', 'placed a', 'started a', 'collecting a', 'finished a exited again'],
      ...['placed here', 'started here', 'finished here exited'],
    ],
  ],
  [
    'no host is left, and the runner may not take it',
    { hosts: [], limits: { fallback: 'never' }, more: { fallback: 'never' } },
    ['queued', 'finished here exited'],
  ],
])('%s: what is told of the job', async (_name, given, expected) => {
  await begin(given);
  ask('x.o');
  await settled();
  expect(story()).toEqual(expected);
});

test('a job that its owner turns away is placed again', async () => {
  const cap = new Cap(1);
  await begin({ cap });
  cap.take();
  ask('x.o');
  await settled();
  expect(story()).toEqual([
    'queued',
    'placed a',
    'turned-away a',
    'placed here',
    'started here',
    'finished here exited',
  ]);
  expect(told()).toEqual(['a least-loaded', 'here hosts-full']);
});

test('a job that calls make waits from then on, and is told so once', async () => {
  await begin();
  const call = new MemoryCall(MAKE, new Promise<never>(() => undefined));
  const argv = ['/bin/sh', '-c', 'make -C a; make -C b'];
  void dispatcher.dispatch(call, {
    target: 'all',
    argv,
    command: argv[2] ?? '',
    environment: [],
    changes: [],
    prerequisites: undefined,
  });
  await settled();
  dispatcher.makeStarted(78, [call.pid, MAKE]);
  dispatcher.makeStarted(79, [call.pid, MAKE]);
  expect(story()).toEqual(['queued', 'placed here', 'started here', 'waits']);
});

test.each([
  ['makes that run several', ['MAKEFLAGS=k -j4 --jobserver-auth=3,4'], ['remote']],
  ['a make that hands out each line by itself', ['MAKEFLAGS=k'], []],
])('a recipe is over when what it printed has come, in %s', async (_name, environment, expected) => {
  await begin({ more: { markers: { begin: () => Buffer.alloc(0), end: () => Buffer.alloc(0) } } });
  const begun = (): void => {
    const argv = ['/bin/sh', '-c', 'cc'];
    const command = { target: 'x.o', argv, command: 'cc', environment, changes: [], prerequisites: undefined };
    void dispatcher.dispatch(new MemoryCall(MAKE, OK), command);
  };
  begun();
  await settled();
  const over = (): string[] => events.flatMap((event) => (event.type === 'recipe-finished' ? [event.class] : []));
  expect(over()).toEqual([]);
  const id = events.flatMap((event) => (event.type === 'job-queued' ? [event.job.id] : []))[0] ?? 0;
  dispatcher.textCame(id);
  expect(over()).toEqual(expected);
  // Another line, or another recipe of a target of two colons.
  begun();
  await settled();
  dispatcher.finish(false);
  expect(over()).toEqual([...expected, 'remote']);
});

test('make has ended: what still runs was cancelled, and what it says later is not told', async () => {
  const end = deferred<undefined>();
  await begin({ act: { until: end.promise } });
  ask('x.o');
  await settled();
  dispatcher.stop();
  dispatcher.finish(true);
  const told = [...events];
  end.resolve(undefined);
  await settled();
  expect(events).toEqual(told);
  expect(story()).toEqual(['queued', 'placed a', 'started a', 'finished a cancelled']);
});
