import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MemoryOutput } from '../../../src/engine/job-output.ts';
import type { Lane, RemoteResult } from '../../../src/engine/ports.ts';
import type { RemoteHost } from '../../../src/engine/remote-host.ts';
import type { Job } from '../../../src/model/job.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { Cap, ENTRY, exited, hostOf, MemoryHost, MemoryStage, OK, remoteHost, ROOT, settled } from './rig.ts';

let opener: MemoryHost;
let stage: MemoryStage;
let remote: RemoteHost;

beforeEach(() => {
  opener = new MemoryHost();
  stage = new MemoryStage();
  remote = remoteHost(hostOf('a', 4), opener, stage);
});

const SIGNAL = new AbortController().signal;

function jobOf(command: string, more: Partial<Job> = {}): Job {
  const recipe = { id: 1, make: 1, target: 'x.o', directory: `${ROOT}/sub` };
  return {
    id: 1,
    recipe,
    directory: `${ROOT}/sub`,
    argv: ['/bin/sh', '-c', command],
    command,
    environment: [],
    umask: 0o27,
    prerequisites: undefined,
    ...more,
  };
}

/** A job that is not turned away. */
const ONE = { keepOutputs: false, slots: 1 };

async function run(job: Job, keepOutputs = false, signal = SIGNAL): Promise<RemoteResult> {
  const result = await remote.run(job, { keepOutputs, slots: 1 }, signal);
  if (!result) throw new Error('turned away');
  return result;
}

describe('coming up', () => {
  test('over a slow link, with how little it was', async () => {
    opener.slow = true;
    expect(await remote.start()).toMatchObject({ bytes: 30, compressed: 7 });
  });

  test('one lane, the whole workspace, and what it took', async () => {
    const staging = await remote.start();
    expect(staging).toMatchObject({ sandbox: 'overlay', files: 2, bytes: 30 });
    expect(staging.seconds).toBeGreaterThanOrEqual(0);
    expect(opener.setups).toEqual([
      {
        staging: '/tmp/make-x',
        workspace: ROOT,
        number: 1,
        create: true,
        sandbox: 'overlay',
        partial: false,
        token: undefined,
        setup: '',
        startup: '',
        ownersFile: 'optional',
        patience: 15,
      },
    ]);
    expect(opener.lanes[0]?.synced).toEqual([ENTRY]);
  });

  test('the reason is passed on when it does not', async () => {
    opener.refuses = 'no route to it';
    await expect(remote.start()).rejects.toThrow('no route to it');
  });
});

test('its start-up command is for the first lane alone (E15)', async () => {
  remote = remoteHost({ ...hostOf('a', 4), startup: 'mount it' }, opener, stage);
  await remote.start();
  const gate = deferred<void>();
  opener.act = () => ({ until: gate.promise });
  const results = [run(jobOf('cc')), run(jobOf('ld'))];
  await settled();
  gate.resolve();
  await Promise.all(results);
  expect(opener.setups.map(({ startup }) => startup)).toEqual(['mount it', '']);
});

describe('what is in /tmp', () => {
  const recipes = (): number[] => opener.requests.map(({ recipe }) => recipe);

  beforeEach(async () => {
    await remote.start();
  });

  test('is that of the recipe, but for questions', async () => {
    await run(jobOf('cc'));
    await remote.ask('which cc');
    await remote.ask(jobOf('make -q'));
    expect(recipes()).toEqual([1, 0, 0]);
  });

  test('is gone where the first line of a recipe runs once more; later lines find what the last run left', async () => {
    const conflict = { kind: 'conflict', path: 'f', other: undefined } as const;
    stage.homecomings.push(conflict, conflict, { kind: 'home' }, conflict);
    for (const command of ['one', 'one', 'one', 'two', 'two']) await run(jobOf(command));
    const [first, second, third] = recipes();
    expect(new Set([first, second, third]).size).toBe(3);
    expect(recipes().slice(2)).toEqual([third, third, third]);
    const recipe = { ...jobOf('').recipe, id: 2 };
    await run(jobOf('other', { recipe }));
    expect(recipes().at(-1)).toBe(2);
  });
});

