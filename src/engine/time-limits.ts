import type { Outcome } from '../model/outcome.ts';
import type { Clock } from './clock.ts';

/** In seconds; undefined: none. */
export interface Limits {
  /** That a job may run (`job-timeout`). */
  readonly time: number | undefined;
  /** Without output (DPB's `stuck`, E20). */
  readonly silence: number | undefined;
}

export const NO_LIMITS: Limits = { time: undefined, silence: undefined };

type TimedOut = Extract<Outcome, { kind: 'timed-out' }>;

/** Watches one job from its start to its end, and has it killed when a limit is reached. */
export class TimeLimits {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #kill: () => void;
  #cancels: (() => void)[] = [];
  #heard = 0;
  #reached: TimedOut | undefined;

  /** @param kill called once, at most */
  constructor(clock: Clock, limits: Limits, kill: () => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#kill = kill;
  }

  /** The limit that was reached. */
  get reached(): TimedOut | undefined {
    return this.#reached;
  }

  start(): void {
    const { time, silence } = this.#limits;
    if (time !== undefined)
      this.#after(time * 1000, () => this.#reach({ kind: 'timed-out', limit: 'time', seconds: time }));
    this.#heard = this.#clock.now();
    if (silence !== undefined) this.#listen(silence, silence * 1000);
  }

  /** It has printed something. */
  heard(): void {
    if (this.#limits.silence !== undefined) this.#heard = this.#clock.now();
  }

  end(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels = [];
  }

  /** One look at a time, however much it prints. */
  #listen(seconds: number, ms: number): void {
    this.#after(ms, () => {
      const left = this.#heard + seconds * 1000 - this.#clock.now();
      if (left > 0) this.#listen(seconds, left);
      else this.#reach({ kind: 'timed-out', limit: 'silence', seconds });
    });
  }

  #after(ms: number, run: () => void): void {
    this.#cancels.push(this.#clock.after(ms, run));
  }

  #reach(limit: TimedOut): void {
    this.end();
    this.#reached = limit;
    this.#kill();
  }
}
