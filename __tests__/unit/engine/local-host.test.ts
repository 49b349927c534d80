import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Dispatcher } from '../../../src/engine/dispatcher.ts';
import { TargetSet } from '../../../src/engine/dist-set.ts';
import { Baggage } from '../../../src/engine/environment.ts';
import type { Command } from '../../../src/engine/pass-world.ts';
import { LocalEnvironment } from '../../../src/engine/local-environment.ts';
import { LocalHost, type LocalOwner } from '../../../src/engine/local-host.ts';
import { Scheduler } from '../../../src/engine/scheduler.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { Cap, hostOf, MemoryCall, MemoryStage, OK, settled } from './rig.ts';

const MAKE = 7;
const NOTHING = new LocalEnvironment(new Baggage([], []), [], '');

const commandOf = (target: string, more: Partial<Command> = {}): Command => ({
  target,
  argv: ['/bin/sh', '-c', 'cc'],
  command: 'cc',
  environment: [],
  changes: ['SHELL'],
  prerequisites: undefined,
  ...more,
});

describe('a job that is placed on bare localhost', () => {
  const host = hostOf('localhost', 4, true);
  let local: LocalHost;
  let scheduler: Scheduler;
  let dispatcher: Dispatcher;
  let cap: Cap;
  let slowed: number[];
  let events: BuildEvent[];

  const owner: LocalOwner = {
    take: async () => {
      await settled();
      let given = false;
      const give = (): void => {
        if (!given) cap.give();
        given = true;
      };
      return cap.take() ? { give } : undefined;
    },
    slow: (pid) => void slowed.push(pid),
  };

  beforeEach(() => {
    [cap, slowed, events] = [new Cap(1), [], []];
    local = new LocalHost(host);
    scheduler = new Scheduler([host], { jobs: 100, localJobs: 0, processors: 2, fallback: 'local' });
    dispatcher = new Dispatcher({
      scheduler,
      hosts: [],
      locals: [local],
      stage: new MemoryStage(),
      sink: (event) => events.push(event),
      dist: { mode: 'patterns', patterns: ['%.o', 'sub'] },
      local: new TargetSet([]),
      fallback: 'local',
      partial: false,
      subMakes: undefined,
      markers: undefined,
    });
    dispatcher.makeStarted(MAKE, []);
  });
  afterEach(() => dispatcher.stop());

  const ask = (target: string, end: Promise<typeof OK> = Promise.resolve(OK), make = MAKE): MemoryCall => {
    const call = new MemoryCall(make, end);
    void dispatcher.dispatch(call, commandOf(target));
    return call;
  };
  const until = async (what: () => boolean): Promise<void> => {
    while (!what()) await settled();
  };

  test('waits for one of the places that its owner allows, of all runs (D10)', async () => {
    local.ready({ owner, environment: NOTHING });
    cap.take();
    const calls = ['a.o', 'b.o'].map((target) => ask(target));
    await until(() => cap.refused > 1);
    expect(calls.flatMap(({ ranLocally }) => ranLocally)).toEqual([]);
    expect(events.filter(({ type }) => type === 'job-started')).toEqual([]);
    cap.give();
    await until(() => calls.every(({ exits }) => exits.length > 0));
    expect([cap.peak, cap.running]).toEqual([1, 0]);
    const told = events.filter(({ type }) => type === 'job-started' || type === 'job-finished');
    expect(told.map((event) => ('place' in event ? event.place : undefined))).toEqual([host, host, host, host]);
    expect(slowed).toHaveLength(2);
  });

  test('gives its place to the jobs of a sub-make that it waits for', async () => {
    local.ready({ owner, environment: NOTHING });
    const end = deferred<typeof OK>();
    const parent = ask('sub', end.promise);
    await until(() => parent.ranLocally.length > 0);
    dispatcher.makeStarted(8, [parent.pid]);
    const child = ask('a.o', undefined, 8);
    await until(() => child.exits.length > 0);
    end.resolve(OK);
    await until(() => parent.exits.length > 0);
    expect([cap.peak, cap.running]).toEqual([1, 0]);
  });

  test('runs on the runner as any other when nobody can have a place, and the host is lost with words', async () => {
    local.ready({ owner: { ...owner, take: () => Promise.reject(new Error('no room')) }, environment: NOTHING });
    const call = ask('a.o');
    await until(() => call.exits.length > 0);
    expect(events).toContainEqual({ type: 'host-lost', host, reason: 'no room', benched: false });
    expect(events).toContainEqual(expect.objectContaining({ type: 'job-finished', place: undefined, outcome: OK }));
    expect([scheduler.isReady(host), slowed]).toEqual([false, []]);
  });

  test('one that stays takes no place, and hears nothing of its terms', async () => {
    cap.take();
    const environment = new LocalEnvironment(new Baggage([], []), ['X=1'], '/p');
    local.ready({ owner, environment });
    const calls = ['stays', 'a.o'].map((target) => ask(target));
    await until(() => calls[0]?.exits.length === 1);
    expect(calls[0]?.ranLocally[0]?.changes).toEqual(['SHELL']);
    cap.give();
    await until(() => calls[1]?.exits.length === 1);
    expect(calls[1]?.ranLocally[0]?.changes).toEqual(['SHELL', 'X=1', 'PATH=/p']);
  });

  test('none is placed there before it is ready', async () => {
    const call = ask('a.o');
    await until(() => call.exits.length > 0);
    expect(events.find(({ type }) => type === 'job-started')).toMatchObject({ place: undefined });
  });
});

describe('the variables of jobs on bare localhost', () => {
  const changes = (
    set: readonly string[],
    path: string,
    more: Partial<Command>,
    inherited: readonly string[],
  ): unknown =>
    new LocalEnvironment(new Baggage(['PATH=/usr/bin:/bin', 'OWN=1', 'GONE=1'], ['NAMED']), set, path).changes(
      commandOf('a.o', { changes: [], ...more }),
      inherited,
    );

  test("what make and the makefile export comes before the matrix's, and that before the runner's", () => {
    const environment = ['OWN=1', 'GONE=1', 'MADE=make', 'NAMED=me'];
    expect(changes(['OWN=2', 'MADE=2', 'NAMED=2', 'NEW=a=b', 'GONE'], '', { environment }, environment)).toEqual([
      'OWN=2',
      'NEW=a=b',
      'GONE',
    ]);
  });

  const PLAIN = ['PATH=/made:/usr/bin:/bin'];
  test.each([
    ['behind our wrappers', [], '/p:/q', [], 'PATH=/run/bin:/made:/usr/bin:/bin', '/run/bin:/p:/q:/made:/usr/bin:/bin'],
    ['first where those are not', [], '/p', [], 'PATH=/made:/run/bin:/usr/bin:/bin', '/p:/made:/run/bin:/usr/bin:/bin'],
    ['with what the call changes', [], '/p', ['PATH=/run/bin:/made'], 'PATH=/made', '/run/bin:/p:/made'],
    [
      "before the set-up's own",
      ['PATH=/s:/usr/bin:/bin'],
      '/p',
      [],
      'PATH=/run/bin:/made:/usr/bin:/bin',
      '/run/bin:/p:/made:/s:/usr/bin:/bin',
    ],
    ["the set-up's alone", ['PATH=/s'], '', [], 'PATH=/run/bin:/made:/usr/bin:/bin', '/run/bin:/made:/s'],
  ])('path: %s', (_what, set, path, given, inherited, expected) => {
    expect(changes(set, path, { changes: given, environment: PLAIN }, [inherited])).toEqual([
      ...given,
      `PATH=${expected}`,
    ]);
  });
});