describe('parts of the tree alone', () => {
  test('are shown to a job that has prerequisites', async () => {
    remote = remoteHost(hostOf('a', 4), opener, stage, true);
    await remote.start();
    expect(opener.setups).toMatchObject([{ partial: true }]);
    stage.trees[0]!.visible = ['x.c', 'include/'];
    await run(jobOf('cc'));
    expect(opener.requests.map(({ visible }) => visible)).toEqual([['x.c', 'include/']]);
  });

  test('cannot be shown without overlays: such a host is left out', async () => {
    remote = remoteHost(hostOf('a', 4), opener, stage, true);
    opener.overlay = false;
    await expect(remote.start()).rejects.toThrow('it forbids private mounts, without which');
    expect(opener.closed).toBe(true);
  });
});

describe('lanes', () => {
  test('as many as jobs run at one time, and the same again later', async () => {
    await remote.start();
    const gate = deferred<void>();
    opener.act = () => ({ until: gate.promise });
    const jobs = ['one', 'two', 'three'].map((command) => run(jobOf(command)));
    await settled();
    await settled();
    expect(opener.commands.sort()).toEqual(['one', 'three', 'two']);
    gate.resolve();
    await Promise.all(jobs);
    await run(jobOf('four'));
    expect(opener.setups.map(({ number, create }) => [number, create])).toEqual([
      [1, true],
      [2, false],
      [3, false],
    ]);
    expect(remote.busySeconds).toBe(6);
  });

  test('with overlays they share one tree, which is sent once', async () => {
    await remote.start();
    await Promise.all(['one', 'two'].map((command) => run(jobOf(command))));
    expect(stage.trees.length).toBe(1);
    expect(opener.lanes.map(({ synced }) => synced.length)).toEqual([1, 0]);
    expect(stage.arrivals.map(({ foreign }) => foreign)).toEqual([undefined, undefined]);
  });

  test('without, each has its own, and its path must not come home', async () => {
    opener.overlay = false;
    expect(await remote.start()).toMatchObject({ sandbox: 'tree' });
    await Promise.all(['one', 'two'].map((command) => run(jobOf(command))));
    expect(stage.trees.length).toBe(2);
    expect(opener.lanes.map(({ synced }) => synced.length)).toEqual([1, 1]);
    expect(stage.arrivals.map(({ foreign }) => foreign).sort()).toEqual(['/tmp/make-x/l1/tree', '/tmp/make-x/l2/tree']);
  });

  test.each([true, false])(
    'that differ are not used: what the first allows decides where jobs may go (%s first)',
    async (first) => {
      opener.overlay = (number) => (number === 1) === first;
      await remote.start();
      const results = await Promise.all(['one', 'two'].map((command) => run(jobOf(command))));
      expect(results.map(({ outcome }) => outcome.kind)).toEqual(['exited', 'exited']);
      expect(opener.lanes.map(({ closed }) => closed)).toEqual([false, true]);
    },
  );

  test('are as few as the server allows: the other jobs wait for those that stand', async () => {
    await remote.start();
    opener.refuses = 'no more sessions';
    const jobs = ['one', 'two', 'three'].map((command) => run(jobOf(command)));
    expect((await Promise.all(jobs)).map(({ outcome }) => outcome.kind)).toEqual(['exited', 'exited', 'exited']);
    expect([...opener.commands].sort()).toEqual(['one', 'three', 'two']);
    expect(opener.lanes.length).toBe(1);
  });

  test('that are waited for end with their host', async () => {
    await remote.start();
    opener.refuses = 'no more sessions';
    const jobs = ['one', 'two'].map((command) => run(jobOf(command)));
    await new Promise((resolve) => setImmediate(resolve));
    remote.close();
    expect((await Promise.all(jobs)).map(({ outcome }) => outcome.kind)).toContain('host-lost');
  });
});

