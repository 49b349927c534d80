import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { HostFacts } from '../../../src/engine/ports.ts';
import { Scheduler, type Denial, type Lease, type Limits } from '../../../src/engine/scheduler.ts';
import type { Wish } from '../../../src/engine/wish.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import { LOAD_POLICIES, type LoadAverages } from '../../../src/model/load.ts';

function hostOf(name: string, slots?: number, local = false): Host {
  return { ...HOST_DEFAULTS, name, address: name, user: undefined, port: 22, slots, local, line: 1 };
}

const LIMITS: Limits = { jobs: 100, localJobs: 0, processors: 4, fallback: 'local' };

function wishOf(more: Partial<Wish> = {}): Wish {
  return {
    kind: 'dist',
    make: 1,
    bound: undefined,
    fresh: true,
    returned: false,
    hostsOnly: false,
    wide: false,
    weight: 0,
    suits: () => true,
    ...more,
  };
}

/** A wish and its answer, as far as it has come. */
class Asked {
  answer: Lease | Denial | undefined;

  constructor(scheduler: Scheduler, more: Partial<Wish> = {}, signal = new AbortController().signal) {
    void scheduler.acquire(wishOf(more), signal).then((answer) => (this.answer = answer));
  }

  get where(): string | undefined {
    const { answer } = this;
    return typeof answer === 'object' ? (answer.place?.name ?? 'runner') : answer;
  }

  get lease(): Lease {
    if (typeof this.answer !== 'object') throw new Error(`no lease but ${String(this.answer)}`);
    return this.answer;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A scheduler with ready hosts. */
function ready(hosts: readonly Host[], limits: Partial<Limits> = {}): Scheduler {
  const scheduler = new Scheduler(hosts, { ...LIMITS, ...limits });
  for (const host of hosts) scheduler.hostReady(host);
  return scheduler;
}

async function places(scheduler: Scheduler, wishes: readonly Partial<Wish>[]): Promise<(string | undefined)[]> {
  const asked = wishes.map((wish) => new Asked(scheduler, wish));
  await settled();
  return asked.map(({ where }) => where);
}

const times = (count: number, more: Partial<Wish> = {}): Partial<Wish>[] => Array.from({ length: count }, () => more);

describe('which host', () => {
  test('B5: two idle equal hosts, four jobs: alternating in file order', async () => {
    const scheduler = ready([hostOf('a', 2), hostOf('b', 2)]);
    expect(await places(scheduler, times(4))).toEqual(['a', 'b', 'a', 'b']);
  });

  test('B5: equal hosts take turns also when jobs come one at a time', async () => {
    const scheduler = ready([hostOf('a', 2), hostOf('b', 2), hostOf('c', 2)]);
    const order: (string | undefined)[] = [];
    for (let n = 0; n < 6; n++) {
      const asked = new Asked(scheduler);
      await settled();
      order.push(asked.where);
      asked.lease.release();
    }
    expect(order).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  test('the smallest share of slots in use, not the smallest number', async () => {
    const scheduler = ready([hostOf('small', 2), hostOf('large', 6)]);
    expect(await places(scheduler, times(8))).toEqual([
      'small', // 0/2 and 0/6
      'large', // 1/2 and 0/6
      'large', // 1/6
      'large', // 2/6
      'small', // 1/2 and 3/6: equal, and small has waited longer
      'large',
      'large',
      'large',
    ]);
  });

  test('a host that comes later is used from then on', async () => {
    const [a, b] = [hostOf('a', 1), hostOf('b', 1)];
    const scheduler = new Scheduler([a, b], LIMITS);
    const asked = [new Asked(scheduler), new Asked(scheduler)];
    await settled();
    expect(asked.map(({ where }) => where)).toEqual([undefined, undefined]);
    scheduler.hostReady(b);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['b', undefined]);
    scheduler.hostReady(a);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['b', 'a']);
  });

  test('only one that suits the job', async () => {
    const [a, b] = [hostOf('a', 1), hostOf('b', 2)];
    const scheduler = ready([a, b]);
    const suits = (host: Host): boolean => host === b;
    expect(await places(scheduler, times(3, { suits }))).toEqual(['b', 'b', undefined]);
  });

  test('none suits: the runner, also without local jobs', async () => {
    const scheduler = ready([hostOf('a', 2)], { processors: 2 });
    expect(await places(scheduler, times(3, { suits: () => false }))).toEqual(['runner', 'runner', undefined]);
  });

  test('bare localhost is ready from the start', async () => {
    const scheduler = new Scheduler([hostOf('localhost', 2, true)], LIMITS);
    expect(await places(scheduler, times(3))).toEqual(['localhost', 'localhost', undefined]);
  });
});

describe('load policies', () => {
  const facts = (processors: number, load: LoadAverages): HostFacts => ({ processors, cap: undefined, load });

  test('reported, L6: the lowest sum, ties in file order; slots still count', async () => {
    const [a, b] = [hostOf('a', 3), hostOf('b', 3)];
    const scheduler = new Scheduler([a, b], LIMITS, 'reported');
    scheduler.hostReady(a, facts(1, [0.1, 0.1, 0.1]));
    scheduler.hostReady(b, facts(1, [2, 2, 2]));
    expect(await places(scheduler, times(3))).toEqual(['a', 'a', 'b']); // 0.3 and 6; 4.3 and 6; 8.3 and 6
    scheduler.report(a, [0, 0, 0], false);
    expect(await places(scheduler, times(2))).toEqual(['a', 'b']); // 2 and 10; a is full

    const equal = new Scheduler([a, b], LIMITS, 'reported');
    for (const host of [a, b]) equal.hostReady(host, facts(1, [1, 1, 1]));
    for (let n = 0; n < 2; n++) {
      const asked = new Asked(equal);
      await settled();
      expect(asked.where).toBe('a');
      asked.lease.release();
    }
  });

  test('m1, D13: evaluated each time a slot is wanted; a report may make room', async () => {
    const a = hostOf('a', 8);
    const scheduler = new Scheduler([a], LIMITS, 'm1');
    scheduler.hostReady(a, facts(1, [6.2, 0, 0]));
    const asked = times(4).map(() => new Asked(scheduler));
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['a', 'a', undefined, undefined]);
    scheduler.report(a, [5.1, 0, 0], false);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['a', 'a', 'a', undefined]);
    scheduler.report(a, [1.9, 0, 0], false);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['a', 'a', 'a', 'a']);
  });

