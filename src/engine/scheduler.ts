import type { Host } from '../model/host.ts';
import type { LoadAverages, LoadPolicy } from '../model/load.ts';
import type { PlaceReason } from '../model/place-reason.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import { HostPlace } from './host-place.ts';
import type { HostFacts } from './ports.ts';
import { comesBefore, isWide, shareOf, type Wish } from './wish.ts';

/** The right to run one job in one place. Give it back exactly once. */
export interface Lease {
  /** A host, or the runner. */
  readonly place: Host | undefined;
  /** Why there; undefined for a job that stays. */
  readonly reason: PlaceReason | undefined;
  /** How many slots of it the job has until its end, 1 or more; more for a wide one alone. */
  readonly slots: number;
  /** The job only waits for a sub-make from here on: it does not count. */
  suspend(): void;
  /**
   * The host's owner allows no more (D10): it gets a job again when one of ours there has ended, or after
   * {@link Scheduler.widen}. The lease is still to be released.
   */
  turnedAway(): void;
  release(): void;
}

/** Why there is no place. */
export type Denial = 'cancelled' | 'no-host';

export interface Limits {
  /** Jobs at one time in all. `places`: as many as the hosts have slots, and `localJobs`. */
  readonly jobs: number | 'places';
  /** Jobs that could leave and run on the runner because the hosts are full. */
  readonly localJobs: number;
  /** Of the runner. */
  readonly processors: number;
  /** Jobs that must stay, besides; default: one for each processor. */
  readonly staying?: number;
  /** `never`: what may leave waits for a host, or is denied when there is none. */
  readonly fallback: 'local' | 'never';
}

interface Waiting {
  readonly wish: Wish;
  readonly answer: Deferred<Lease | Denial>;
}

/** In ms; time enough for a make to start as many recipes as it may, and little beside what a make on a host takes. */
export const GATHERING_MS = 30;

/**
 * Lets wide wishes wait for each other, so that they share what is free: make asks for them one after another, and the
 * first would have a whole host to itself.
 *
 * @param go is to be called once, when those that belong together are likely there; not before this returns
 */
export type Gathering = (go: () => void) => void;

/**
 * Decides where and when each job runs. Knows nothing of time, processes or connections: every call takes effect at
 * once, and what can start then is started in the order in which it was asked for; recipes that have begun come first,
 * and of the others the heavier ones.
 */
export class Scheduler {
  readonly #limits: Limits;
  readonly #hosts: readonly HostPlace[];
  readonly #policy: LoadPolicy;
  readonly #gather: Gathering | undefined;
  /** Makes whose recipes wait, and for how many verdicts. */
  readonly #held = new Map<number, number>();
  #queue: Waiting[] = [];
  #closed = false;
  /** Wide wishes wait for others. */
  #gathering = false;
  #running = 0;
  #overflow = 0;
  #staying = 0;
  /** Jobs that stay beyond their limit: see {@link unstick}. */
  #beyond = 0;
  #ends = 0;
  #endsBefore = 0;
  #turns = 0;

