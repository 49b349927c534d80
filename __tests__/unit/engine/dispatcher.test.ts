import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Dispatcher } from '../../../src/engine/dispatcher.ts';
import { TargetSet } from '../../../src/engine/dist-set.ts';
import type { Command } from '../../../src/engine/pass-world.ts';
import type { RecipeState } from '../../../src/engine/recipe-book.ts';
import { Scheduler, type Limits } from '../../../src/engine/scheduler.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import type { Host } from '../../../src/model/host.ts';
import type { SubMakeCheck } from '../../../src/engine/sub-make.ts';
import type { LoadAverages } from '../../../src/model/load.ts';
import { NO_MARKS } from '../../../src/model/marks.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { deferred } from '../../../src/util/deferred.ts';
import {
  Cap,
  exited,
  hostOf,
  MemoryCall,
  MemoryHost,
  MemoryStage,
  OK,
  remoteHost,
  ROOT,
  settled,
  type Act,
} from './rig.ts';
import { TestClock } from './test-clock.ts';

const MAKE = 77;
const FOREVER: Act = { until: new Promise(() => undefined) };

interface Setup {
  readonly markers?: boolean;
  readonly local?: readonly string[];
  readonly partial?: boolean;
  /** Of the first host. */
  readonly cap?: Cap;
  readonly runnerLoad?: () => LoadAverages;
  readonly subMakes?: SubMakeCheck;
  readonly noRetry?: readonly string[];
  readonly jobTimeout?: number;
  readonly clock?: TestClock;
}

/** A dispatcher with everything around it. */
class Rig {
  readonly stage = new MemoryStage();
  readonly hosts: readonly Host[];
  readonly openers = new Map<Host, MemoryHost>();
  readonly scheduler: Scheduler;
  readonly dispatcher: Dispatcher;
  readonly events: BuildEvent[] = [];
  readonly limits: Limits;
  readonly calls: MemoryCall[] = [];

  private constructor(hosts: readonly Host[], limits: Partial<Limits>, more: Setup) {
    this.hosts = hosts;
    this.limits = { jobs: 100, localJobs: 4, processors: 4, fallback: 'local', ...limits };
    this.scheduler = new Scheduler(hosts, this.limits);
    const remotes = hosts
      .filter(({ local }) => !local)
      .map((host) => {
        const opener = new MemoryHost();
        if (host === hosts[0]) opener.cap = more.cap;
        this.openers.set(host, opener);
        const onLost = (reason: string): void => {
          if (this.stopped) return;
          this.scheduler.hostLost(host);
          this.events.push({ type: 'host-lost', host, reason, benched: false });
        };
        return remoteHost(host, opener, this.stage, false, { onLost, ...(more.clock && { clock: more.clock }) });
      });
    this.ready = async () => {
      for (const remote of remotes) {
        await remote.start();
        this.scheduler.hostReady(remote.host, remote.facts);
      }
    };
    this.dispatcher = new Dispatcher({
      scheduler: this.scheduler,
      hosts: remotes,
      stage: this.stage,
      sink: (event) => this.events.push(event),
      dist: { mode: 'auto' },
      local: new TargetSet(more.local ?? []),
      fallback: this.limits.fallback,
      partial: more.partial ?? false,
      subMakes: more.subMakes,
      noRetry: new TargetSet(more.noRetry ?? []),
      jobTimeout: more.jobTimeout,
      ...(more.clock && { clock: more.clock }),
      ...(more.runnerLoad && { runnerLoad: more.runnerLoad }),
      markers:
        more.markers === false
          ? undefined
          : { begin: ({ id }) => Buffer.from(`<${id}>`), end: ({ id }) => Buffer.from(`</${id}>`) },
    });
    this.dispatcher.makeStarted(MAKE, []);
  }

  /** Nobody cares any more for hosts that break off. */
  stopped = false;
  readonly ready: () => Promise<void>;

  static async create(
    hosts: readonly Host[] = [hostOf('a')],
    limits: Partial<Limits> = {},
    more: Setup = {},
  ): Promise<Rig> {
    const rig = new Rig(hosts, limits, more);
    await rig.ready();
    return rig;
  }

  opener(index = 0): MemoryHost {
    return this.openers.get(this.hosts[index] as Host) as MemoryHost;
  }

  /** What every host does for each command; others succeed. */
  act(script: Readonly<Record<string, Act>>): void {
    for (const opener of this.openers.values()) opener.act = (command) => script[command] ?? {};
  }

  /** A shim asks. */
  ask(
    target: string,
    options: Partial<Command> & {
      make?: number;
      here?: Outcome | Promise<Outcome>;
      directory?: string;
      expanded?: boolean;
    } = {},
  ): MemoryCall {
    const { make = MAKE, here, directory, expanded = false, ...command } = options;
    const call = new MemoryCall(make, here, directory);
    const text = command.command ?? `cc ${target}`;
    const whole: Command = {
      target,
      argv: ['/bin/sh', '-c', text],
      command: text,
      environment: [],
      changes: ['SHELL'],
      prerequisites: undefined,
      ...command,
    };
    call.expanded = expanded;
    this.calls.push(call);
    void this.dispatcher.dispatch(call, whole);
    return call;
  }

  /** `started a`, `finished a exited 0 again`, … of jobs and hosts, without what the runs of others mix in. */
  story(target?: string): string[] {
    const lines: string[] = [];
    for (const event of this.events) {
      if ('job' in event && target !== undefined && event.job.recipe.target !== target) continue;
      if (event.type === 'job-started') lines.push(`started ${event.place?.name ?? 'here'}`);
      else if (event.type === 'job-finished')
        lines.push(`finished ${event.place?.name ?? 'here'} ${words(event.outcome)}${event.again ? ' again' : ''}`);
      else if (event.type === 'host-lost') lines.push(`lost ${event.host.name}: ${event.reason}`);
      else if (event.type === 'message') lines.push(event.text);
    }
    return lines;
  }

  /** Places where jobs of a target were started. */
  places(target: string): string[] {
    return this.events.flatMap((event) =>
      event.type === 'job-started' && event.job.recipe.target === target ? [event.place?.name ?? 'here'] : [],
    );
  }

  /** `target class failure` of each recipe, when make has ended. */
  finish(failed: boolean): string[] {
    const states = this.dispatcher.finish(failed);
    const told = this.events.filter((event) => event.type === 'recipe-finished');
    const classOf = (state: RecipeState): string =>
      `${state.recipe.target} ${state.class ?? 'none'}${state.failure ? ` ${words(state.failure.outcome)}` : ''}`;
    expect(told.map(({ recipe }) => recipe.id).sort()).toEqual(
      states
        .filter((state) => state.class !== undefined)
        .map(({ recipe }) => recipe.id)
        .sort(),
    );
    for (const event of told) {
      const state = states.find(({ recipe }) => recipe === event.recipe);
      expect([event.class, event.failed]).toEqual([state?.class, state?.failure]);
    }
    return states.map(classOf).sort();
  }
}