  test('m1, D13: a host is never without a slot', async () => {
    const a = hostOf('a', 2);
    const scheduler = new Scheduler([a], LIMITS, 'm1');
    scheduler.hostReady(a, facts(2, [50, 50, 50]));
    expect(await places(scheduler, times(2))).toEqual(['a', undefined]);
  });

  test('m2, D14: one pool for all nested makes, and no load', async () => {
    const a = hostOf('a', 4);
    const scheduler = new Scheduler([a], { ...LIMITS, jobs: 3 }, 'm2');
    scheduler.hostReady(a, facts(1, [50, 50, 50]));
    const outer = new Asked(scheduler, { kind: 'stay' });
    await settled();
    outer.lease.suspend();
    const asked = [1, 2, 3, 2].map((make) => new Asked(scheduler, { make }));
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['a', 'a', 'a', undefined]);
    asked[0]?.lease.release();
    await settled();
    expect(asked[3]?.where).toBe('a');
  });
});

describe('jobs that are turned away (D10)', () => {
  test('their host is left alone until one of ours there ends; meanwhile another takes them', async () => {
    const [a, b] = [hostOf('a', 3), hostOf('b', 1)];
    const scheduler = ready([a, b]);
    const bound = { bound: a, fresh: false };
    const runs = new Asked(scheduler, bound);
    const away = new Asked(scheduler, bound);
    await settled();
    away.lease.turnedAway();
    const again = new Asked(scheduler, { returned: true });
    away.lease.release();
    const waits = [new Asked(scheduler, bound), new Asked(scheduler)];
    await settled();
    expect([again.where, ...waits.map(({ where }) => where)]).toEqual(['b', undefined, undefined]);
    runs.lease.release();
    await settled();
    expect(waits.map(({ where }) => where)).toEqual(['a', undefined]);
    expect(scheduler.widen(a)).toBe(true);
    await settled();
    expect(waits.map(({ where }) => where)).toEqual(['a', 'a']);
    expect(scheduler.widen(a)).toBe(false);
  });

  test('they come after what has begun and before what has not', async () => {
    const a = hostOf('a', 1);
    const scheduler = ready([a]);
    let last = new Asked(scheduler);
    const asked = [{}, { returned: true }, { fresh: false }, { returned: true }].map(
      (wish) => new Asked(scheduler, wish),
    );
    const order: number[] = [];
    while (order.length < asked.length) {
      await settled();
      last.lease.release();
      await settled();
      order.push(asked.findIndex(({ where }, index) => where === 'a' && !order.includes(index)));
      last = asked[order.at(-1) as number] as Asked;
    }
    expect(order).toEqual([2, 1, 3, 0]);
  });

  test('the runner helps as far as local-jobs goes, and not with 0 (D7), while a host is left', async () => {
    const a = hostOf('a', 1);
    for (const localJobs of [0, 1]) {
      const scheduler = ready([a], { localJobs });
      const away = new Asked(scheduler);
      await settled();
      away.lease.turnedAway();
      const again = [new Asked(scheduler, { returned: true }), new Asked(scheduler)];
      away.lease.release();
      await settled();
      const helped = localJobs === 1 ? 'runner' : undefined;
      expect(again.map(({ where }) => where)).toEqual([helped, undefined]);
      scheduler.hostLost(a);
      await settled();
      expect(again.map(({ where }) => where)).toEqual(['runner', 'runner']);
    }
  });
});

