import { afterEach, expect, jest, test } from '@jest/globals';
import { Farm } from '../../../src/engine/farm.ts';
import type { RemoteHost } from '../../../src/engine/remote-host.ts';
import { Scheduler } from '../../../src/engine/scheduler.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import type { Host } from '../../../src/model/host.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { hostOf, MemoryHost, MemoryStage, remoteHost } from './rig.ts';

const LIMITS = { jobs: 9, localJobs: 0, processors: 2, fallback: 'local' } as const;

let events: BuildEvent[];
let openers: Map<Host, MemoryHost>;
let stage: MemoryStage;

function farmOf(hosts: readonly Host[]): { farm: Farm; remotes: readonly RemoteHost[] } {
  events = [];
  stage = new MemoryStage();
  openers = new Map(hosts.map((host) => [host, new MemoryHost()]));
  const remotes = [...openers].map(([host, opener]) => remoteHost(host, opener, stage));
  return { farm: new Farm(remotes, stage, new Scheduler(hosts, LIMITS), (event) => events.push(event)), remotes };
}

const story = (): string[] =>
  events.map((event) => ('host' in event && event.host ? `${event.host.name} ${event.type}` : event.type));

afterEach(() => {
  jest.useRealTimers();
});

test('the workspace is surveyed once, and each host is ready or lost', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => hostOf(name)) as [Host, Host, Host];
  const { farm } = farmOf([a, b, c]);
  (openers.get(b) as MemoryHost).refuses = 'connection refused';
  await farm.start();
  expect(farm.ready).toBe(2);
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