function words(outcome: Outcome): string {
  return outcome.kind === 'exited' ? `exited ${outcome.status}` : outcome.kind;
}

let rig: Rig;

/** Nothing is left over: each call was answered once, nobody listens any more, no writer is open, all slots are free. */
afterEach(async () => {
  await settled();
  for (const call of rig.calls) {
    expect(call.exits.length).toBe(1);
    expect(call.listeners).toBe(0);
  }
  expect(rig.stage.writers.size).toBe(0);
  for (const { discarded } of rig.stage.arrivals) expect(discarded).toBe(1);
  const finished = rig.events.filter((event) => event.type === 'job-finished' && !event.again);
  expect(finished.length).toBe(rig.calls.length);
  for (const make of [MAKE, 78, 79]) rig.scheduler.drop(make);
  for (const host of rig.hosts) while (rig.scheduler.widen(host));
  const live = rig.hosts.filter((host) => rig.scheduler.isReady(host));
  const slots = live.reduce((sum, { slots }) => sum + (slots ?? 1), 0);
  const wanted = [
    ...Array.from({ length: slots }, () => 'dist' as const),
    ...Array.from({ length: rig.limits.processors }, () => 'stay' as const),
  ];
  const answers: unknown[] = [];
  for (const kind of wanted) {
    const wish = {
      kind,
      make: 1,
      bound: undefined,
      fresh: false,
      returned: false,
      hostsOnly: false,
      wide: false,
      weight: 0,
      suits: () => true,
    };
    void rig.scheduler.acquire(wish, new AbortController().signal).then((answer) => answers.push(answer));
  }
  await settled();
  // After stop there is nothing to be had.
  if (answers[0] === 'cancelled') return;
  expect(answers.length).toBe(Math.min(rig.scheduler.jobs, wanted.length));
});

describe('on a host', () => {
  test('it succeeds: output between markers, nothing here, counted remote', async () => {
    rig = await Rig.create();
    rig.act({
      'cc x.o': {
        text: [
          [1, 'out'],
          [1, 'put '],
          [2, 'err'],
          [1, 'more'],
        ],
      },
    });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    expect(call.printed).toEqual(['1:<1>output ', '2:err', '1:more</1>']);
    expect(call.ranLocally).toEqual([]);
    expect(rig.story()).toEqual(['started a', 'finished a exited 0']);
    expect(rig.finish(false)).toEqual(['x.o remote']);
  });

  test('without markers only what it printed', async () => {
    rig = await Rig.create([hostOf('a')], {}, { markers: false });
    rig.act({ 'cc x.o': { text: [[2, 'err']] } });
    const [call, silent] = [rig.ask('x.o'), rig.ask('y.o')];
    await settled();
    expect(call.printed).toEqual(['2:err']);
    expect(silent.printed).toEqual([]);
  });

  test('all lines of a recipe on one host', async () => {
    rig = await Rig.create([hostOf('a', 2), hostOf('b', 2)]);
    rig.ask('x.o');
    rig.ask('y.o');
    await settled();
    for (let n = 0; n < 3; n++) {
      rig.ask('y.o');
      await settled();
      rig.ask('x.o');
      await settled();
    }
    expect([rig.places('x.o'), rig.places('y.o')]).toEqual([
      ['a', 'a', 'a', 'a'],
      ['b', 'b', 'b', 'b'],
    ]);
    expect(rig.finish(false)).toEqual(['x.o remote', 'y.o remote']);
  });

  test('the same target of another make is another recipe', async () => {
    rig = await Rig.create([hostOf('a', 2), hostOf('b', 2)]);
    rig.dispatcher.makeStarted(78, []);
    rig.ask('x.o');
    rig.ask('x.o', { make: 78 });
    await settled();
    expect(rig.places('x.o')).toEqual(['a', 'b']);
    expect(rig.finish(false)).toEqual(['x.o remote', 'x.o remote']);
  });
});

describe('what stays', () => {
  test.each<[string, Parameters<Rig['ask']>[1] & { target?: string }]>([
    ['what is not whitelisted (B4)', { target: 'prog' }],
    ['what is whitelisted and marked local', { target: 'local.o' }],
    ['a recipe outside of the workspace', { directory: '/elsewhere' }],
    ['a recipe that calls make', { command: 'cd d && make x.o' }],
    ['make -n', { environment: ['MAKEFLAGS=n'] }],
    ['make -q', { environment: ['MAKEFLAGS=kq -j4'] }],
    ['make -t', { environment: ['MAKEFLAGS=t'] }],
    ['a recipe of a make that nobody told of', { make: 5 }],
  ])('%s', async (_, { target = 'x.o', ...options }) => {
    rig = await Rig.create([hostOf('a', 4)], {}, { local: ['local*'] });
    const call = rig.ask(target, options);
    await settled();
    expect(rig.places(target)).toEqual(['here']);
    expect(call.ranLocally.length).toBe(1);
    expect(rig.finish(false)).toEqual([`${target} local`]);
  });

  test('it runs with what make gave, between markers', async () => {
    rig = await Rig.create();
    const call = rig.ask('prog', { here: exited(0), argv: ['/bin/bash', '-ec', 'x'], changes: ['A=1', 'B'] });
    await settled();
    expect(call.ranLocally).toEqual([{ argv: ['/bin/bash', '-ec', 'x'], changes: ['A=1', 'B'] }]);
    expect(call.printed).toEqual(['1:<1>', '1:</1>']);
    expect(call.exits).toEqual([OK]);
  });

  test('it counts as a writer of the workspace for as long as it runs', async () => {
    rig = await Rig.create();
    const end = deferred<Outcome>();
    rig.ask('prog', { here: end.promise });
    await settled();
    expect(rig.stage.writers.size).toBe(1);
    end.resolve(OK);
    await settled();
    expect(rig.stage.writers.size).toBe(0);
  });

  test('named by .DIST, a whole sub-make leaves', async () => {
    rig = await Rig.create();
    rig.dispatcher.makeParsed(MAKE, { ...NO_MARKS, dist: ['sub', '%.o'] });
    expect(rig.stage.touched).toBeGreaterThan(0);
    rig.ask('sub', { command: 'make -C sub' });
    rig.ask('x.o', { command: 'make -C x' });
    await settled();
    expect([rig.places('sub'), rig.places('x.o')]).toEqual([['a'], ['here']]);
  });

  test('B6: hosts are full, the runner takes it; the other lines of that recipe stay', async () => {
    rig = await Rig.create([hostOf('a')], { localJobs: 1 });
    const gate = deferred<void>();
    rig.act({ 'cc x.o': { until: gate.promise } });
    rig.ask('x.o');
    rig.ask('y.o');
    await settled();
    expect(rig.places('y.o')).toEqual(['here']);
    gate.resolve();
    await settled();
    rig.ask('y.o');
    rig.ask('z.o');
    await settled();
    expect([rig.places('y.o'), rig.places('z.o')]).toEqual([['here', 'here'], ['a']]);
    expect(rig.finish(false)).toEqual(['x.o remote', 'y.o local', 'z.o remote']);
  });

  test('bare localhost is a place of its own, counted local, and its recipes stay there', async () => {
    rig = await Rig.create([hostOf('localhost', 1, true), hostOf('b', 1)]);
    const call = rig.ask('x.o');
    await settled();
    rig.ask('x.o');
    await settled();
    expect(rig.places('x.o')).toEqual(['localhost', 'localhost']);
    expect(call.ranLocally.length).toBe(1);
    expect(rig.finish(false)).toEqual(['x.o local']);
  });

  test("bare localhost's load is the runner's, told with the end of each job", async () => {
    const host = hostOf('localhost', 2, true);
    rig = await Rig.create([host], {}, { runnerLoad: () => [3, 2, 1] });
    const report = jest.spyOn(rig.scheduler, 'report');
    rig.ask('x.o');
    rig.ask('prog');
    await settled();
    expect(report.mock.calls).toEqual([[host, [3, 2, 1], true]]);
  });

  test('a shim that cannot be told to run is a bug, and costs no slot', async () => {
    rig = await Rig.create();
    const call = new MemoryCall(MAKE, Promise.reject(new Error('broken pipe')));
    const command: Command = {
      target: 'prog',
      argv: [],
      command: 'x',
      environment: [],
      changes: [],
      prerequisites: undefined,
    };
    await expect(rig.dispatcher.dispatch(call, command)).rejects.toThrow('broken pipe');
    expect(call.listeners).toBe(0);
  });
});