describe('a bound recipe', () => {
  test('waits for its host while another is free', async () => {
    const [a, b] = [hostOf('a', 1), hostOf('b', 1)];
    const scheduler = ready([a, b], { localJobs: 4 });
    const first = new Asked(scheduler);
    const bound = new Asked(scheduler, { bound: a, fresh: false });
    await settled();
    expect([first.where, bound.where]).toEqual(['a', undefined]);
    first.lease.release();
    await settled();
    expect(bound.where).toBe('a');
  });

  test('goes elsewhere when its host is lost, also while it waits', async () => {
    const [a, b] = [hostOf('a', 1), hostOf('b', 1)];
    const scheduler = ready([a, b]);
    const first = new Asked(scheduler);
    const bound = new Asked(scheduler, { bound: a, fresh: false });
    await settled();
    scheduler.hostLost(a);
    await settled();
    expect(bound.where).toBe('b');
    expect(scheduler.isReady(a)).toBe(false);
    expect(scheduler.isReady(b)).toBe(true);
    first.lease.release();
    expect(await places(scheduler, [{}])).toEqual([undefined]);
  });

  test('does not go to its host with a line that cannot run there', async () => {
    const a = hostOf('a', 1);
    expect(await places(ready([a]), [{ bound: a, suits: () => false }])).toEqual(['runner']);
  });
});

