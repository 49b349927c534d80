import { describe, expect, test } from '@jest/globals';
import { Scheduler, type Denial, type Gathering, type Lease, type Limits } from '../../../src/engine/scheduler.ts';
import type { Wish } from '../../../src/engine/wish.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';

const LIMITS: Limits = { jobs: 100, localJobs: 0, processors: 4, fallback: 'local' };

function hostOf(name: string, slots: number | undefined, more: Partial<Host> = {}): Host {
  return { ...HOST_DEFAULTS, name, address: name, user: undefined, port: 22, slots, local: false, line: 1, ...more };
}

/** A scheduler with hosts that are ready, and its answers as `name*slots`. */
class Farm {
  readonly scheduler: Scheduler;
  readonly answers: (Lease | Denial | undefined)[] = [];
  /** Lets those go that wait for others. */
  go: () => void = () => undefined;
  gatherings = 0;

  constructor(hosts: readonly Host[], limits: Partial<Limits> = {}, gathers = false) {
    const gather: Gathering = (go) => {
      this.gatherings++;
      this.go = go;
    };
    this.scheduler = new Scheduler(hosts, { ...LIMITS, ...limits }, 'jobs', gathers ? gather : undefined);
    for (const host of hosts) this.scheduler.hostReady(host, { processors: 6, cap: undefined, load: undefined });
  }

  ask(more: Partial<Wish> = {}): void {
    const at = this.answers.push(undefined) - 1;
    const wish: Wish = {
      ...{
        kind: 'dist',
        make: 1,
        bound: undefined,
        fresh: true,
        returned: false,
        wide: true,
        weight: 0,
        hostsOnly: false,
      },
      ...{ suits: () => true, ...more },
    };
    void this.scheduler.acquire(wish, new AbortController().signal).then((answer) => (this.answers[at] = answer));
  }

  /** All at once, as those that have gathered. */
  async askAll(count: number, more: (at: number) => Partial<Wish> = () => ({})): Promise<(string | undefined)[]> {
    this.scheduler.hold(1);
    for (let at = 0; at < count; at++) this.ask(more(at));
    this.scheduler.resume(1);
    return this.places();
  }

  async places(): Promise<(string | undefined)[]> {
    await new Promise((resolve) => void setImmediate(resolve));
    return this.answers.map((answer) =>
      typeof answer === 'object' ? `${answer.place?.name ?? 'runner'}*${answer.slots}` : answer,
    );
  }

  lease(at: number): Lease {
    const answer = this.answers[at];
    if (typeof answer !== 'object') throw new Error(`no lease but ${String(answer)}`);
    return answer;
  }
}

describe('one that can use several slots', () => {
  test('has all that are free on its host until its end', async () => {
    const farm = new Farm([hostOf('a', 4)]);
    farm.ask({ wide: false });
    farm.ask();
    farm.ask({ wide: false });
    expect(await farm.places()).toEqual(['a*1', 'a*3', undefined]);
    farm.lease(0).release();
    expect(await farm.places()).toEqual(['a*1', 'a*3', 'a*1']);
    farm.ask();
    farm.lease(2).release();
    expect((await farm.places())[3]).toBe('a*1');
    farm.lease(1).release();
    farm.lease(3).release();
    farm.ask();
    expect((await farm.places())[4]).toBe('a*4');
  });

  test('gives all back when it only waits', async () => {
    const farm = new Farm([hostOf('a', 4)]);
    farm.ask();
    farm.ask();
    await farm.places();
    farm.lease(0).suspend();
    expect(await farm.places()).toEqual(['a*4', 'a*4']);
    farm.lease(0).release();
    farm.ask({ wide: false });
    expect(await farm.places()).toEqual(['a*4', 'a*4', undefined]);
  });

  test('counts as one of the jobs', async () => {
    const farm = new Farm([hostOf('a', 4), hostOf('b', 4)], { jobs: 2 });
    expect(await farm.askAll(3)).toEqual(['a*4', 'b*4', undefined]);
  });

  test('is alone on its host, so that the next goes elsewhere', async () => {
    const farm = new Farm([hostOf('a', 4), hostOf('b', 8)]);
    farm.ask();
    farm.ask({ wide: false });
    expect(await farm.places()).toEqual(['a*4', 'b*1']);
  });

  test('has one on the runner, and on bare localhost, where its makes ask for their own', async () => {
    const farm = new Farm([hostOf('localhost', 4, { local: true })], { localJobs: 1 });
    expect(await farm.askAll(1)).toEqual(['localhost*1']);
    farm.ask({ kind: 'stay' });
    farm.ask({ suits: () => false });
    expect(await farm.places()).toEqual(['localhost*1', 'runner*1', 'runner*1']);
  });

  test('has one where the host’s owner caps jobs: it holds one place there', async () => {
    const a = hostOf('a', 4);
    const farm = new Farm([a]);
    farm.scheduler.hostReady(a, { processors: 6, cap: 3, load: undefined });
    expect(await farm.askAll(4)).toEqual(['a*1', 'a*1', 'a*1', undefined]);
  });

  test('all that the host has processors, where the matrix does not say', async () => {
    expect(await new Farm([hostOf('a', undefined)]).askAll(1)).toEqual(['a*6']);
  });
});