  /**
   * @param policy how hosts are compared, and how many jobs a busy one gets
   * @param gather without it the first of several wide wishes gets all that is free on its host
   */
  constructor(hosts: readonly Host[], limits: Limits, policy: LoadPolicy = 'jobs', gather?: Gathering) {
    this.#limits = limits;
    this.#policy = policy;
    this.#gather = gather;
    this.#hosts = hosts.map((host) => new HostPlace(host, policy));
    const runner = { processors: limits.processors, cap: undefined, load: undefined };
    for (const place of this.#hosts) if (place.host.local) place.ready(runner);
  }

  /** Jobs that may run at one time, as far as the hosts are known by now: 1 or more. */
  get jobs(): number {
    const { jobs, localJobs, processors } = this.#limits;
    if (jobs !== 'places') return jobs;
    const left = this.#hosts.filter(({ state }) => state !== 'lost');
    const slots = left.reduce((sum, place) => sum + place.slots, localJobs);
    return left.every(({ state }) => state === 'benched') ? Math.max(slots, processors) : slots;
  }

  /** Resolves with a lease when it is the job's turn; the signal takes the wish back. */
  acquire(wish: Wish, signal: AbortSignal): Promise<Lease | Denial> {
    if (signal.aborted || this.#closed) return Promise.resolve('cancelled');
    const waiting: Waiting = { wish, answer: deferred() };
    const cancel = (): void => this.#cancel((other) => other === waiting);
    signal.addEventListener('abort', cancel);
    const first = this.#queue.findIndex((other) => comesBefore(wish, other.wish));
    this.#queue.splice(first < 0 ? this.#queue.length : first, 0, waiting);
    if (isWide(wish)) this.#awaitOthers();
    this.#pump();
    return waiting.answer.promise.finally(() => signal.removeEventListener('abort', cancel));
  }

  /**
   * @param facts what it says of itself; undefined: nothing new
   * @returns the slots that it has
   */
  hostReady(host: Host, facts?: HostFacts): number {
    const place = this.#placeOf(host);
    place.ready(facts);
    this.#pump();
    return place.slots;
  }

  /** It takes no part any more. */
  hostLost(host: Host): void {
    this.#placeOf(host).lose();
    this.#pump();
  }

  /** It takes no jobs until it is ready again. */
  hostBenched(host: Host): void {
    this.#placeOf(host).bench();
    this.#pump();
  }

  /** A host on the bench was tried again, and has not come back. */
  trialFailed(host: Host): void {
    this.#placeOf(host).trialFailed();
    this.#pump();
  }

  /** Whether some host takes jobs, or may come to do so soon. */
  get hasHope(): boolean {
    return this.#hosts.some((place) => place.isHopeful);
  }

  isReady(host: Host): boolean {
    return this.#placeOf(host).state === 'ready';
  }

  /**
   * A host's load of this moment.
   *
   * @param ended it comes with the end of a job whose lease is not given back yet
   */
  report(host: Host, load: LoadAverages | undefined, ended: boolean): void {
    this.#placeOf(host).report(load, ended);
    // Otherwise load tells hosts apart, but does not make room.
    if (this.#policy === 'm1') this.#pump();
  }

  /**
   * A host that has turned jobs away gets some again, if few at first.
   *
   * @returns whether it is still held to fewer than its slots
   */
  widen(host: Host): boolean {
    const limited = this.#placeOf(host).widen();
    this.#pump();
    return limited;
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

  /**
   * To be called every so often. Recipes on the runner may wait for each other, as they can where make alone counts them:
   * when no job has ended since the last call, one more gets in.
   */
  unstick(): void {
    const stuck = this.#ends === this.#endsBefore && this.#staying >= this.#mayStay;
    this.#endsBefore = this.#ends;
    if (!stuck || !this.#queue.some(({ wish }) => wish.kind === 'stay')) return;
    this.#beyond++;
    this.#pump();
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

  get #mayStay(): number {
    const { processors, staying = processors } = this.#limits;
    return staying + this.#beyond;
  }

  /** Wide wishes wait for others only where the first could take more than one slot. */
  #awaitOthers(): void {
    if (!this.#gather || this.#gathering || this.jobs - this.#running <= 1) return;
    if (!this.#hosts.some((place) => place.isFree && place.widest > 1)) return;
    this.#gathering = true;
    this.#gather(() => {
      this.#gathering = false;
      this.#pump();
    });
  }

  #pump(): void {
    const left: Waiting[] = [];
    const able = this.#queue.filter(({ wish }) => !this.#isHeld(wish));
    let at = 0;
    for (const waiting of this.#queue) {
      const { wish } = waiting;
      const answer = this.#isHeld(wish) ? undefined : this.#grant(wish, able, ++at);
      if (answer === undefined) left.push(waiting);
      else waiting.answer.resolve(answer);
    }
    this.#queue = left;
  }

  #isHeld(wish: Wish): boolean {
    return (wish.fresh && this.#held.has(wish.make)) || (this.#gathering && isWide(wish));
  }

  /** @param able all that may start now, those from `next` on are still to be asked */
  #grant(wish: Wish, able: readonly Waiting[], next: number): Lease | Denial | undefined {
    if (this.#running >= this.jobs) return undefined;
    if (wish.kind === 'stay') {
      if (this.#staying >= this.#mayStay) return undefined;
      this.#staying++;
      return this.#lease(() => {
        this.#staying--;
        if (this.#beyond > 0) this.#beyond--;
      });
    }
    const bound = wish.bound && wish.suits(wish.bound) ? this.#placeOf(wish.bound) : undefined;
    const place = bound?.state === 'ready' ? (bound.isFree ? bound : undefined) : this.#best(wish);
    if (place) {
      const slots = isWide(wish) ? this.#share(place, wish, able, next) : 1;
      place.start(++this.#turns, slots);
      const reason = place === bound ? 'follows' : 'least-loaded';
      return this.#lease((turnedAway) => place.end(turnedAway, slots), reason, place, slots);
    }
    if (bound?.state === 'ready') return undefined;
    return this.#withoutHost(wish);
  }

  /** The slots that a wide wish gets, as {@link shareOf} divides those of its host among all that may start now. */
  #share(place: HostPlace, wish: Wish, able: readonly Waiting[], next: number): number {
    const others = able.slice(next, next + this.jobs - this.#running - 1).map((other) => other.wish);
    const hosts = this.#hosts.filter((one) => one.isFree && wish.suits(one.host)).length;
    return Math.max(1, Math.min(shareOf(place.free, hosts, others), place.widest));
  }

  /** Hosts are full, or there are none (B6). */
  #withoutHost(wish: Wish): Lease | Denial | undefined {
    const hosts = this.#hosts.filter(({ state, host }) => state !== 'ready' || wish.suits(host));
    if (this.#limits.fallback === 'never' || wish.hostsOnly)
      return hosts.some((place) => place.isHopeful) ? undefined : 'no-host';
    const hopeless = hosts.every(({ state }) => state === 'lost' || state === 'benched');
    const room = hopeless ? Math.max(this.#limits.localJobs, this.#limits.processors) : this.#limits.localJobs;
    if (this.#overflow >= room) return undefined;
    this.#overflow++;
    return this.#lease(() => this.#overflow--, this.#whyNot(wish));
  }

  /** Why a job that may leave has no host. */
  #whyNot(wish: Wish): PlaceReason {
    if (this.#hosts.length === 0) return 'no-hosts';
    const left = this.#hosts.filter(({ state }) => state !== 'lost' && state !== 'benched');
    if (left.length === 0) return 'hosts-lost';
    if (left.some(({ state, host }) => state === 'ready' && wish.suits(host))) return 'hosts-full';
    // Bare localhost suits nobody until its owner's terms are known.
    return left.some(({ state, host }) => state === 'coming' || host.local) ? 'hosts-coming' : 'absolute-path';
  }

  #best(wish: Wish): HostPlace | undefined {
    const ready = this.#hosts.filter(({ state }) => state === 'ready');
    const quiet = Math.min(...ready.map(({ ofOthers }) => ofOthers));
    let best: HostPlace | undefined;
    for (const place of this.#hosts) {
      if (!place.isFree || !wish.suits(place.host)) continue;
      if (!best || place.isBetterThan(best, quiet)) best = place;
    }
    return best;
  }

  #lease(giveBack: (turnedAway: boolean) => void, reason?: PlaceReason, place?: HostPlace, slots = 1): Lease {
    this.#running++;
    let counted = true;
    let turnedAway = false;
    let released = false;
    const stop = (): void => {
      if (!counted) return;
      counted = false;
      this.#running--;
      this.#ends++;
      giveBack(turnedAway);
    };
    return {
      place: place?.host,
      reason,
      slots,
      suspend: () => {
        stop();
        this.#pump();
      },
      turnedAway: () => {
        turnedAway = true;
        place?.turnedAway();
      },
      release: () => {
        if (released) throw new Error('Internal error: a lease was given back twice');
        released = true;
        stop();
        this.#pump();
      },
    };
  }

  #placeOf(host: Host): HostPlace {
    const place = this.#hosts.find((one) => one.host === host);
    if (!place) throw new Error(`Internal error: ${host.name} is not in the matrix`);
    return place;
  }
}