describe('a recipe that fails on a host', () => {
  test('and passes here: that counts; retried once; its later lines stay', async () => {
    rig = await Rig.create([hostOf('a', 4)]);
    rig.act({ 'cc x.o': { outcome: exited(3), text: [[2, 'no such header']] } });
    const call = rig.ask('x.o');
    await settled();
    rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    // What it said there is not what make sees.
    expect(call.printed).toEqual(['1:<1>', '1:</1>']);
    expect(rig.story()).toEqual([
      'started a',
      'finished a exited 3 again',
      'started here',
      'finished here exited 0',
      'started here',
      'finished here exited 0',
    ]);
    expect(rig.finish(false)).toEqual(['x.o retried']);
  });

  test('only the line that failed is run again', async () => {
    rig = await Rig.create();
    rig.act({ second: { outcome: exited(1) } });
    for (const command of ['first', 'second', 'third']) {
      rig.ask('x.o', { command });
      await settled();
    }
    expect(rig.places('x.o')).toEqual(['a', 'a', 'here', 'here']);
  });

  test('and here as well: the status is that from here', async () => {
    rig = await Rig.create();
    rig.act({ 'cc x.o': { outcome: exited(3) } });
    const call = rig.ask('x.o', { here: exited(4) });
    await settled();
    expect(call.exits).toEqual([exited(4)]);
    rig.dispatcher.verdict('x.o', false);
    expect(rig.finish(true)).toEqual(['x.o retried exited 4']);
  });

  test('by a signal, here: it is raised again', async () => {
    rig = await Rig.create();
    rig.act({ 'cc x.o': { outcome: { kind: 'signaled', signal: 11 } } });
    const call = rig.ask('x.o', { here: { kind: 'signaled', signal: 11 } });
    await settled();
    expect(call.exits).toEqual([{ kind: 'signaled', signal: 11 }]);
  });

  test('because what it wrote is refused: it is said, and it is run again', async () => {
    rig = await Rig.create();
    rig.stage.homecomings.push({ kind: 'refused', reason: 'x is a link that leads out' });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    expect(rig.story()).toEqual([
      'started a',
      'a: what the recipe of x.o wrote was not taken: x is a link that leads out',
      'finished a exited 0 again',
      'started here',
      'finished here exited 0',
    ]);
    expect(rig.finish(false)).toEqual(['x.o retried']);
  });

  test('because another has written the same file meanwhile: both are named, and it is run on top of that', async () => {
    rig = await Rig.create();
    const other = { id: 9, make: MAKE, target: 'y.o', directory: ROOT };
    rig.stage.homecomings.push({ kind: 'conflict', path: 'lib.a', other });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    const [, said, ...rest] = rig.story();
    expect(said).toMatch(
      /^lib\.a was written by the recipe of y\.o while the recipe of x\.o, .* ran on a: x\.o is made again/,
    );
    expect(rest).toEqual(['finished a exited 0 again', 'started here', 'finished here exited 0']);
    expect(rig.finish(false)).toEqual(['x.o retried']);
  });

  test('with parts of the tree alone, a job whose prerequisites are not known stays', async () => {
    rig = await Rig.create([hostOf('a')], {}, { partial: true });
    rig.ask('x.o');
    rig.ask('y.o', { prerequisites: { normal: ['y.c'], orderOnly: [] } });
    await settled();
    expect([...rig.places('x.o'), ...rig.places('y.o')]).toEqual(['here', 'a']);
  });

  test('without a file that it was not shown: the file is named', async () => {
    rig = await Rig.create();
    rig.act({ 'cc x.o': { outcome: exited(1) } });
    rig.stage.trees[0]!.visible = ['x.c'];
    rig.stage.absent = ['include/x.h'];
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    expect(rig.story()[1]).toBe(
      'a: the recipe of x.o failed without include/x.h, which the makefile does not name among its prerequisites',
    );
  });

  test('waits here for a processor, not for local-jobs', async () => {
    rig = await Rig.create([hostOf('a', 2)], { localJobs: 0, processors: 1 });
    rig.act({ 'cc x.o': { outcome: exited(1) }, 'cc y.o': { outcome: exited(1) } });
    const end = deferred<Outcome>();
    rig.ask('x.o', { here: end.promise });
    rig.ask('y.o', { here: end.promise });
    // The second lane takes its time to open.
    for (let n = 0; n < 3; n++) await settled();
    expect([...rig.places('x.o'), ...rig.places('y.o')].sort()).toEqual(['a', 'a', 'here']);
    end.resolve(OK);
  });

  test('it comes before anything new', async () => {
    rig = await Rig.create([hostOf('a')], { jobs: 1, processors: 1 });
    rig.act({ 'cc x.o': { outcome: exited(1) } });
    rig.ask('x.o');
    rig.ask('prog');
    await settled();
    const started = rig.events.flatMap((event) => (event.type === 'job-started' ? [event.job.recipe.target] : []));
    expect(started).toEqual(['x.o', 'x.o', 'prog']);
  });

  test('while its host is lost by another job: here all the same', async () => {
    rig = await Rig.create([hostOf('a', 2), hostOf('b', 2)]);
    const gate = deferred<void>();
    rig.act({ 'cc x.o': { outcome: exited(1), until: gate.promise } });
    rig.ask('x.o');
    await settled();
    rig.scheduler.hostLost(rig.hosts[0] as Host);
    gate.resolve();
    await settled();
    expect(rig.places('x.o')).toEqual(['a', 'here']);
  });
});

