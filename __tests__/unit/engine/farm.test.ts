import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Farm } from '../../../src/engine/farm.ts';
import type { Answer } from '../../../src/engine/ports.ts';
import type { RemoteHost } from '../../../src/engine/remote-host.ts';
import { Scheduler } from '../../../src/engine/scheduler.ts';
import { ToolCheck } from '../../../src/engine/toolchain-check.ts';
import { toolsOf } from '../../../src/engine/toolchain.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import type { Host } from '../../../src/model/host.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { hostOf, OK, MemoryHost, MemoryStage, remoteHost } from './rig.ts';

const LIMITS = { jobs: 9, localJobs: 0, processors: 2, fallback: 'local' } as const;

let events: BuildEvent[];
let openers: Map<Host, MemoryHost>;
let stage: MemoryStage;
let scheduler: Scheduler;

/** What the runner, and each host by its name, say of their tools; a host that is not there waits for its owner. */
let says: Map<string, string>;

function farmOf(
  hosts: readonly Host[],
  toolchain: readonly string[] = [],
): { farm: Farm; remotes: readonly RemoteHost[] } {
  events = [];
  stage = new MemoryStage();
  openers = new Map(hosts.map((host) => [host, new MemoryHost()]));
  const remotes = [...openers].map(([host, opener]) => remoteHost(host, opener, stage));
  for (const remote of remotes)
    remote.ask = (program, signal) => answer(remote.host.name, typeof program === 'string' ? program : '', signal);
  const tools = new ToolCheck({
    tools: toolsOf(toolchain, 'local'),
    fallback: 'local',
    runner: { arch: 'x86_64', ask: (program) => answer('runner', program) },
    hosts,
    grace: 10,
    timeout: 10,
  });
  scheduler = new Scheduler(hosts, LIMITS);
  return { farm: new Farm({ hosts: remotes, stage, scheduler, sink: (event) => events.push(event), tools }), remotes };
}

async function answer(name: string, program: string, signal?: AbortSignal): Promise<Answer> {
  const [, nonce = ''] = /^printf '(\w+)/.exec(program) ?? [];
  const text = says.get(name);
  if (text === undefined) {
    await new Promise((resolve) => signal?.addEventListener('abort', resolve));
    return { outcome: { kind: 'cancelled' }, stdout: '', stderr: '' };
  }
  return { outcome: OK, stdout: `${nonce}\n${text}\n${nonce} 0\n`, stderr: '' };
}

const story = (): string[] =>
  events.map((event) => ('host' in event && event.host ? `${event.host.name} ${event.type}` : event.type));

beforeEach(() => {
  says = new Map([['runner', 'cc 1']]);
});
afterEach(() => {
  jest.useRealTimers();
});

test('the workspace is surveyed once, and each host is ready or lost', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => hostOf(name)) as [Host, Host, Host];
  const { farm } = farmOf([a, b, c]);
  (openers.get(b) as MemoryHost).refuses = 'connection refused';
  await farm.start();
  expect(farm.isReady).toBe(true);
  const [first, ...rest] = story();
  expect(first).toBe('workspace-surveyed');
  expect(rest.sort()).toEqual(['a host-ready', 'b host-lost', 'c host-ready']);
  expect(events[0]).toMatchObject({ files: 2, bytes: 30, directories: [{ path: 'd', files: 2, bytes: 30 }] });
});

test('without hosts nothing is looked at', async () => {
  const { farm } = farmOf([]);
  const survey = jest.spyOn(stage, 'survey');
  await farm.start();
  expect(survey).not.toHaveBeenCalled();
});

test('a survey that fails is no fault of a host, and none of ours to die of', async () => {
  const { farm } = farmOf([hostOf('a')]);
  stage.survey = () => Promise.reject(new Error('gone'));
  await farm.start();
  expect(story()).toEqual(['a host-ready']);
});

test('one that is slow tells how far it is, until it is ready', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
  const { farm, remotes } = farmOf([hostOf('a')]);
  const gate = deferred<void>();
  const [remote] = remotes as [RemoteHost];
  jest.spyOn(remote, 'sent', 'get').mockReturnValue({ files: 1, bytes: 10 });
  const start = remote.start.bind(remote);
  remote.start = async () => {
    await gate.promise;
    return start();
  };
  const started = farm.start();
  await jest.advanceTimersByTimeAsync(11_000);
  expect(story()).toEqual(['workspace-surveyed', 'a staging-progress', 'a staging-progress']);
  expect(events[1]).toMatchObject({ files: 1, bytes: 10, of: { files: 2, bytes: 30 } });
  gate.resolve();
  await started;
  await jest.advanceTimersByTimeAsync(20_000);
  expect(story().at(-1)).toBe('a host-ready');
});

test('a host with other tools gets no job, and is let go', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => hostOf(name)) as [Host, Host, Host];
  const other: Host = { ...c, arch: 'arm64' };
  says.set('a', 'cc 1').set('b', 'cc 2');
  const { farm } = farmOf([a, b, other], ['cc']);
  const ready = jest.spyOn(scheduler, 'hostReady');
  await farm.start();
  expect(farm.isReady).toBe(true);
  expect(ready.mock.calls.map(([host]) => host.name)).toEqual(['a']);
  const lost = events.flatMap((event) => (event.type === 'host-lost' ? [`${event.host.name}: ${event.reason}`] : []));
  expect(lost.sort()).toEqual([
    expect.stringMatching(/^b: left out: "cc" says "cc 2" there, "cc 1" on the runner\. /),
    expect.stringMatching(/^c: left out: its processor is "arm64" by the matrix, the runner's is "x86_64"\. /),
  ]);
  expect(scheduler.isReady(b)).toBe(false);
  const [there, never] = [openers.get(b), openers.get(other)] as [MemoryHost, MemoryHost];
  expect(there.lanes).toHaveLength(1);
  expect(there.closed).toBe(true);
  expect(never.lanes).toHaveLength(0);
});

test('a host whose owner has no place for questions is not waited for, and joins later', async () => {
  const [a, b] = ['a', 'b'].map((name) => hostOf(name)) as [Host, Host];
  const { farm } = farmOf([a, b], ['cc']);
  (openers.get(b) as MemoryHost).refuses = 'connection refused';
  await farm.start();
  expect(farm.isReady).toBe(false);
  expect(story().filter((line) => line.startsWith('a'))).toEqual([]);
  const joined = deferred<undefined>();
  jest.spyOn(scheduler, 'hostReady').mockImplementation(() => {
    joined.resolve(undefined);
    return 1;
  });
  says.set('a', 'cc 1');
  await joined.promise;
  expect(farm.isReady).toBe(true);
});
