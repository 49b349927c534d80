import type { LoadAverages } from '../model/load.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';

/** Seconds from one report of a host that says nothing by itself to the next, as d1make's servers have it (L6). */
function interval([lastMinute]: LoadAverages): number {
  return Math.min(10 + lastMinute, 60);
}

/** Asks a host for its load when none has come with the end of a job for some time. */
export class LoadWatch {
  readonly #ask: () => void;
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  #seconds = 0;
  #closed = false;

  constructor(ask: () => void, clock = SYSTEM_CLOCK) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** @param load undefined: the host has no such figures, and is not asked */
  heard(load: LoadAverages | undefined): void {
    this.#seconds = load ? interval(load) : 0;
    this.later();
  }

  /** It could not be asked: when the same time has gone by once more. */
  later(): void {
    this.#cancel?.();
    if (this.#seconds === 0 || this.#closed) return;
    this.#cancel = this.#clock.after(this.#seconds * 1000, this.#ask);
  }

  close(): void {
    this.#cancel?.();
    this.#closed = true;
  }
}