test('a look at the workspace is due where make may have written while it expanded a recipe', async () => {
  rig = await Rig.create();
  const touches = async (change: () => void): Promise<number> => {
    const before = rig.stage.touched;
    change();
    await settled();
    return rig.stage.touched - before;
  };
  expect(await touches(() => rig.ask('a.o'))).toBe(0);
  expect(await touches(() => rig.ask('b.o', { expanded: true }))).toBe(1);
  rig.dispatcher.makeParsed(MAKE, { ...NO_MARKS, writes: true });
  expect(await touches(() => rig.ask('c.o'))).toBe(1);
  rig.dispatcher.makeParsed(MAKE, NO_MARKS);
  expect(await touches(() => rig.ask('d.o'))).toBe(0);
});

test('whose target a file is: of recipes that may run on hosts alone, also of earlier makes', async () => {
  rig = await Rig.create();
  rig.ask('sub/../x.o');
  rig.ask('prog');
  await settled();
  rig.dispatcher.makeStarted(MAKE, []);
  rig.ask(`${ROOT}/x.o`);
  await settled();
  const names = (path: string): string[] => rig.dispatcher.makersOf(path).map(({ target }) => target);
  expect(names(`${ROOT}/x.o`)).toEqual(['sub/../x.o', `${ROOT}/x.o`]);
  expect(names(`${ROOT}/prog`)).toEqual([]);
  expect(names(`${ROOT}/y.o`)).toEqual([]);
});

describe('fallback never', () => {
  test('a failure on a host stands, with its output, and its other files come home (B9)', async () => {
    rig = await Rig.create([hostOf('a')], { fallback: 'never' });
    rig.act({ 'cc x.o': { outcome: exited(3), text: [[2, 'no such header']] } });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([exited(3)]);
    expect(call.printed).toEqual(['1:<1>', '2:no such header', '1:</1>']);
    expect(call.ranLocally).toEqual([]);
    expect(rig.opener().requests[0]?.keep).toEqual({ except: 'x.o' });
    rig.dispatcher.verdict('x.o', false);
    expect(rig.finish(true)).toEqual(['x.o remote exited 3']);
  });

  test('what another has written meanwhile sends it to a host once more', async () => {
    rig = await Rig.create([hostOf('a')], { fallback: 'never' });
    rig.stage.homecomings.push({ kind: 'conflict', path: 'log', other: undefined });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    expect(rig.story()[1]).toMatch(/^log was written by a recipe on the runner while/);
    expect(rig.places('x.o')).toEqual(['a', 'a']);
    expect(call.ranLocally).toEqual([]);
  });

  test('what others write again and again ends after a while, with status 1', async () => {
    rig = await Rig.create([hostOf('a')], { fallback: 'never' });
    for (let n = 0; n < 50; n++) rig.stage.homecomings.push({ kind: 'conflict', path: 'log', other: undefined });
    const call = rig.ask('x.o');
    for (let n = 0; n < 20; n++) await settled();
    expect(call.exits).toEqual([exited(1)]);
    expect(rig.places('x.o')).toHaveLength(20);
  });

  test('what is refused fails with status 1', async () => {
    rig = await Rig.create([hostOf('a')], { fallback: 'never' });
    rig.stage.homecomings.push({ kind: 'refused', reason: 'x' });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([exited(1)]);
    expect(call.ranLocally).toEqual([]);
  });

  test("no host is left: status 2, and why; make's word on it counts", async () => {
    rig = await Rig.create([hostOf('a')], { fallback: 'never' });
    rig.act({ 'cc x.o': { breaks: 'it went away' } });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([exited(2)]);
    expect(call.printed).toEqual([
      '1:<1>',
      expect.stringMatching(
        /^2:distmake: no host is left for x\.o, and fallback is never: all were left out, or were lost /,
      ),
      '1:</1>',
    ]);
    expect(rig.story()).toEqual([
      'started a',
      'lost a: it went away',
      'finished a host-lost again',
      'finished here exited 2',
    ]);
    const waiting = rig.ask('prog');
    await settled();
    expect(rig.places('prog')).toEqual([]);
    rig.dispatcher.verdict('x.o', false);
    await settled();
    expect(waiting.exits).toEqual([exited(1)]);
    expect(rig.finish(true)).toEqual(['prog none', 'x.o local exited 2']);
  });
});

