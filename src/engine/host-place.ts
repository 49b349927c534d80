import type { Host } from '../model/host.ts';
import type { LoadAverages, LoadPolicy } from '../model/load.ts';
import { parallelOf } from '../model/parallel.ts';
import { m1Limit, ReportedLoad } from './host-load.ts';
import type { HostFacts } from './ports.ts';

/** Benched: it takes no jobs now, and is tried again. Lost: it takes no part any more. */
export type PlaceState = 'coming' | 'ready' | 'benched' | 'lost';

/** So often a host on the bench fails before nothing waits for it where the runner is no choice. */
const HOPEFUL_TRIALS = 3;

/** One host as the scheduler sees it: how many slots it has now, and which of them jobs have. */
export class HostPlace {
  readonly host: Host;
  readonly #policy: LoadPolicy;
  #state: PlaceState = 'coming';
  /** How often it has failed to come back since it was put on the bench. */
  #trials = 0;
  #slots: number;
  #processors = 1;
  /** Its owner allows so many jobs and no more. */
  #isCapped = false;
  #running = 0;
  /** Slots that those have. */
  #taken = 0;
  /** Of those that count as running: turned away, and not given back yet. */
  #away = 0;
  /** Jobs that the host's owner leaves us, as far as is known. */
  #room = Infinity;
  /** How many more are tried next. */
  #step = 1;
  readonly #load = new ReportedLoad();
  /** Slots that jobs had at the last report beyond one each: that much of its load is ours, too. */
  #extra = 0;
  /** When it last got a job: equal hosts take turns. */
  turn = 0;

  constructor(host: Host, policy: LoadPolicy) {
    this.host = host;
    this.#policy = policy;
    this.#slots = host.slots ?? 1;
  }

  get state(): PlaceState {
    return this.#state;
  }

  /** As the matrix has it, or one for each processor; no more than its owner allows. 1 while that is not known. */
  get slots(): number {
    return this.#slots;
  }

  /** @param facts undefined: those that were known before */
  ready(facts: HostFacts | undefined): void {
    this.#state = 'ready';
    this.#trials = 0;
    if (!facts) return;
    this.#room = Infinity;
    this.#step = 1;
    const { processors, cap = Infinity, load } = facts;
    this.#processors = processors;
    this.#isCapped = facts.cap !== undefined;
    this.#slots = Math.min(this.host.slots ?? processors, cap);
    this.report(load, false);
  }

  lose(): void {
    this.#state = 'lost';
  }

  bench(): void {
    this.#state = 'benched';
    this.#trials = 0;
  }

  /** It was tried again, and has not come back. */
  trialFailed(): void {
    this.#trials++;
  }

  /** Whether it takes jobs now or may come to do so soon. */
  get isHopeful(): boolean {
    return (
      this.#state === 'coming' ||
      this.#state === 'ready' ||
      (this.#state === 'benched' && this.#trials < HOPEFUL_TRIALS)
    );
  }

  /** @param ended it comes with the end of a job that still has its slot */
  report(load: LoadAverages | undefined, ended: boolean): void {
    this.#load.report({ jobs: this.#running - (ended ? 1 : 0), load });
    this.#extra = this.#taken - this.#running;
  }

  /** @param slots that the job has until its end */
  start(turn: number, slots = 1): void {
    this.#running++;
    this.#taken += slots;
    this.turn = turn;
    this.#load.started();
  }

  /** @param slots with which it was started */
  end(turnedAway: boolean, slots = 1): void {
    this.#running--;
    this.#taken -= slots;
    if (turnedAway) this.#away--;
    this.#load.ended();
  }

  /** A job there was told that its owner allows no more: no more than run there now get in, until {@link widen}. */
  turnedAway(): void {
    this.#away++;
    this.#room = this.#running - this.#away;
    this.#step = 1;
  }

  /**
   * Lets one job more in than before, then two, then four: others may have ended theirs.
   *
   * @returns whether there is still less room than slots
   */
  widen(): boolean {
    this.#room += this.#step;
    this.#step *= 2;
    if (this.#room >= this.#slots) this.#room = Infinity;
    return this.#room !== Infinity && this.#state === 'ready';
  }

  /** Slots that it has now. */
  get limit(): number {
    return this.#policy === 'm1' ? m1Limit(this.#slots, this.#load.lastMinute, this.#processors) : this.#slots;
  }

  /** Slots that no job has. */
  get free(): number {
    return Math.max(0, this.limit - this.#taken);
  }

  get isFree(): boolean {
    return this.#state === 'ready' && this.free > 0 && this.#running < this.#room;
  }

  /**
   * Slots that one job which can use several may take of those that are free now, 1 or more: all, or what the matrix allows
   * (E14). One where the owner caps jobs: it takes one place there, whatever it runs. One on the runner, where its makes
   * ask for their own.
   */
  get widest(): number {
    if (this.host.local || this.#isCapped) return 1;
    return Math.max(1, Math.min(this.free, this.#parallel));
  }

  /** Slots that the matrix lets one job have. */
  get #parallel(): number {
    const { parallel, slots = this.#processors } = this.host;
    return parallel === undefined ? Infinity : parallelOf(parallel, slots);
  }

  /** Who has the lowest gets the next job: the share of its slots in use (B5), or what d1make reckons (L6). */
  get value(): number {
    return this.#policy === 'reported' ? this.#load.value : this.#taken / this.limit;
  }

  /** What others do there, for each processor. */
  get ofOthers(): number {
    return Math.max(0, this.#load.ofOthers - this.#extra) / Math.max(1, this.#processors);
  }

  /**
   * Whether it rather than the other, which stands before it in the matrix, gets the next job.
   *
   * @param quiet what others do for each processor on the host where they do least; one more is busy
   */
  isBetterThan(other: HostPlace, quiet: number): boolean {
    if (this.#policy === 'auto') {
      const [own, its] = [this, other].map(({ ofOthers }) => ofOthers >= quiet + 1);
      if (own !== its) return its === true;
    }
    const difference = this.value - other.value;
    // Equal ones take turns, but for d1make: the first in the list.
    return difference < 0 || (difference === 0 && this.#policy !== 'reported' && this.turn < other.turn);
  }
}