describe('a host whose owner allows no more (D10)', () => {
  const cap = (): Cap => (opener.cap = new Cap(1));

  test('turns a job away: nothing of it has run, its entries are there, and the lane is used again', async () => {
    const owner = cap();
    await remote.start();
    (stage.trees[0] as (typeof stage.trees)[0]).lacks = [ENTRY];
    owner.take();
    let started = 0;
    expect(await remote.run(jobOf('cc'), ONE, SIGNAL, { onStart: () => started++ })).toBeUndefined();
    expect(stage.trees).toMatchObject([{ applied: 1, failed: 0 }]);
    // Its tree has to hear that it has left.
    expect(stage.arrivals).toMatchObject([{ committed: { tree: stage.trees[0], wanted: false }, discarded: 1 }]);
    expect([started, remote.busySeconds, opener.lanes.length]).toEqual([0, 0, 1]);
    owner.give();
    expect(await remote.run(jobOf('cc'), ONE, SIGNAL, { onStart: () => started++ })).toMatchObject({ outcome: OK });
    expect([started, opener.lanes.length]).toEqual([1, 1]);
  });

  test('a job has started once something of it is heard; without a cap at once', async () => {
    const gate = deferred<void>();
    for (const capped of [true, false]) {
      opener = new MemoryHost();
      if (capped) cap();
      remote = remoteHost(hostOf('a'), opener, stage);
      await remote.start();
      opener.act = () => ({ until: gate.promise, text: [[1, 'x']] });
      let started = 0;
      const result = remote.run(jobOf('cc'), ONE, SIGNAL, { onStart: () => started++ });
      await settled();
      expect(started).toBe(capped ? 0 : 1);
      gate.resolve();
      await result;
      expect(started).toBe(1);
    }
  });

  test('a question waits', async () => {
    const owner = cap();
    await remote.start();
    owner.take();
    const answer = remote.ask('cc --version');
    await settled();
    owner.give();
    expect(await answer).toMatchObject({ outcome: OK });
    expect(owner.refused).toBe(1);
  });
});

describe('a question', () => {
  test('runs as a job would, and what it writes is dropped', async () => {
    remote = remoteHost({ ...hostOf('a'), path: '/opt/tools:/opt/ü' }, opener, stage);
    await remote.start();
    opener.act = () => ({
      outcome: exited(2),
      text: [
        [1, 'a'],
        [2, 'b'],
        [1, 'c\xff'],
      ],
      outputs: [{ kind: 'removed', path: 'x' }],
    });
    expect(await remote.ask('cc \xc3\xbc')).toEqual({ outcome: exited(2), stdout: 'ac\xc3\xbf', stderr: 'b' });
    expect(opener.requests).toEqual([
      {
        entries: [],
        directory: '',
        path: '/opt/tools:/opt/\xc3\xbc',
        argv: ['/bin/sh', '-c', 'cc \xc3\xbc'],
        environment: [],
        umask: 0o22,
        recipe: 0,
        visible: undefined,
        merge: false,
        keep: undefined,
      },
    ]);
    expect(stage.arrivals).toMatchObject([{ committed: { tree: stage.trees[0], wanted: false }, discarded: 1 }]);
    expect(remote.busySeconds).toBe(0);
  });

  test('may be a job: its directory, shell and environment, on a tree that is up to date', async () => {
    await remote.start();
    const job = jobOf('make -n', { environment: ['NEW=2'] });
    await remote.ask(job);
    expect(opener.requests).toMatchObject([{ directory: 'sub', environment: ['NEW=2'], umask: 0o27 }]);
    expect(stage.trees[0]?.asked).toEqual([job]);
  });

  test('ends by its signal, also before it has begun', async () => {
    await remote.start();
    opener.act = () => ({ until: new Promise(() => undefined), text: [[1, 'so far']] });
    const stop = new AbortController();
    const answer = remote.ask('sleep 99', stop.signal);
    await settled();
    stop.abort();
    expect(await answer).toEqual({ outcome: { kind: 'cancelled' }, stdout: 'so far', stderr: '' });
    expect(await remote.ask('x', stop.signal)).toMatchObject({ outcome: { kind: 'cancelled' } });
    expect(opener.commands).toEqual(['sleep 99']);
  });

  test('fails with its host', async () => {
    await remote.start();
    opener.act = () => ({ breaks: 'it went away' });
    await expect(remote.ask('x')).rejects.toThrow('it went away');
    expect(opener.closed).toBe(true);
  });
});