describe('a host whose owner allows no more (D10)', () => {
  /** Others hold all of it, or all but so many. */
  const full = (left = 0): Cap => {
    const cap = new Cap(4);
    for (let n = left; n < 4; n++) cap.take();
    return cap;
  };

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test('its job goes to another host; it has started there alone', async () => {
    rig = await Rig.create([hostOf('a', 2), hostOf('b')], {}, { cap: full() });
    const call = rig.ask('x.o');
    await settled();
    expect(rig.opener().commands).toEqual(['cc x.o']);
    expect(rig.story()).toEqual(['started b', 'finished b exited 0']);
    expect(call.printed).toEqual(['1:<1></1>']);
    expect(rig.finish(false)).toEqual(['x.o remote']);
  });

  test('or to the runner, as far as local-jobs goes', async () => {
    rig = await Rig.create([hostOf('a', 2)], { localJobs: 1 }, { cap: full() });
    rig.ask('x.o');
    await settled();
    expect(rig.story()).toEqual(['started here', 'finished here exited 0']);
    expect(rig.finish(false)).toEqual(['x.o local']);
  });

  test('or waits until the host is tried again, less and less often', async () => {
    const cap = full();
    rig = await Rig.create([hostOf('a', 2)], { localJobs: 0 }, { cap });
    rig.ask('x.o');
    await settled();
    const tries: number[] = [];
    for (let ms = 0; ms < 4000; ms += 50) {
      if (cap.refused > tries.length) tries.push(ms);
      await jest.advanceTimersByTimeAsync(50);
      await settled();
    }
    expect(tries).toEqual([0, 50, 150, 350, 750, 1550, 2550, 3550]);
    expect(rig.story()).toEqual([]);
    cap.give();
    await jest.advanceTimersByTimeAsync(1000);
    await settled();
    expect(rig.story()).toEqual(['started a', 'finished a exited 0']);
  });

  test('one of ours that ends there makes room at once', async () => {
    rig = await Rig.create([hostOf('a', 3)], { localJobs: 0 }, { cap: full(1) });
    const gate = deferred<void>();
    rig.act({ 'cc x.o': { until: gate.promise } });
    for (const target of ['x.o', 'y.o', 'z.o']) rig.ask(target);
    await settled();
    expect(rig.opener().ran).toEqual(['cc x.o']);
    gate.resolve();
    await settled();
    expect(rig.opener().ran).toEqual(['cc x.o', 'cc y.o', 'cc z.o']);
  });

  test('the other lines of a recipe wait for it, with another host idle', async () => {
    const cap = full(1);
    rig = await Rig.create([hostOf('a'), hostOf('b')], { localJobs: 4 }, { cap });
    rig.ask('x.o');
    await settled();
    cap.take();
    rig.ask('x.o');
    await settled();
    expect(rig.opener().commands.length).toBe(2);
    cap.give();
    await jest.advanceTimersByTimeAsync(50);
    await settled();
    expect(rig.places('x.o')).toEqual(['a', 'a']);
    expect(rig.finish(false)).toEqual(['x.o remote']);
  });

  test('what was turned away keeps its place in the order', async () => {
    const cap = full();
    rig = await Rig.create([hostOf('a')], { localJobs: 0 }, { cap });
    for (const target of ['x.o', 'y.o']) rig.ask(target);
    await settled();
    cap.give();
    await jest.advanceTimersByTimeAsync(50);
    await settled();
    expect(rig.opener().ran).toEqual(['cc x.o', 'cc y.o']);
  });

  test('a job that waits for it ends at once when its shim goes', async () => {
    rig = await Rig.create([hostOf('a')], { localJobs: 0 }, { cap: full() });
    const call = rig.ask('x.o');
    await settled();
    call.vanish();
    await settled();
    expect(rig.story()).toEqual(['finished here cancelled']);
  });

  test('stop ends what waits, and nobody tries again', async () => {
    rig = await Rig.create([hostOf('a')], { localJobs: 0 }, { cap: full() });
    rig.ask('x.o');
    await settled();
    rig.dispatcher.stop();
    await settled();
    expect(rig.story()).toEqual(['finished here cancelled']);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('turned away after its make has failed, it does not start any more', async () => {
    const cap = full(1);
    rig = await Rig.create([hostOf('a', 2)], { localJobs: 0 }, { cap });
    const [gate, slow] = [deferred<void>(), deferred<void>()];
    rig.act({ 'cc x.o': { until: gate.promise, outcome: exited(1) } });
    rig.ask('x.o', { here: exited(1) });
    await settled();
    cap.slow = slow.promise;
    const late = rig.ask('y.o');
    await settled();
    gate.resolve();
    await settled();
    cap.take();
    rig.dispatcher.verdict('x.o', false);
    slow.resolve();
    await settled();
    expect(rig.story('y.o')).toEqual(['finished here cancelled']);
    expect(late.exits.length).toBe(1);
    expect(cap.refused).toBe(1);
  });

  test('a job that is lost there has started all the same', async () => {
    rig = await Rig.create([hostOf('a'), hostOf('b')], {}, { cap: new Cap(1) });
    rig.opener().act = () => ({ breaks: 'gone' });
    rig.ask('x.o');
    await settled();
    expect(rig.story('x.o')).toEqual([
      'lost a: gone',
      'started a',
      'finished a host-lost again',
      'started b',
      'finished b exited 0',
    ]);
  });

  test('two runs that share it both come to their end, and never have more', async () => {
    jest.useRealTimers();
    const cap = new Cap(3);
    const short = (): Act => ({ until: new Promise((resolve) => void setTimeout(resolve, 5)) });
    const rigs = await Promise.all(
      [1, 2].map(() => Rig.create([hostOf('a', 3)], { jobs: 'places', localJobs: 0 }, { cap })),
    );
    for (const one of rigs) {
      one.opener().act = short;
      for (let n = 0; n < 12; n++) one.ask(`x${n}.o`);
    }
    while (rigs.some(({ calls }) => calls.some(({ exits }) => exits.length === 0))) {
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
    expect([cap.peak, cap.running]).toEqual([3, 0]);
    expect(cap.refused).toBeGreaterThan(0);
    for (const one of rigs) expect(one.opener().ran.length).toBe(12);
    [rig] = rigs as [Rig, Rig];
  });
});

describe('a host that is lost', () => {
  test('its job goes elsewhere, and the rest of the recipe too', async () => {
    rig = await Rig.create([hostOf('a'), hostOf('b')]);
    rig.opener(0).act = () => ({ breaks: 'it went away' });
    const call = rig.ask('x.o');
    await settled();
    rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    expect(rig.story()).toEqual([
      'started a',
      'lost a: it went away',
      'finished a host-lost again',
      'started b',
      'finished b exited 0',
      'started b',
      'finished b exited 0',
    ]);
    expect(rig.finish(false)).toEqual(['x.o remote']);
  });

  test('with several jobs: it is said once, and each goes elsewhere', async () => {
    rig = await Rig.create([hostOf('a', 3), hostOf('b', 1)], { localJobs: 1 });
    rig.opener(0).act = (command) => (command === 'cc bad.o' ? { breaks: 'it went away' } : FOREVER);
    const gate = deferred<void>();
    rig.opener(1).act = () => ({ until: gate.promise });
    for (const target of ['x.o', 'y.o', 'z.o']) rig.ask(target);
    await settled();
    rig.ask('bad.o');
    await settled();
    gate.resolve();
    await settled();
    expect([rig.places('x.o')[0], rig.places('z.o')[0], rig.places('bad.o')[0]]).toEqual(['a', 'a', 'a']);
    expect(rig.story().filter((line) => line.startsWith('lost'))).toEqual(['lost a: it went away']);
    expect(rig.calls.map(({ exits }) => exits)).toEqual([[OK], [OK], [OK], [OK]]);
  });

  test('all lost: the runner', async () => {
    rig = await Rig.create([hostOf('a'), hostOf('b')], { localJobs: 0 });
    rig.act({ 'cc x.o': { breaks: 'it went away' } });
    const call = rig.ask('x.o');
    await settled();
    expect(call.exits).toEqual([OK]);
    expect(rig.places('x.o')).toEqual(['a', 'b', 'here']);
    expect(rig.finish(false)).toEqual(['x.o retried']);
  });
});

describe('a target in no-retry', () => {
  const once = { noRetry: ['push.o'] };

  test('fails where its host is lost while it may run, and says so', async () => {
    rig = await Rig.create([hostOf('a'), hostOf('b')], {}, once);
    rig.act({ 'cc push.o': { breaks: 'gone' } });
    const call = rig.ask('push.o');
    await settled();
    expect(call.exits).toEqual([exited(1)]);
    expect(rig.places('push.o')).toEqual(['a']);
    expect(call.printed.join('')).toContain('a was lost while it ran push.o (gone): no-retry forbids');
    rig.dispatcher.verdict('push.o', false);
    expect(rig.finish(true)).toEqual(['push.o remote host-lost']);
  });

  test('is not run again on the runner when it fails on a host', async () => {
    rig = await Rig.create([hostOf('a')], {}, once);
    rig.act({ 'cc push.o': { outcome: exited(3) } });
    const call = rig.ask('push.o');
    await settled();
    expect([call.exits, call.ranLocally]).toEqual([[exited(3)], []]);
    expect(rig.opener().requests[0]?.keep).toBeDefined();
  });
});

describe('job-timeout', () => {
  const LATE: Outcome = { kind: 'timed-out', limit: 'time', seconds: 60 };

  test('a job that takes too long is killed, and runs once more elsewhere', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a'), hostOf('b')], {}, { clock, jobTimeout: 60 });
    rig.opener().act = () => FOREVER;
    const call = rig.ask('x.o');
    await clock.pass(60_000);
    expect(call.exits).toEqual([OK]);
    expect(rig.story('x.o')).toEqual(['started a', 'finished a timed-out again', 'started b', 'finished b exited 0']);
  });

  test('the second time it fails; there is no third', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a'), hostOf('b')], {}, { clock, jobTimeout: 60 });
    rig.act({ 'cc x.o': FOREVER });
    const call = rig.ask('x.o');
    await clock.pass(120_000);
    expect(call.exits).toEqual([LATE]);
    expect(rig.places('x.o')).toEqual(['a', 'b']);
    expect(call.printed.join('')).toContain(
      'x.o on b: killed after 60 s (job-timeout), as on a before; raise job-timeout',
    );
  });

  test('with one host alone elsewhere is the runner, where the limit counts too', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a')], {}, { clock, jobTimeout: 60 });
    rig.act({ 'cc x.o': FOREVER });
    const call = rig.ask('x.o', { here: new Promise<never>(() => undefined) });
    await clock.pass(120_000);
    expect([call.exits, call.killed]).toEqual([[LATE], 1]);
    expect(rig.places('x.o')).toEqual(['a', 'here']);
  });

  test('on the runner first, then on a host', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a')], { localJobs: 1 }, { clock, jobTimeout: 60 });
    rig.act({ 'cc big.o': { until: clock.pause(30_000) } });
    rig.ask('big.o');
    const call = rig.ask('x.o', { here: new Promise<never>(() => undefined) });
    await clock.pass(60_000);
    expect([call.exits, call.killed]).toEqual([[OK], 1]);
    expect(rig.places('x.o')).toEqual(['here', 'a']);
  });

  test('where nothing else may take it, that it took too long is its end', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a')], { fallback: 'never' }, { clock, jobTimeout: 60 });
    rig.act({ 'cc x.o': FOREVER });
    const call = rig.ask('x.o');
    await clock.pass(60_000);
    expect(call.exits).toEqual([LATE]);
    expect(call.printed.join('')).toContain(
      'x.o on a: killed after 60 s (job-timeout); raise job-timeout if it needs longer; nothing else',
    );
  });

  test('does not count any more for a recipe that only waits for a make', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a')], { localJobs: 1 }, { clock, jobTimeout: 60 });
    rig.act({ 'cc big.o': FOREVER });
    rig.ask('big.o');
    const call = rig.ask('x.o', { here: clock.pause(1e6).then(() => OK) });
    await clock.pass(1000);
    rig.dispatcher.makeStarted(99, [call.pid]);
    await clock.pass(1e6);
    expect([call.exits, call.killed]).toEqual([[OK], 0]);
  });

  test('does not count for what stays', async () => {
    const clock = new TestClock();
    rig = await Rig.create([hostOf('a')], {}, { clock, jobTimeout: 60 });
    const call = rig.ask('all', { here: clock.pause(1e6).then(() => OK) });
    await clock.pass(1e6);
    expect([call.exits, call.killed]).toEqual([[OK], 0]);
  });

  test('a host whose job says nothing for so long is stuck (E20)', async () => {
    const clock = new TestClock();
    rig = await Rig.create([{ ...hostOf('a'), stuck: 20 }], {}, { clock });
    rig.act({ 'cc x.o': FOREVER });
    const call = rig.ask('x.o');
    await clock.pass(20_000);
    expect(call.exits).toEqual([OK]);
    expect(rig.places('x.o')).toEqual(['a', 'here']);
  });
});

