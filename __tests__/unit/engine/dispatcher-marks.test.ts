import { describe, expect, test } from '@jest/globals';
import { Dispatcher } from '../../../src/engine/dispatcher.ts';
import { TargetSet } from '../../../src/engine/dist-set.ts';
import { Scheduler } from '../../../src/engine/scheduler.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import { NO_MARKS, type MakeMarks } from '../../../src/model/marks.ts';
import type { DistSetting } from '../../../src/model/settings.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { TestRest } from './gate-rig.ts';
import { exited, hostOf, MemoryCall, MemoryHost, MemoryStage, OK, remoteHost, settled } from './rig.ts';

const MAKE = 77;
const PARALLEL = ['MAKEFLAGS= -j4 --jobserver-auth=3,4'];

interface Asked {
  readonly call: MemoryCall;
  readonly end: (outcome?: Outcome) => void;
}

/** A dispatcher with one host, for makes with marks. */
class MarksRig {
  readonly rest = new TestRest();
  readonly events: BuildEvent[] = [];
  readonly dispatcher: Dispatcher;
  readonly host = hostOf('a', 9);
  readonly #ready: Promise<void>;

  constructor(dist: DistSetting = { mode: 'auto' }, dmake = false) {
    const limits = { jobs: 100, localJobs: 9, processors: 9, fallback: 'local' as const };
    const scheduler = new Scheduler([this.host], limits);
    const stage = new MemoryStage();
    const remote = remoteHost(this.host, new MemoryHost(), stage);
    this.#ready = remote.start().then(() => void scheduler.hostReady(this.host, remote.facts));
    this.dispatcher = new Dispatcher({
      scheduler,
      hosts: [remote],
      stage,
      sink: (event) => this.events.push(event),
      dist,
      local: new TargetSet([]),
      fallback: 'local',
      partial: false,
      subMakes: undefined,
      markers: undefined,
      rest: this.rest,
      dmake,
    });
    this.dispatcher.makeStarted(MAKE, []);
  }

  async parsed(marks: Partial<MakeMarks>): Promise<void> {
    await this.#ready;
    this.dispatcher.makeParsed(MAKE, { ...NO_MARKS, ...marks });
  }

  ask(target: string, { command = `cc ${target}`, environment = PARALLEL } = {}): Asked {
    const here = deferred<Outcome>();
    const call = new MemoryCall(MAKE, here.promise);
    const argv = ['/bin/sh', '-c', command];
    void this.dispatcher.dispatch(call, { target, argv, command, environment, changes: [], prerequisites: undefined });
    return { call, end: (outcome = OK) => here.resolve(outcome) };
  }

  /** `target place` of each job that was started. */
  get started(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'job-started' ? [`${event.job.recipe.target} ${event.place?.name ?? 'here'}`] : [],
    );
  }
}

describe('which recipes run side by side (D16, D17)', () => {
  test('one that must not waits until make goes on to nothing of the others', async () => {
    const rig = new MarksRig();
    await rig.parsed({ dmake: true, noParallel: ['x'] });
    const a = rig.ask('a');
    rig.ask('x');
    await settled();
    expect(rig.started).toEqual(['a here']);
    a.end();
    await settled();
    rig.rest.rest();
    await settled();
    expect(rig.started).toEqual(['a here', 'x here']);
  });

  test.each([
    ['a makefile without marks', {}, 'make -C d', PARALLEL],
    ['one with .LOCAL alone', { local: ['x'], noParallel: ['x'] }, 'cc', PARALLEL],
    ['a make that starts one recipe after another', { dmake: true, noParallel: ['x'] }, 'cc', ['MAKEFLAGS=k']],
  ])('nothing is held back in %s', async (_, marks, command, environment) => {
    const rig = new MarksRig();
    await rig.parsed(marks);
    rig.ask('a', { environment });
    rig.ask('x', { command, environment });
    await settled();
    expect(rig.started).toEqual(['a here', 'x here']);
  });

  test('in a run by the rules of dmake, nested makes run alone whatever the marks', async () => {
    const rig = new MarksRig({ mode: 'auto' }, true);
    await rig.parsed({});
    rig.ask('a');
    rig.ask('x', { command: 'make -C d' });
    await settled();
    expect(rig.started).toEqual(['a here']);
  });
});

describe('which may leave', () => {
  test('not those of .LOCAL', async () => {
    const rig = new MarksRig();
    await rig.parsed({ dist: ['%.o'], local: ['x.o'] });
    rig.ask('x.o');
    rig.ask('y.o');
    await settled();
    expect(rig.started.sort()).toEqual(['x.o here', 'y.o a']);
  });

  test.each([
    [undefined, ['p a', 'x here']],
    [['x'], ['p here', 'x a']],
  ])('all that may run beside others, or those of .DIST: %j', async (dist, expected) => {
    const rig = new MarksRig({ mode: 'all' });
    await rig.parsed({ dmake: true, dist, noParallel: ['x'] });
    const environment: string[] = [];
    rig.ask('p', { environment });
    rig.ask('x', { environment });
    await settled();
    expect(rig.started.sort()).toEqual(expected);
  });
});

test('a group is made once; the others end as it does (D18)', async () => {
  const rig = new MarksRig();
  await rig.parsed({ dmake: true, groups: [['a', 'b']] });
  const a = rig.ask('a');
  const b = rig.ask('b');
  await settled();
  a.end(exited(3));
  await settled();
  expect(rig.started).toEqual(['a here']);
  expect([a.call.exits, b.call.exits]).toEqual([[exited(3)], [exited(3)]]);
});

test('.WAIT is no word of a command, where make takes it for a file', async () => {
  const rig = new MarksRig();
  await rig.parsed({ waits: ['x'] });
  const { call } = rig.ask('x', { command: 'cat a .WAIT b' });
  await settled();
  expect(call.ranLocally.map(({ argv }) => argv.at(-1))).toEqual(['cat a b']);
  expect(rig.dispatcher.rewrite('cat a .WAIT b\n')).toBe('cat a b\n');
  await rig.parsed({});
  expect(rig.dispatcher.rewrite('cat a .WAIT b\n')).toBe('cat a .WAIT b\n');
});