describe('its load', () => {
  let heard: unknown[];

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    heard = [];
    remote = remoteHost(hostOf('a', 4), opener, stage, false, { onLoad: (...words) => heard.push(words) });
    opener.load = [2, 1, 0.5];
    opener.processors = 3;
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test('comes with what it says of itself, and with the end of each job', async () => {
    expect(remote.facts).toBeUndefined();
    await remote.start();
    expect(remote.facts).toEqual({ processors: 3, cap: undefined, load: [2, 1, 0.5] });
    await run(jobOf('cc'));
    await remote.ask('true');
    expect(heard).toEqual([
      [[2, 1, 0.5], true],
      [[2, 1, 0.5], false],
    ]);
  });

  test('is asked for when nothing has come for min(10 + load, 60) seconds (L6)', async () => {
    await remote.start();
    await jest.advanceTimersByTimeAsync(11_999);
    expect(opener.asked).toBe(0);
    opener.load = [70, 0, 0];
    await jest.advanceTimersByTimeAsync(1);
    expect(heard).toEqual([[[70, 0, 0], false]]);
    await jest.advanceTimersByTimeAsync(59_000);
    await run(jobOf('cc'));
    await jest.advanceTimersByTimeAsync(59_000);
    expect(opener.asked).toBe(1);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(opener.asked).toBe(2);
    remote.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('is not asked for on a lane that works, and later again', async () => {
    await remote.start();
    const gate = deferred<void>();
    opener.act = () => ({ until: gate.promise });
    const result = run(jobOf('cc'));
    await settled();
    await jest.advanceTimersByTimeAsync(24_000);
    expect(opener.asked).toBe(0);
    gate.resolve();
    await result;
    await jest.advanceTimersByTimeAsync(12_000);
    expect(opener.asked).toBe(1);
  });

  test('does not cost a lane: a job waits for the one that is asked', async () => {
    await remote.start();
    const answer = deferred<void>();
    jest.spyOn(opener.lanes[0] as Lane, 'load').mockImplementation(async () => {
      await answer.promise;
      return [1, 1, 1];
    });
    await jest.advanceTimersByTimeAsync(12_000);
    const result = run(jobOf('cc'));
    await settled();
    expect([opener.commands, opener.lanes.length]).toEqual([[], 1]);
    answer.resolve();
    await result;
    expect([opener.commands, opener.lanes.length]).toEqual([['cc'], 1]);
  });

  test('is not asked for where there are no such figures, or nobody wants them', async () => {
    opener.load = undefined;
    await remote.start();
    opener = new MemoryHost();
    opener.load = [1, 1, 1];
    await remoteHost(hostOf('b'), opener, stage).start();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('that cannot be had: the host is given up, and the next job hears why', async () => {
    await remote.start();
    opener.refuses = 'its link is dead';
    await jest.advanceTimersByTimeAsync(12_000);
    expect(opener.closed).toBe(true);
    expect(await run(jobOf('cc'))).toMatchObject({ outcome: { kind: 'host-lost', reason: 'its link is dead' } });
  });
});

describe('what suits it', () => {
  test('without the overlay, no second job whose debug information would name another directory', async () => {
    opener.overlay = false;
    await remote.start();
    const debug = jobOf('cc -g -c x.c');
    expect(remote.suits(debug)).toBe(true);
    stage.homecomings.push({ kind: 'refused', reason: 'x.o names a directory of that host', foreign: true });
    await run(debug);
    expect([debug, jobOf('cc -c x.c')].map((job) => remote.suits(job))).toEqual([false, true]);
  });

  test('everything with the overlay; else nothing that names the workspace', async () => {
    const named = [jobOf(`cc -I${ROOT}/include -c x.c`), jobOf('cc -c x.c', { environment: [`TOP=${ROOT}`] })];
    const plain = jobOf('cc -c x.c', { environment: ['A=1', 'OWN=1', `PWD=${ROOT}`] });
    expect(named.map((job) => remote.suits(job))).toEqual([false, false]);
    await remote.start();
    expect(named.map((job) => remote.suits(job))).toEqual([true, true]);
    opener = new MemoryHost();
    opener.overlay = false;
    remote = remoteHost(hostOf('b'), opener, stage);
    await remote.start();
    expect([...named, plain].map((job) => remote.suits(job))).toEqual([false, false, true]);
  });
});

describe('one job', () => {
  test('is asked for as make would have run it', async () => {
    await remote.start();
    const environment = ['PATH=/tools:/bin', 'OWN=1', 'NEW=2', 'GITHUB_TOKEN=x'];
    await run(jobOf('cc', { environment }));
    expect(opener.requests).toEqual([
      {
        entries: [],
        directory: 'sub',
        path: '/tools',
        argv: ['/bin/sh', '-c', 'cc'],
        environment: ['NEW=2'],
        umask: 0o27,
        recipe: expect.any(Number),
        merge: false,
        keep: undefined,
      },
    ]);
  });

  test('that has several slots: the makes that it calls are told, those of a question are not', async () => {
    await remote.start();
    const job = jobOf('make', { environment: ['MAKEFLAGS=k -j9 --jobserver-auth=3,4 -- A=b'] });
    await remote.run(job, { keepOutputs: false, slots: 3 }, SIGNAL);
    await run(job);
    await remote.ask(job);
    expect(opener.requests.map(({ environment }) => environment)).toEqual([
      ['MAKEFLAGS=k -j3 -- A=b'],
      ['MAKEFLAGS=k -- A=b'],
      ['MAKEFLAGS=k -- A=b'],
    ]);
  });

  test('brings output, outcome and seconds; what it wrote is home', async () => {
    await remote.start();
    opener.act = () => ({
      text: [
        [1, 'a'],
        [2, 'b'],
        [1, 'c'],
      ],
      outputs: [{ kind: 'removed', path: 'x' }],
    });
    const output = new MemoryOutput();
    expect(await remote.run(jobOf('cc'), { keepOutputs: false, slots: 1, output }, SIGNAL)).toEqual({
      outcome: OK,
      begun: true,
      seconds: 1.5,
      traffic: { sent: 10, received: 20, files: 1 },
      homecoming: { kind: 'home' },
      missed: [],
    });
    expect(output.texts().map(({ descriptor, data }) => `${descriptor}:${data.toString()}`)).toEqual([
      '1:a',
      '2:b',
      '1:c',
    ]);
    expect(stage.arrivals).toMatchObject([
      { outputs: [{ kind: 'removed', path: 'x' }], committed: { tree: stage.trees[0], wanted: true }, discarded: 1 },
    ]);
  });

  test('that fails: nothing of it counts, unless it is kept, and then not its target (B9)', async () => {
    await remote.start();
    opener.act = () => ({ outcome: exited(3) });
    expect(await run(jobOf('cc'))).toMatchObject({ outcome: exited(3) });
    expect(await run(jobOf('cc'), true, SIGNAL)).toMatchObject({ outcome: exited(3) });
    expect(stage.arrivals.map(({ committed }) => committed?.wanted)).toEqual([false, true]);
    expect(opener.requests.map(({ keep }) => keep)).toEqual([undefined, { except: 'sub/x.o' }]);
  });

  test('that is cancelled: nothing of it counts in any case, and the lane is used again', async () => {
    await remote.start();
    opener.act = () => ({ until: new Promise(() => undefined) });
    for (const keep of [false, true]) {
      const stop = new AbortController();
      const result = run(jobOf('cc'), keep, stop.signal);
      await settled();
      stop.abort();
      expect(await result).toMatchObject({ outcome: { kind: 'cancelled' } });
    }
    expect(stage.arrivals.map(({ committed }) => committed?.wanted)).toEqual([false, false]);
    expect(opener.lanes.length).toBe(1);
  });

  test('waits until what others bring into the same tree has arrived', async () => {
    await remote.start();
    const gate = deferred<void>();
    (stage.trees[0] as (typeof stage.trees)[0]).ready = gate.promise;
    const result = run(jobOf('cc'));
    await settled();
    expect(opener.commands).toEqual([]);
    gate.resolve();
    await result;
    expect(opener.commands).toEqual(['cc']);
  });

  test('what its tree lacked has arrived once the lane says so', async () => {
    await remote.start();
    const [tree] = stage.trees;
    if (!tree) throw new Error('no tree');
    tree.lacks = [ENTRY];
    await run(jobOf('cc'));
    expect([tree.applied, tree.failed]).toEqual([1, 0]);
    expect(opener.requests[0]?.entries).toEqual([ENTRY]);
  });
});

describe('a host that is lost', () => {
  test('while a lane is being opened: it is closed again', async () => {
    await remote.start();
    opener.act = () => ({ until: new Promise(() => undefined) });
    const jobs = ['one', 'two'].map((command) => run(jobOf(command)));
    remote.close();
    for (const job of jobs) expect(await job).toMatchObject({ outcome: { kind: 'host-lost' } });
    expect(opener.lanes.length).toBe(2);
    expect(opener.closed).toBe(true);
  });

  test.each([false, true])(
    'while a job runs: nothing of it counts and everything is closed (late: %s)',
    async (late) => {
      await remote.start();
      const [tree] = stage.trees;
      if (!tree) throw new Error('no tree');
      tree.lacks = [ENTRY];
      opener.act = () => ({ breaks: 'it went away', late, outputs: [{ kind: 'removed', path: 'x' }] });
      expect(await run(jobOf('cc'))).toEqual({
        outcome: { kind: 'host-lost', reason: 'it went away' },
        begun: late,
        seconds: 0,
        traffic: { sent: 0, received: 0, files: 0 },
        homecoming: { kind: 'home' },
        missed: [],
      });
      expect(tree.failed).toBe(1);
      expect(stage.arrivals).toMatchObject([{ committed: undefined, discarded: 1 }]);
      expect(opener.closed).toBe(true);
      expect(remote.busySeconds).toBeGreaterThan(0);
    },
  );

  test('because its tree could not be brought up to date by another lane', async () => {
    await remote.start();
    (stage.trees[0] as (typeof stage.trees)[0]).ready = Promise.reject(
      new Error('bringing its tree up to date failed'),
    );
    expect(await run(jobOf('cc'))).toMatchObject({
      outcome: { kind: 'host-lost', reason: 'bringing its tree up to date failed' },
    });
    expect(opener.commands).toEqual([]);
  });

  test('takes its other jobs with it, and none that come later', async () => {
    await remote.start();
    opener.act = (command) => (command === 'bad' ? { breaks: 'gone' } : { until: new Promise(() => undefined) });
    const other = run(jobOf('good'));
    await settled();
    await run(jobOf('bad'));
    expect(await other).toMatchObject({ outcome: { kind: 'host-lost', reason: 'the connection was closed' } });
    expect(await run(jobOf('late'))).toMatchObject({ outcome: { kind: 'host-lost' } });
    expect(opener.commands).not.toContain('late');
  });
});