describe('a shim that goes', () => {
  test('while its job runs on a host: it is killed there, and the host goes on', async () => {
    rig = await Rig.create();
    rig.act({ 'cc x.o': FOREVER });
    const call = rig.ask('x.o');
    await settled();
    call.vanish();
    await settled();
    expect(rig.story()).toEqual(['started a', 'finished a cancelled']);
    expect(call.ranLocally).toEqual([]);
    rig.ask('y.o');
    await settled();
    expect(rig.places('y.o')).toEqual(['a']);
  });

  test('while it waits, while it runs here, and before it was answered', async () => {
    rig = await Rig.create([hostOf('a')], { localJobs: 0, processors: 1 });
    rig.act({ 'cc x.o': FOREVER });
    const running = rig.ask('x.o');
    await settled();
    const [waiting, here] = [rig.ask('y.o'), rig.ask('prog', { here: new Promise(() => undefined) })];
    await settled();
    for (const call of [waiting, here, running]) call.vanish();
    const early = new MemoryCall(MAKE);
    early.vanish();
    rig.calls.push(early);
    await rig.dispatcher.dispatch(early, {
      target: 'z.o',
      argv: [],
      command: 'z',
      environment: [],
      changes: [],
      prerequisites: undefined,
    });
    await settled();
    expect([rig.story('y.o'), rig.story('prog'), rig.story('z.o')]).toEqual([
      ['finished here cancelled'],
      ['started here', 'finished here cancelled'],
      ['finished here cancelled'],
    ]);
  });

  test('stop ends everything, and nothing starts any more; a connection that is closed with it is not a host lost', async () => {
    rig = await Rig.create([hostOf('a')], { localJobs: 0 });
    rig.act({ 'cc x.o': FOREVER });
    const [running, waiting] = [rig.ask('x.o'), rig.ask('y.o')];
    await settled();
    rig.stopped = true;
    rig.dispatcher.stop();
    for (const lane of rig.opener().lanes) lane.close();
    await settled();
    const late = rig.ask('prog');
    await settled();
    for (const call of [running, waiting, late]) expect(call.exits).toEqual([exited(1)]);
    expect(rig.story().sort()).toEqual([
      'finished a cancelled',
      'finished here cancelled',
      'finished here cancelled',
      'started a',
    ]);
  });
});

