import type { Host } from '../model/host.ts';
import { deferred, type Deferred } from '../util/deferred.ts';

/** What a job asks for. */
export interface Wish {
  /** `dist`: may leave; `stay`: must run on the runner. */
  readonly kind: 'dist' | 'stay';
  /** The make that waits for it. */
  readonly make: number;
  /** The host on which the recipe has begun: all its lines run there. */
  readonly bound: Host | undefined;
  /** Nothing of its recipe has run yet: such jobs do not start any more once their make has failed. */
  readonly fresh: boolean;
  /** Whether a host that is ready can run it at all. */
  readonly suits: (host: Host) => boolean;
}

/** The right to run one job in one place. Give it back exactly once. */
export interface Lease {
  /** A host, or the runner. */
  readonly place: Host | undefined;
  /** The job only waits for a sub-make from here on: it does not count. */
  suspend(): void;
  release(): void;
}

/** Why there is no place. */
export type Denial = 'cancelled' | 'no-host';

export interface Limits {
  /** Jobs at one time in all. */
  readonly jobs: number;
  /** Jobs that could leave and run on the runner because the hosts are full. */
  readonly localJobs: number;
  /** Jobs that must stay, besides. */
  readonly processors: number;
  /** `never`: what may leave waits for a host, or is denied when there is none. */
  readonly fallback: 'local' | 'never';
}

type HostState = 'coming' | 'ready' | 'lost';

interface HostLoad {
  readonly host: Host;
  state: HostState;
  running: number;
  /** When it last got a job: equal hosts take turns. */
  turn: number;
}

interface Waiting {
  readonly wish: Wish;
  readonly answer: Deferred<Lease | Denial>;
}

/**
 * Decides where and when each job runs. Knows nothing of time, processes or connections: every call takes effect at
 * once, and what can start then is started in the order in which it was asked for; recipes that have begun come first.
 */
export class Scheduler {
  readonly #limits: Limits;
  readonly #hosts: readonly HostLoad[];
  /** Makes whose recipes wait, and for how many verdicts. */
  readonly #held = new Map<number, number>();
  #queue: Waiting[] = [];
  #closed = false;
  #running = 0;
  #overflow = 0;
  #staying = 0;
  #turns = 0;

  constructor(hosts: readonly Host[], limits: Limits) {
    this.#limits = limits;
    this.#hosts = hosts.map((host) => ({ host, state: host.local ? 'ready' : 'coming', running: 0, turn: 0 }));
  }

  /** Resolves with a lease when it is the job's turn; the signal takes the wish back. */
  acquire(wish: Wish, signal: AbortSignal): Promise<Lease | Denial> {
    if (signal.aborted || this.#closed) return Promise.resolve('cancelled');
    const waiting: Waiting = { wish, answer: deferred() };
    const cancel = (): void => this.#cancel((other) => other === waiting);
    signal.addEventListener('abort', cancel);
    // What has begun goes on before anything new begins.
    const first = wish.fresh ? -1 : this.#queue.findIndex((other) => other.wish.fresh);
    this.#queue.splice(first < 0 ? this.#queue.length : first, 0, waiting);
    this.#pump();
    return waiting.answer.promise.finally(() => signal.removeEventListener('abort', cancel));
  }

  hostReady(host: Host): void {
    this.#loadOf(host).state = 'ready';
    this.#pump();
  }

  hostLost(host: Host): void {
    this.#loadOf(host).state = 'lost';
    this.#pump();
  }

  isLost(host: Host): boolean {
    return this.#loadOf(host).state === 'lost';
  }

  /** No recipe of this make starts until as many `resume`s or a `drop`: whether a failure ends it is not known yet. */
  hold(make: number): void {
    this.#held.set(make, (this.#held.get(make) ?? 0) + 1);
  }

  resume(make: number): void {
    const holds = this.#held.get(make) ?? 0;
    if (holds > 1) {
      this.#held.set(make, holds - 1);
    } else if (this.#held.delete(make)) {
      this.#pump();
    }
  }

  /** Denies whatever recipe of this make has not started. */
  drop(make: number): void {
    this.#held.delete(make);
    this.#cancel(({ wish }) => wish.make === make && wish.fresh);
  }

  /** Denies everything that has not started, and all that comes later. */
  close(): void {
    this.#closed = true;
    this.#cancel(() => true);
  }

  #cancel(which: (waiting: Waiting) => boolean): void {
    const out = this.#queue.filter(which);
    this.#queue = this.#queue.filter((waiting) => !which(waiting));
    for (const waiting of out) waiting.answer.resolve('cancelled');
  }