describe('limits', () => {
  test('B6: with all hosts busy the next runs on the runner at once, as far as local-jobs goes', async () => {
    const scheduler = ready([hostOf('a', 1), hostOf('b', 1)], { localJobs: 2 });
    expect(await places(scheduler, times(5))).toEqual(['a', 'b', 'runner', 'runner', undefined]);
  });

  test('while no host is ready yet the runner begins', async () => {
    const scheduler = new Scheduler([hostOf('a', 1)], { ...LIMITS, localJobs: 1 });
    expect(await places(scheduler, times(2))).toEqual(['runner', undefined]);
  });

  test('places: all slots and local-jobs, as far as they are known', async () => {
    const [a, b, c] = [hostOf('a', 3), hostOf('b'), hostOf('localhost', undefined, true)];
    const scheduler = new Scheduler([a, b, c], { ...LIMITS, jobs: 'places', localJobs: 2 });
    expect(scheduler.jobs).toBe(3 + 1 + 4 + 2);
    scheduler.hostReady(a, { processors: 8, cap: 2, load: undefined });
    scheduler.hostReady(b, { processors: 8, cap: undefined, load: undefined });
    expect(scheduler.jobs).toBe(2 + 8 + 4 + 2);
    const asked = await places(scheduler, times(18));
    const count = (where: string | undefined): number => asked.filter((one) => one === where).length;
    expect(['a', 'b', 'localhost', 'runner', undefined].map(count)).toEqual([2, 8, 4, 2, 2]);
    scheduler.hostLost(b);
    expect(scheduler.jobs).toBe(2 + 4 + 2);
  });

  test.each([
    [0, 4],
    [6, 6],
  ])('places without a host: the larger of local-jobs and processors (%d)', (localJobs, expected) => {
    const a = hostOf('a', 3);
    const scheduler = new Scheduler([a], { ...LIMITS, jobs: 'places', localJobs });
    scheduler.hostLost(a);
    expect(scheduler.jobs).toBe(expected);
  });

  test('local-jobs 0: it waits for a host, also for one that is only coming (D7)', async () => {
    const [a, b] = [hostOf('a', 1), hostOf('b', 1)];
    const scheduler = new Scheduler([a, b], { ...LIMITS, jobs: 'places' });
    const asked = times(3).map(() => new Asked(scheduler));
    await settled();
    scheduler.hostLost(a);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual([undefined, undefined, undefined]);
    scheduler.hostReady(b);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['b', undefined, undefined]);
    scheduler.hostLost(b);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['b', 'runner', 'runner']);
  });

  test('local-jobs 0: it waits for a slot', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const [first, second] = [new Asked(scheduler), new Asked(scheduler)];
    await settled();
    expect(second.where).toBeUndefined();
    first.lease.release();
    await settled();
    expect(second.where).toBe('a');
  });

  test('local-jobs 0 and all hosts lost: the runner takes it', async () => {
    const a = hostOf('a', 1);
    const scheduler = ready([a], { processors: 2 });
    scheduler.hostLost(a);
    expect(await places(scheduler, times(3))).toEqual(['runner', 'runner', undefined]);
  });

  test('no hosts at all: the larger of local-jobs and processors', async () => {
    expect(await places(ready([], { localJobs: 3, processors: 1 }), times(4))).toEqual([
      'runner',
      'runner',
      'runner',
      undefined,
    ]);
  });

  test('jobs is the ceiling of all together', async () => {
    const scheduler = ready([hostOf('a', 3)], { jobs: 3, localJobs: 3 });
    expect(await places(scheduler, [{ kind: 'stay' }, {}, {}, {}, { kind: 'stay' }])).toEqual([
      'runner',
      'a',
      'a',
      undefined,
      undefined,
    ]);
  });

  test('what must stay: up to the number of processors, besides local-jobs', async () => {
    const scheduler = ready([], { localJobs: 1, processors: 2 });
    expect(await places(scheduler, [...times(3, { kind: 'stay' }), {}, {}, {}])).toEqual([
      'runner',
      'runner',
      undefined,
      'runner',
      'runner',
      undefined,
    ]);
  });

  test('what cannot start yet holds up nobody behind it', async () => {
    const scheduler = ready([hostOf('a', 1)], { processors: 1 });
    expect(await places(scheduler, [{ kind: 'stay' }, { kind: 'stay' }, {}])).toEqual(['runner', undefined, 'a']);
  });

  test('recipes that have begun come before new ones, in the order in which they asked', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const running = new Asked(scheduler);
    const asked = [true, false, true, false].map((fresh) => new Asked(scheduler, { fresh }));
    const order: number[] = [];
    let last = running;
    for (let n = 0; n < asked.length; n++) {
      await settled();
      last.lease.release();
      await settled();
      const next = asked.findIndex(({ where }, index) => where === 'a' && !order.includes(index));
      order.push(next);
      last = asked[next] as Asked;
    }
    expect(order).toEqual([1, 3, 0, 2]);
  });

  test('a free slot goes to who asked first', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const asked = [new Asked(scheduler), new Asked(scheduler), new Asked(scheduler)];
    await settled();
    asked[0]?.lease.release();
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['a', 'a', undefined]);
  });
});

describe('fallback never', () => {
  test('waits while a host is coming, and for a slot; denied when all are lost', async () => {
    const [a, b] = [hostOf('a', 1), hostOf('b', 1)];
    const scheduler = new Scheduler([a, b], { ...LIMITS, localJobs: 4, fallback: 'never' });
    const asked = [new Asked(scheduler), new Asked(scheduler), new Asked(scheduler, { kind: 'stay' })];
    await settled();
    expect(asked.map(({ where }) => where)).toEqual([undefined, undefined, 'runner']);
    scheduler.hostLost(a);
    await settled();
    expect(asked[0]?.where).toBeUndefined();
    scheduler.hostReady(b);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['b', undefined, 'runner']);
    scheduler.hostLost(b);
    await settled();
    expect(asked[1]?.where).toBe('no-host');
    asked[0]?.lease.release();
    expect(await places(scheduler, [{}])).toEqual(['no-host']);
  });

  test('denied when no host suits', async () => {
    expect(await places(ready([hostOf('a', 1)], { fallback: 'never' }), [{ suits: () => false }])).toEqual(['no-host']);
  });
});