describe('recursion', () => {
  test('a job that waits for a sub-make has no slot: none is needed at jobs 1, two levels deep', async () => {
    rig = await Rig.create([hostOf('a')], { jobs: 1, processors: 1 });
    const [outer, inner] = [deferred<Outcome>(), deferred<Outcome>()];
    const first = rig.ask('all', { command: 'make -C sub', here: outer.promise });
    await settled();
    rig.dispatcher.makeStarted(78, [50, first.pid, MAKE, 1]);
    const second = rig.ask('sub', { make: 78, command: 'make -C deep', here: inner.promise });
    await settled();
    expect(rig.places('sub')).toEqual(['here']);
    // The nearest of the ancestors is its parent: the job of the second level.
    rig.dispatcher.makeStarted(79, [60, second.pid, 78, 50, first.pid, MAKE, 1]);
    rig.ask('x.o', { make: 79 });
    rig.ask('y.o', { make: 79 });
    await settled();
    expect([rig.places('x.o'), rig.places('y.o')]).toEqual([['a'], ['a']]);
    expect([rig.dispatcher.isRecursive(1), rig.dispatcher.isRecursive(2), rig.dispatcher.isRecursive(3)]).toEqual([
      true,
      true,
      false,
    ]);
    inner.resolve(OK);
    outer.resolve(OK);
    await settled();
    expect(rig.finish(false)).toEqual(['all recursive', 'sub recursive', 'x.o remote', 'y.o remote']);
  });

  test('while it waits it writes nothing; when it ends it may have', async () => {
    rig = await Rig.create();
    const end = deferred<Outcome>();
    const outer = rig.ask('all', { command: 'make -C sub', here: end.promise });
    await settled();
    rig.dispatcher.makeStarted(78, [outer.pid]);
    expect(rig.stage.writers.size).toBe(0);
    const before = rig.stage.touched;
    end.resolve(OK);
    await settled();
    expect(rig.stage.touched).toBeGreaterThan(before);
  });

  test('other lines of the recipe make it a local one', async () => {
    rig = await Rig.create();
    const outer = rig.ask('all', { here: settled().then(() => OK) });
    rig.dispatcher.makeStarted(78, [outer.pid]);
    await settled();
    rig.ask('all', { command: 'echo done' });
    await settled();
    expect(rig.finish(false)).toEqual(['all local']);
  });

  test('the recipes of a make whose process id is used again are kept', async () => {
    rig = await Rig.create([hostOf('a', 2)]);
    rig.dispatcher.makeStarted(78, []);
    rig.ask('x.o', { make: 78 });
    await settled();
    rig.dispatcher.makeStarted(78, []);
    rig.ask('x.o', { make: 78 });
    await settled();
    expect(rig.finish(false)).toEqual(['x.o remote', 'x.o remote']);
  });
});

describe('after a failure', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'queueMicrotask', 'Date', 'hrtime'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const fail = { here: exited(2) };

  test('nothing fresh starts until make has said what it means; then nothing at all', async () => {
    rig = await Rig.create([hostOf('a', 4)]);
    const gate = deferred<void>();
    rig.act({ 'begun 1': { until: gate.promise } });
    rig.ask('begun.o', { command: 'begun 1' });
    await settled();
    const failed = rig.ask('bad', fail);
    await settled();
    expect(failed.exits).toEqual([exited(2)]);
    const waiting = rig.ask('x.o');
    await settled();
    expect(rig.places('x.o')).toEqual([]);
    expect(rig.dispatcher.isDropped('x.o')).toBe(false);
    rig.dispatcher.verdict('bad', false);
    await settled();
    expect(waiting.exits).toEqual([exited(1)]);
    // Its echo is there and must be known as that of a job.
    expect(waiting.printed).toEqual(['1:<3></3>']);
    expect(rig.dispatcher.isDropped('x.o')).toBe(true);
    // What make asks for afterwards does not start either, whether the line is one that make ignores or not.
    const late = rig.ask('y.o');
    await settled();
    expect([late.exits, late.printed, rig.dispatcher.isDropped('y.o')]).toEqual([[exited(1)], ['1:<4></4>'], true]);
    rig.ask('y.o');
    await settled();
    expect(rig.places('y.o')).toEqual([]);
    // What has begun goes on.
    gate.resolve();
    await settled();
    rig.ask('begun.o', { command: 'begun 2' });
    await settled();
    expect(rig.places('begun.o')).toEqual(['a', 'a']);
    expect(rig.finish(true)).toEqual(['bad local exited 2', 'begun.o remote', 'x.o none', 'y.o none']);
  });

  test('not even what waited for the slot of the one that failed', async () => {
    rig = await Rig.create([hostOf('a')], { jobs: 1, fallback: 'never' });
    rig.act({ 'cc bad.o': { outcome: exited(2) } });
    rig.ask('bad.o');
    const waiting = [rig.ask('x.o'), rig.ask('prog')];
    await settled();
    rig.dispatcher.verdict('bad.o', false);
    await settled();
    expect([rig.places('bad.o'), rig.places('x.o'), rig.places('prog')]).toEqual([['a'], [], []]);
    for (const call of waiting) expect(call.exits).toEqual([exited(1)]);
  });

  test('make may delete the target, so the workspace is looked at again', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    await settled();
    const before = rig.stage.touched;
    rig.dispatcher.verdict('bad', false);
    expect(rig.stage.touched).toBeGreaterThan(before);
  });

  test('other makes are not concerned', async () => {
    rig = await Rig.create();
    rig.dispatcher.makeStarted(78, []);
    rig.ask('bad', fail);
    await settled();
    rig.ask('x.o', { make: 78 });
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
    rig.dispatcher.verdict('bad', false);
  });

  test('a line that failed on a host is run again here also when another recipe has failed meanwhile', async () => {
    rig = await Rig.create([hostOf('a', 4)], { processors: 1 });
    rig.act({ 'cc x.o': { outcome: exited(1) } });
    const end = deferred<Outcome>();
    rig.ask('bad', { here: end.promise });
    const call = rig.ask('x.o');
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
    end.resolve(exited(2));
    await settled();
    rig.dispatcher.verdict('bad', false);
    await settled();
    expect(rig.places('x.o')).toEqual(['a', 'here']);
    expect(call.exits).toEqual([OK]);
  });

  test('with -k and -i all goes on', async () => {
    for (const flags of ['k', 'i', 'ks -j4']) {
      rig = await Rig.create();
      rig.ask('bad', { ...fail, environment: [`MAKEFLAGS=${flags}`] });
      await settled();
      rig.ask('x.o');
      await settled();
      expect(rig.places('x.o')).toEqual(['a']);
      rig.dispatcher.verdict('bad', flags === 'i');
      rig.ask('y.o');
      await settled();
      expect(rig.places('y.o')).toEqual(['a']);
      expect(rig.finish(flags !== 'i')).toEqual([
        flags === 'i' ? 'bad local' : 'bad local exited 2',
        'x.o remote',
        'y.o remote',
      ]);
    }
  });

  test('one that make ignores: all goes on when it says so', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    await settled();
    rig.ask('x.o');
    await settled();
    expect(rig.places('x.o')).toEqual([]);
    rig.dispatcher.verdict('bad', true);
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
    expect(rig.finish(false)).toEqual(['bad local', 'x.o remote']);
  });

  test('or as soon as it goes on with the recipe: its word comes with the output, at the end of the recipe', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    await settled();
    rig.ask('x.o');
    rig.ask('bad');
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
    rig.dispatcher.verdict('bad', true);
    rig.ask('y.o');
    await settled();
    expect(rig.places('y.o')).toEqual(['a']);
    expect(rig.finish(false)).toEqual(['bad local', 'x.o remote', 'y.o remote']);
  });

  test('an ignored failure and then one that counts: both words come together', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    await settled();
    rig.ask('bad', { here: exited(5) });
    await settled();
    const waiting = rig.ask('x.o');
    await settled();
    rig.dispatcher.verdict('bad', true);
    await settled();
    expect(rig.places('x.o')).toEqual([]);
    rig.dispatcher.verdict('bad', false);
    await settled();
    expect(waiting.exits).toEqual([exited(1)]);
    expect(rig.finish(true)).toEqual(['bad local exited 5', 'x.o none']);
  });

  test('two failures of one make: both must be settled', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    rig.ask('worse', fail);
    await settled();
    rig.ask('x.o');
    rig.dispatcher.verdict('bad', true);
    await settled();
    expect(rig.places('x.o')).toEqual([]);
    rig.dispatcher.verdict('worse', true);
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
  });

  test('no word comes: after a while all goes on', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    await settled();
    rig.ask('x.o');
    await settled();
    expect(rig.places('x.o')).toEqual([]);
    jest.advanceTimersByTime(3000);
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
    // The wait for one is over only once.
    rig.ask('worse', fail);
    await settled();
    rig.ask('y.o');
    rig.dispatcher.verdict('bad', true);
    await settled();
    expect(rig.places('y.o')).toEqual([]);
    jest.advanceTimersByTime(3000);
    await settled();
  });

  test('the wait for one that is over does not end that for the next', async () => {
    rig = await Rig.create();
    rig.ask('bad', fail);
    await settled();
    jest.advanceTimersByTime(2000);
    rig.dispatcher.verdict('bad', true);
    rig.ask('worse', fail);
    await settled();
    rig.ask('x.o');
    jest.advanceTimersByTime(2000);
    await settled();
    expect(rig.places('x.o')).toEqual([]);
    jest.advanceTimersByTime(1000);
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
  });

  test("make's word on a recipe that failed is shown although one of the same name was dropped", async () => {
    rig = await Rig.create([hostOf('a')], { localJobs: 0 });
    rig.dispatcher.makeStarted(78, []);
    rig.ask('bad', fail);
    await settled();
    rig.ask('same', {});
    await settled();
    rig.dispatcher.verdict('bad', false);
    rig.ask('same', { make: 78, ...fail });
    await settled();
    expect(rig.dispatcher.isDropped('same')).toBe(false);
    rig.dispatcher.verdict('same', false);
    expect(rig.dispatcher.isDropped('same')).toBe(true);
    expect(rig.finish(true)).toEqual(['bad local exited 2', 'same local exited 2', 'same none']);
  });

  test('without markers its word is not ours to read, and nothing waits for it', async () => {
    rig = await Rig.create([hostOf('a')], {}, { markers: false });
    rig.ask('bad', fail);
    await settled();
    rig.ask('x.o');
    await settled();
    expect(rig.places('x.o')).toEqual(['a']);
    expect(rig.finish(true)).toEqual(['bad local exited 2', 'x.o remote']);
  });

  test('a word on something else changes nothing', async () => {
    rig = await Rig.create();
    rig.ask('x.o');
    await settled();
    rig.dispatcher.verdict('x.o', false);
    rig.dispatcher.verdict('unknown', true);
    rig.ask('y.o');
    await settled();
    expect(rig.places('y.o')).toEqual(['a']);
    expect(rig.finish(false)).toEqual(['x.o remote', 'y.o remote']);
  });
});