describe('parallel caps it (E14)', () => {
  test.each<[Host['parallel'], number | undefined, number]>([
    ['/2', 8, 4],
    ['/2', 3, 2],
    ['/2', 1, 1],
    ['/3', undefined, 2],
    [3, 8, 3],
    [12, 8, 8],
    [1, 8, 1],
    [0, 8, 1],
  ])('%s of %s: %d', async (parallel, slots, expected) => {
    expect(await new Farm([hostOf('a', slots, { parallel })]).askAll(1)).toEqual([`a*${expected}`]);
  });

  test('what it leaves others get, and no slot is there twice (E17)', async () => {
    const farm = new Farm([hostOf('a', 8, { parallel: 4 })]);
    expect(await farm.askAll(9, (at) => ({ wide: at === 5 }))).toEqual([
      ...Array<string>(5).fill('a*1'),
      'a*1',
      'a*1',
      'a*1',
      undefined,
    ]);
    const early = new Farm([hostOf('a', 8, { parallel: 4 })]);
    early.ask();
    for (let n = 0; n < 5; n++) early.ask({ wide: false });
    expect(await early.places()).toEqual(['a*4', ...Array<string>(4).fill('a*1'), undefined]);
  });
});

describe('several that wait', () => {
  const [a, b] = [hostOf('a', 4), hostOf('b', 4)];

  test.each<[number, string[]]>([
    [1, ['a*4']],
    [2, ['a*4', 'b*4']],
    [3, ['a*2', 'b*4', 'a*2']],
    [4, ['a*2', 'b*2', 'a*2', 'b*2']],
    [5, ['a*2', 'b*2', 'a*1', 'b*2', 'a*1']],
    [8, ['a*1', 'b*1', 'a*1', 'b*1', 'a*1', 'b*1', 'a*1', 'b*1']],
  ])('%d share two hosts of four', async (count, expected) => {
    expect(await new Farm([a, b]).askAll(count)).toEqual(expected);
  });

  test('share what becomes free, too', async () => {
    const farm = new Farm([a, b]);
    for (let n = 0; n < 8; n++) farm.ask();
    expect(await farm.places()).toEqual(['a*4', 'b*4', ...Array<undefined>(6).fill(undefined)]);
    farm.lease(0).release();
    expect((await farm.places()).slice(2)).toEqual(['a*1', 'a*1', 'a*1', 'a*1', undefined, undefined]);
    farm.lease(1).release();
    expect((await farm.places()).slice(6)).toEqual(['b*2', 'b*2']);
  });

  test('share only with as many as may start', async () => {
    expect(await new Farm([a, b], { jobs: 2 }).askAll(8)).toEqual(['a*4', 'b*4', ...Array<undefined>(6)]);
  });

  test('leave a slot to each that is not wide, as far as those are not left to another host', async () => {
    expect(await new Farm([a]).askAll(3, (at) => ({ wide: at === 0 }))).toEqual(['a*2', 'a*1', 'a*1']);
    expect(await new Farm([a, b]).askAll(3, (at) => ({ wide: at === 0 }))).toEqual(['a*3', 'b*1', 'b*1']);
    expect(await new Farm([a]).askAll(7, (at) => ({ wide: at === 0 }))).toEqual([
      ...Array<string>(4).fill('a*1'),
      ...Array<undefined>(3),
    ]);
  });

  test('leave nothing to those that stay, or that are held', async () => {
    const farm = new Farm([a]);
    farm.scheduler.hold(2);
    const more = [{}, { make: 2 }, { kind: 'stay' as const }, { make: 2, wide: false }];
    expect(await farm.askAll(4, (at) => more[at] ?? {})).toEqual(['a*4', undefined, 'runner*1', undefined]);
  });

  test('count only hosts that suit', async () => {
    expect(await new Farm([a, b]).askAll(2, () => ({ suits: (host) => host === b }))).toEqual(['b*2', 'b*2']);
  });

  test('a bound one shares its own host', async () => {
    expect(await new Farm([a]).askAll(2, () => ({ bound: a, fresh: false }))).toEqual(['a*4', undefined]);
    const farm = new Farm([a]);
    farm.ask({ wide: false });
    farm.ask({ bound: a, fresh: false });
    expect(await farm.places()).toEqual(['a*1', 'a*3']);
  });
});

