import type { Host } from '../model/host.ts';
import type { LoadAverages, LoadPolicy } from '../model/load.ts';
import { m1Limit, ReportedLoad } from './host-load.ts';
import type { HostFacts } from './ports.ts';

/** One host as the scheduler sees it: how many jobs it takes now, and how many it has. */
export class HostPlace {
  readonly host: Host;
  readonly #policy: LoadPolicy;
  #state: 'coming' | 'ready' | 'lost' = 'coming';
  #slots: number;
  #processors = 1;
  #running = 0;
  /** Of those that count as running: turned away, and not given back yet. */
  #away = 0;
  /** Jobs that the host's owner leaves us, as far as is known. */
  #room = Infinity;
  /** How many more are tried next. */
  #step = 1;
  readonly #load = new ReportedLoad();
  /** When it last got a job: equal hosts take turns. */
  turn = 0;

  constructor(host: Host, policy: LoadPolicy) {
    this.host = host;
    this.#policy = policy;
    this.#slots = host.slots ?? 1;
  }

  get state(): 'coming' | 'ready' | 'lost' {
    return this.#state;
  }

  /** As the matrix has it, or one for each processor; no more than its owner allows. 1 while that is not known. */
  get slots(): number {
    return this.#slots;
  }

  /** @param facts undefined: those that were known before */
  ready(facts: HostFacts | undefined): void {
    this.#state = 'ready';
    if (!facts) return;
    const { processors, cap = Infinity, load } = facts;
    this.#processors = processors;
    this.#slots = Math.min(this.host.slots ?? processors, cap);
    this.report(load, false);
  }

  lose(): void {
    this.#state = 'lost';
  }

  /** @param ended it comes with the end of a job that still has its slot */
  report(load: LoadAverages | undefined, ended: boolean): void {
    this.#load.report({ jobs: this.#running - (ended ? 1 : 0), load });
  }

  start(turn: number): void {
    this.#running++;
    this.turn = turn;
    this.#load.started();
  }

  end(turnedAway: boolean): void {
    this.#running--;
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

  /** Jobs that it may have now. */
  get limit(): number {
    return this.#policy === 'm1' ? m1Limit(this.#slots, this.#load.lastMinute, this.#processors) : this.#slots;
  }

  get isFree(): boolean {
    return this.#state === 'ready' && this.#running < Math.min(this.limit, this.#room);
  }

  /** Who has the lowest gets the next job: the share of its slots in use (B5), or what d1make reckons (L6). */
  get value(): number {
    return this.#policy === 'reported' ? this.#load.value : this.#running / this.limit;
  }

  /** What others do there, for each processor. */
  get ofOthers(): number {
    return this.#load.ofOthers / Math.max(1, this.#processors);
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