describe('after a failure', () => {
  test('hold keeps back fresh wishes of that make, and nothing else', async () => {
    const scheduler = ready([hostOf('a', 10)]);
    scheduler.hold(1);
    const asked = [{ fresh: true }, { fresh: false }, { fresh: true, make: 2 }, { kind: 'stay' as const }].map(
      (wish) => new Asked(scheduler, wish),
    );
    await settled();
    expect(asked.map(({ where }) => where)).toEqual([undefined, 'a', 'a', undefined]);
    scheduler.resume(1);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['a', 'a', 'a', 'runner']);
  });

  test('drop denies fresh wishes of that make, and nothing else', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const running = new Asked(scheduler);
    scheduler.hold(1);
    const asked = [{}, { fresh: false }, { make: 2 }].map((wish) => new Asked(scheduler, wish));
    scheduler.drop(1);
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['cancelled', undefined, undefined]);
    running.lease.release();
    await settled();
    expect(asked[1]?.where).toBe('a');
    asked[1]?.lease.release();
    await settled();
    expect(asked[2]?.where).toBe('a');
  });

  test('two failures hold until both are settled', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    scheduler.hold(1);
    scheduler.hold(1);
    const asked = new Asked(scheduler);
    scheduler.resume(1);
    await settled();
    expect(asked.where).toBeUndefined();
    scheduler.resume(1);
    await settled();
    expect(asked.where).toBe('a');
    scheduler.resume(1);
    scheduler.hold(1);
    expect(await places(scheduler, [{}])).toEqual([undefined]);
  });
});

describe('leases', () => {
  test('a recursive job that only waits leaves its slot to others: no deadlock at jobs 1', async () => {
    const scheduler = ready([hostOf('a', 1)], { jobs: 1, processors: 1 });
    const outer = new Asked(scheduler, { kind: 'stay' });
    const inner = new Asked(scheduler, { kind: 'stay', make: 2 });
    const innermost = new Asked(scheduler, { make: 3 });
    await settled();
    expect([outer.where, inner.where, innermost.where]).toEqual(['runner', undefined, undefined]);
    outer.lease.suspend();
    await settled();
    expect([inner.where, innermost.where]).toEqual(['runner', undefined]);
    inner.lease.suspend();
    await settled();
    expect(innermost.where).toBe('a');
    const next = new Asked(scheduler);
    inner.lease.release();
    outer.lease.suspend();
    outer.lease.release();
    await settled();
    expect(next.where).toBeUndefined();
    innermost.lease.release();
    await settled();
    expect(next.where).toBe('a');
  });

  test('giving one back twice is a bug', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const asked = new Asked(scheduler);
    await settled();
    asked.lease.release();
    expect(() => asked.lease.release()).toThrow('twice');
  });

  test('a host that is not in the matrix is a bug', () => {
    expect(() => ready([hostOf('a', 1)]).hostReady(hostOf('a', 1))).toThrow('not in the matrix');
  });
});

describe('taking a wish back', () => {
  test('by its signal, before it is asked, while it waits, and too late', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const [early, waiting, late] = [new AbortController(), new AbortController(), new AbortController()];
    early.abort();
    const first = new Asked(scheduler, {}, late.signal);
    const asked = [
      new Asked(scheduler, {}, early.signal),
      new Asked(scheduler, {}, waiting.signal),
      new Asked(scheduler),
    ];
    await settled();
    expect(asked.map(({ where }) => where)).toEqual(['cancelled', undefined, undefined]);
    waiting.abort();
    late.abort();
    await settled();
    expect([first.where, ...asked.map(({ where }) => where)]).toEqual(['a', 'cancelled', 'cancelled', undefined]);
    first.lease.release();
    await settled();
    expect(asked[2]?.where).toBe('a');
  });

  test('the signal has no listener any more once there is an answer', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const { signal } = new AbortController();
    let listeners = 0;
    const counting = Object.create(signal, {
      aborted: { get: () => false },
      addEventListener: { value: () => listeners++ },
      removeEventListener: { value: () => listeners-- },
    }) as AbortSignal;
    const asked = new Asked(scheduler, {}, counting);
    await settled();
    expect([asked.where, listeners]).toEqual(['a', 0]);
  });

  test('close denies what waits and all that comes later', async () => {
    const scheduler = ready([hostOf('a', 1)]);
    const running = new Asked(scheduler);
    const waiting = new Asked(scheduler);
    await settled();
    scheduler.close();
    await settled();
    expect([running.where, waiting.where]).toEqual(['a', 'cancelled']);
    running.lease.release();
    expect(await places(scheduler, [{}, { kind: 'stay' }])).toEqual(['cancelled', 'cancelled']);
  });
});

