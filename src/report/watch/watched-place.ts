import type { MissedReason, PlaceReason } from '../../model/place-reason.ts';

/** A job that has a slot. Times are seconds since the start of the run. */
export interface WatchedJob {
  /** Harmless text: with the directory of its make where that is not the first one's. */
  readonly target: string;
  readonly reason: PlaceReason;
  readonly slots: number;
  /** It has the slot since. */
  readonly placed: number;
  /** It runs since. Undefined: the host's tree is brought up to date for it. */
  started: number | undefined;
  /** It has ended, what it wrote comes home. */
  collecting: boolean;
}

/** A host of the matrix, or the runner, as it is at this moment. Its texts are harmless. */
export class WatchedPlace {
  readonly name: string;
  readonly local: boolean;
  slots: number | undefined;
  state: 'coming' | 'ready' | 'benched' | 'lost' = 'coming';
  /** Why it was lost; `benched`: it is tried again. */
  reason = '';
  /** How much of the staging with which it comes, or comes back, is there, from 0 to 1. */
  staged: number | undefined;
  readonly running = new Map<number, WatchedJob>();
  /** Jobs that have ended there. */
  done = 0;
  /** On the runner: jobs that might have left. */
  readonly missed = new Map<MissedReason, number>();
  /** It is ready since; undefined: it is not. */
  #since: number | undefined;
  /** Seconds that it has been ready before. */
  #before = 0;
  /** Slots multiplied by seconds, of jobs that have ended there. */
  #busy = 0;

  constructor(name: string, local: boolean, slots: number | undefined) {
    this.name = name;
    this.local = local;
    this.slots = slots;
    if (!local) return;
    this.state = 'ready';
    this.#since = 0;
  }

  ready(slots: number, now: number): void {
    this.state = 'ready';
    this.slots = slots;
    this.staged = undefined;
    this.#since ??= now;
  }

  /** @param benched it is tried again */
  lost(reason: string, now: number, benched: boolean): void {
    this.state = benched ? 'benched' : 'lost';
    this.reason = reason;
    this.staged = undefined;
    this.#before = this.#ready(now);
    this.#since = undefined;
  }

  /** A job leaves its slot. */
  leaves(id: number, now: number): void {
    const job = this.running.get(id);
    if (!job) return;
    this.running.delete(id);
    this.#busy += job.slots * (now - job.placed);
  }

  /** How many of its slots are taken; on the runner it may be more than it has. */
  get used(): number {
    let used = 0;
    for (const { slots } of this.running.values()) used += slots;
    return used;
  }

  /** How much of its slots has been taken since it was ready, from 0 to 1; undefined before anybody can tell. */
  busyShare(now: number): number | undefined {
    const seconds = this.#ready(now);
    if (this.state === 'coming' || this.slots === undefined || this.slots === 0 || seconds <= 0) return undefined;
    let busy = this.#busy;
    for (const { placed, slots } of this.running.values()) busy += slots * (now - placed);
    return Math.min(1, busy / (this.slots * seconds));
  }

  #ready(now: number): number {
    return this.#before + (this.#since === undefined ? 0 : now - this.#since);
  }
}