describe('the end', () => {
  test("a failure without make's word: with the log in our hands it was none, else make's status tells", async () => {
    const cases: [boolean, boolean, string][] = [
      [true, true, 'bad local'],
      [true, false, 'bad local'],
      [false, true, 'bad local exited 2'],
      [false, false, 'bad local'],
    ];
    for (const [markers, failed, expected] of cases) {
      rig = await Rig.create([], {}, { markers });
      rig.ask('bad', { here: exited(2) });
      await settled();
      expect(rig.finish(failed)).toEqual([expected]);
    }
  });

  test('each recipe is told of once', async () => {
    rig = await Rig.create();
    rig.ask('x.o');
    await settled();
    rig.finish(false);
    rig.finish(false);
    expect(rig.events.filter(({ type }) => type === 'recipe-finished').length).toBe(1);
  });
});

test('a job is known by its id until its text has come; a recursive one for good', async () => {
  rig = await Rig.create();
  rig.ask('x.o');
  await settled();
  expect(rig.dispatcher.jobById(1)?.recipe).toMatchObject({ target: 'x.o', make: MAKE, directory: ROOT });
  rig.dispatcher.textCame(1);
  expect(rig.dispatcher.jobById(1)).toBeUndefined();
  const outer = rig.ask('all', { here: settled().then(() => OK) });
  await new Promise((resolve) => void setImmediate(resolve));
  rig.dispatcher.makeStarted(78, [outer.pid]);
  rig.dispatcher.textCame(2);
  expect(rig.dispatcher.jobById(2)?.recipe.target).toBe('all');
  expect(rig.dispatcher.jobById(9)).toBeUndefined();
});

describe('a sub-make that would run on a host as a whole (P5)', () => {
  const NEVER = { fallback: 'never' as const, localJobs: 0 };
  const ask = async (hosts: readonly Host[], check: SubMakeCheck['check'], command: string): Promise<void> => {
    rig = await Rig.create(hosts, NEVER, { subMakes: { check } });
    rig.dispatcher.makeParsed(MAKE, { ...NO_MARKS, dist: ['sub'] });
    rig.ask('sub', { command });
    await settled();
  };

  test('is refused with the reason', async () => {
    await ask([hostOf('a')], () => Promise.resolve('the graphs differ'), 'cd d && make all');
    expect(rig.calls[0]?.printed).toContain('2:distmake: the graphs differ\n');
    expect(rig.story()).toEqual(['finished here exited 2']);
  });

  test('runs when there is none; a host that fails meanwhile is lost, and the next one is asked', async () => {
    const asked: string[] = [];
    const check: SubMakeCheck['check'] = (_job, { host }) => {
      asked.push(host.name);
      return host.name === 'a' ? Promise.reject(new Error('gone')) : Promise.resolve(undefined);
    };
    await ask([hostOf('a'), hostOf('b')], check, 'cd d && make all');
    expect(rig.story()).toEqual(['lost a: gone', 'finished a host-lost again', 'started b', 'finished b exited 0']);
    expect(asked).toEqual(['a', 'b']);
  });

  test('nothing else is checked', async () => {
    await ask([hostOf('a')], () => Promise.resolve('no'), 'cc -c x.c');
    expect(rig.story()).toEqual(['started a', 'finished a exited 0']);
  });
});