type Step =
  | {
      readonly do: 'ask';
      readonly kind: 'dist' | 'stay';
      readonly make: number;
      readonly bound: number;
      readonly fresh: boolean;
      readonly returned: boolean;
      readonly wide: boolean;
      readonly weight: number;
      readonly suits: number;
    }
  | {
      readonly do:
        | 'go'
        | 'away'
        | 'widen'
        | 'report'
        | 'ready'
        | 'lost'
        | 'hold'
        | 'resume'
        | 'drop'
        | 'suspend'
        | 'release'
        | 'abort';
      readonly of: number;
    };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      kind: fc.constantFrom('dist', 'stay'),
      make: fc.nat(2),
      bound: fc.integer({ min: -2, max: 2 }),
      fresh: fc.boolean(),
      returned: fc.boolean(),
      wide: fc.boolean(),
      weight: fc.nat(2),
      suits: fc.nat(7),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'go',
        'away',
        'widen',
        'report',
        'ready',
        'lost',
        'hold',
        'resume',
        'drop',
        'suspend',
        'release',
        'release',
        'release',
        'abort',
      ),
      of: fc.nat(),
    }),
  },
);

describe('whatever happens', () => {
  test('no limit is exceeded, every wish is answered once, no slot is lost', async () => {
    const limitsOf = fc.record({
      jobs: fc.integer({ min: 1, max: 6 }),
      localJobs: fc.nat(3),
      processors: fc.integer({ min: 1, max: 3 }),
      fallback: fc.constantFrom('local' as const, 'never' as const),
    });
    const policyOf = fc.constantFrom(...LOAD_POLICIES);
    const stepsOf = fc.array(step, { maxLength: 60 });
    const slotsOf = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 0, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(limitsOf, policyOf, slotsOf, stepsOf, async (limits, policy, slots, steps) => {
        const hosts = slots.map((count, index) => hostOf(`h${index}`, count));
        let go = (): void => undefined;
        const scheduler = new Scheduler(hosts, limits, policy, (call) => (go = call));
        const lost = new Set<Host>();
        const asked: {
          wish: Wish;
          abort: AbortController;
          answers: (Lease | Denial)[];
          state: 'waiting' | 'running' | 'suspended' | 'over';
        }[] = [];
        const one = <T>(list: readonly T[], of: number): T | undefined => list[of % list.length];

        const check = async (): Promise<void> => {
          await settled();
          for (const each of asked) {
            if (each.state !== 'waiting' || each.answers.length === 0) continue;
            each.state = typeof each.answers[0] === 'object' ? 'running' : 'over';
          }
          const running = asked.filter(({ state }) => state === 'running');
          const at = (host: Host | undefined) =>
            running.filter(({ answers: [lease] }) => (lease as Lease).place === host);
          expect(running.length).toBeLessThanOrEqual(limits.jobs);
          for (const host of hosts) {
            const taken = at(host).map(({ answers: [lease] }) => (lease as Lease).slots);
            expect(taken.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(host.slots ?? 1);
          }
          for (const { wish, answers } of running) {
            const { place, slots } = answers[0] as Lease;
            expect(slots).toBeGreaterThanOrEqual(1);
            if (!wish.wide || !place) expect(slots).toBe(1);
          }
          const [stay, overflow] = [
            at(undefined).filter(({ wish }) => wish.kind === 'stay'),
            at(undefined).filter(({ wish }) => wish.kind === 'dist'),
          ];
          expect(stay.length).toBeLessThanOrEqual(limits.processors);
          expect(overflow.length).toBeLessThanOrEqual(
            limits.fallback === 'never' ? 0 : Math.max(limits.localJobs, limits.processors),
          );
          for (const { answers } of asked) expect(answers.length).toBeLessThanOrEqual(1);
        };

        for (const each of steps) {
          if (each.do === 'ask') {
            const bound = each.bound < 0 ? undefined : hosts[each.bound];
            const wish = wishOf({ ...each, bound, suits: (host) => ((each.suits >> hosts.indexOf(host)) & 1) === 1 });
            const abort = new AbortController();
            const entry = { wish, abort, answers: [] as (Lease | Denial)[], state: 'waiting' as const };
            asked.push(entry);
            void scheduler.acquire(wish, abort.signal).then((answer) => entry.answers.push(answer));
          } else {
            const host = one(hosts, each.of);
            const running = one(
              asked.filter(({ state }) => state === 'running'),
              each.of,
            );
            const leased = one(
              asked.filter(({ state }) => state === 'running' || state === 'suspended'),
              each.of,
            );
            if (each.do === 'ready' && host && !lost.has(host)) scheduler.hostReady(host);
            if (each.do === 'lost' && host) {
              scheduler.hostLost(host);
              lost.add(host);
            }
            if (each.do === 'widen' && host) scheduler.widen(host);
            if (each.do === 'report' && host) scheduler.report(host, [each.of % 9, 1, 1], false);
            if (each.do === 'go') go();
            if (each.do === 'away' && running) {
              const lease = running.answers[0] as Lease;
              if (lease.place) lease.turnedAway();
              lease.release();
              running.state = 'over';
            }
            if (each.do === 'hold') scheduler.hold(each.of % 3);
            if (each.do === 'resume') scheduler.resume(each.of % 3);
            if (each.do === 'drop') scheduler.drop(each.of % 3);
            if (each.do === 'abort') one(asked, each.of)?.abort.abort();
            if (each.do === 'suspend' && running) {
              (running.answers[0] as Lease).suspend();
              running.state = 'suspended';
            }
            if (each.do === 'release' && leased) {
              (leased.answers[0] as Lease).release();
              leased.state = 'over';
            }
          }
          await check();
        }

        // Everything comes to an end: hosts come up, are quiet and let all in, holds end, leases are given back.
        for (const host of hosts) {
          scheduler.report(host, [0, 0, 0], false);
          while (scheduler.widen(host));
        }
        for (const host of hosts) if (!lost.has(host)) scheduler.hostReady(host);
        for (const make of [0, 1, 2]) for (let n = 0; n < 60; n++) scheduler.resume(make);
        for (let rounds = 0; rounds < 200 && asked.some(({ state }) => state !== 'over'); rounds++) {
          go();
          await check();
          for (const each of asked) {
            if (each.state !== 'running' && each.state !== 'suspended') continue;
            (each.answers[0] as Lease).release();
            each.state = 'over';
          }
        }
        for (const { answers } of asked) expect(answers.length).toBe(1);

        // No slot is lost: all that there are can be had once more.
        const live = hosts.filter((host) => !lost.has(host));
        const total = live.reduce((sum, host) => sum + (host.slots ?? 1), 0);
        const again = Array.from({ length: total }, () => new Asked(scheduler));
        const stay = Array.from({ length: limits.processors }, () => new Asked(scheduler, { kind: 'stay' }));
        await settled();
        const got = [...again, ...stay].filter(({ answer }) => typeof answer === 'object');
        expect(got.length).toBe(Math.min(limits.jobs, total + limits.processors));
        expect(again.filter(({ where }) => where?.startsWith('h')).length).toBe(Math.min(limits.jobs, total));
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('recipes on the runner that wait for each other', () => {
  const limits = { jobs: Infinity, localJobs: 2, processors: 2, fallback: 'local' as const };
  const stay = { kind: 'stay' as const };

  test('one more gets in for each time in which no job has ended, and none too many after that', async () => {
    const scheduler = new Scheduler([], limits);
    const asked = Array.from({ length: 6 }, () => new Asked(scheduler, stay));
    const started = async (): Promise<number> => {
      await settled();
      return asked.filter(({ answer }) => answer !== undefined).length;
    };
    expect(await started()).toBe(2);
    scheduler.unstick();
    expect(await started()).toBe(3);
    scheduler.unstick();
    expect(await started()).toBe(4);
    // Two end, and there were two too many.
    asked[0]?.lease?.release();
    asked[1]?.lease?.release();
    expect(await started()).toBe(4);
    scheduler.unstick();
    expect(await started()).toBe(4);
    asked[2]?.lease?.release();
    expect(await started()).toBe(5);
  });

  test('their number may be given', async () => {
    const scheduler = new Scheduler([], { ...limits, staying: 5 });
    const asked = Array.from({ length: 6 }, () => new Asked(scheduler, stay));
    await settled();
    expect(asked.filter(({ answer }) => answer !== undefined)).toHaveLength(5);
  });
});