describe('they come one after another', () => {
  const [a, b] = [hostOf('a', 4), hostOf('b', 4)];

  test('and wait for each other where there is something to share', async () => {
    const farm = new Farm([a, b], {}, true);
    for (let n = 0; n < 8; n++) farm.ask();
    farm.ask({ wide: false });
    farm.ask({ kind: 'stay' });
    expect(await farm.places()).toEqual([...Array<undefined>(8).fill(undefined), 'a*1', 'runner*1']);
    farm.go();
    expect((await farm.places()).slice(0, 8)).toEqual(['b*1', 'a*1', 'b*1', 'a*1', 'b*1', 'a*1', 'b*1', undefined]);
    expect(farm.gatherings).toBe(1);
    farm.lease(0).release();
    expect((await farm.places())[7]).toBe('b*1');
  });

  test('each time anew', async () => {
    const farm = new Farm([a], {}, true);
    farm.ask();
    farm.go();
    await farm.places();
    farm.ask();
    farm.lease(0).release();
    expect(await farm.places()).toEqual(['a*4', 'a*4']);
    farm.lease(1).release();
    farm.ask();
    expect((await farm.places())[2]).toBeUndefined();
    farm.go();
    expect((await farm.places())[2]).toBe('a*4');
    expect(farm.gatherings).toBe(2);
  });

  test.each<[string, readonly Host[], Partial<Limits>]>([
    ['hosts of one slot', [hostOf('a', 1), hostOf('b', 1)], {}],
    ['hosts on which one job has one slot', [hostOf('a', 4, { parallel: 1 })], {}],
    ['one job at a time', [a], { jobs: 1 }],
  ])('and do not wait with %s', async (_, hosts, limits) => {
    const farm = new Farm(hosts, limits, true);
    farm.ask();
    expect((await farm.places())[0]).toMatch(/^a\*/);
    expect(farm.gatherings).toBe(0);
  });

  test('and are taken back, or denied, while they wait', async () => {
    const farm = new Farm([a], {}, true);
    farm.ask();
    farm.ask();
    farm.scheduler.drop(1);
    expect(await farm.places()).toEqual(['cancelled', 'cancelled']);
    farm.ask();
    farm.scheduler.close();
    farm.go();
    expect((await farm.places())[2]).toBe('cancelled');
  });
});

describe('weight (P7)', () => {
  async function order(wishes: readonly Partial<Wish>[]): Promise<number[]> {
    const farm = new Farm([hostOf('a', 1)]);
    farm.ask({ wide: false });
    for (const wish of wishes) farm.ask({ wide: false, ...wish });
    const done = new Set<number>();
    for (let n = 0; n <= wishes.length; n++) {
      const at = (await farm.places()).findIndex((place, index) => place !== undefined && !done.has(index));
      done.add(at);
      farm.lease(at).release();
    }
    return [...done].slice(1).map((at) => at - 1);
  }

  test('the heavier one starts first, equal ones in the order in which they asked', async () => {
    expect(await order([{ weight: 1 }, { weight: 3 }, { weight: 1 }, { weight: 3 }, { weight: 2 }, {}])).toEqual([
      1, 3, 4, 0, 2, 5,
    ]);
  });

  test('what has begun comes first all the same, and then what had a place', async () => {
    expect(await order([{ weight: 9 }, { returned: true }, { fresh: false }, { returned: true, weight: 1 }])).toEqual([
      2, 3, 1, 0,
    ]);
  });
});