  #pump(): void {
    const left: Waiting[] = [];
    for (const waiting of this.#queue) {
      const { wish } = waiting;
      const answer = wish.fresh && this.#held.has(wish.make) ? undefined : this.#grant(wish);
      if (answer === undefined) left.push(waiting);
      else waiting.answer.resolve(answer);
    }
    this.#queue = left;
  }

  #grant(wish: Wish): Lease | Denial | undefined {
    if (this.#running >= this.#limits.jobs) return undefined;
    if (wish.kind === 'stay') {
      if (this.#staying >= this.#limits.processors) return undefined;
      this.#staying++;
      return this.#lease(undefined, () => this.#staying--);
    }
    const bound = wish.bound && wish.suits(wish.bound) ? this.#loadOf(wish.bound) : undefined;
    const load = bound?.state === 'ready' ? (isFree(bound) ? bound : undefined) : this.#leastLoaded(wish);
    if (load) {
      load.running++;
      load.turn = ++this.#turns;
      return this.#lease(load.host, () => load.running--);
    }
    if (bound?.state === 'ready') return undefined;
    return this.#withoutHost(wish);
  }

  /** Hosts are full, or there are none (B6). */
  #withoutHost(wish: Wish): Lease | Denial | undefined {
    const hopeless = this.#hosts.every(
      ({ state, host }) => state === 'lost' || (state === 'ready' && !wish.suits(host)),
    );
    if (this.#limits.fallback === 'never') return hopeless ? 'no-host' : undefined;
    const room = hopeless ? Math.max(this.#limits.localJobs, this.#limits.processors) : this.#limits.localJobs;
    if (this.#overflow >= room) return undefined;
    this.#overflow++;
    return this.#lease(undefined, () => this.#overflow--);
  }

  /** The host with the smallest share of its slots in use; equal ones in turn, in file order (B5). */
  #leastLoaded(wish: Wish): HostLoad | undefined {
    let best: HostLoad | undefined;
    for (const load of this.#hosts) {
      if (load.state !== 'ready' || !isFree(load) || !wish.suits(load.host)) continue;
      const difference = best ? load.running * slotsOf(best) - best.running * slotsOf(load) : -1;
      if (!best || difference < 0 || (difference === 0 && load.turn < best.turn)) best = load;
    }
    return best;
  }

  #lease(place: Host | undefined, giveBack: () => void): Lease {
    this.#running++;
    let counted = true;
    let released = false;
    const stop = (): void => {
      if (!counted) return;
      counted = false;
      this.#running--;
      giveBack();
    };
    return {
      place,
      suspend: () => {
        stop();
        this.#pump();
      },
      release: () => {
        if (released) throw new Error('Internal error: a lease was given back twice');
        released = true;
        stop();
        this.#pump();
      },
    };
  }

  #loadOf(host: Host): HostLoad {
    const load = this.#hosts.find((one) => one.host === host);
    if (!load) throw new Error(`Internal error: ${host.name} is not in the matrix`);
    return load;
  }
}

function isFree(load: HostLoad): boolean {
  return load.running < slotsOf(load);
}

function slotsOf({ host }: HostLoad): number {
  return host.slots ?? 1;
}
