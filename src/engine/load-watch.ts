import type { LoadAverages } from '../model/load.ts';

/** Seconds from one report of a host that says nothing by itself to the next, as d1make's servers have it (L6). */
function interval([lastMinute]: LoadAverages): number {
  return Math.min(10 + lastMinute, 60);
}

/** Asks a host for its load when none has come with the end of a job for some time. */
export class LoadWatch {
  readonly #ask: () => void;
  #timer: NodeJS.Timeout | undefined;
  #seconds = 0;
  #closed = false;

  constructor(ask: () => void) {
    this.#ask = ask;
  }

  /** @param load undefined: the host has no such figures, and is not asked */
  heard(load: LoadAverages | undefined): void {
    this.#seconds = load ? interval(load) : 0;
    this.later();
  }

  /** It could not be asked: when the same time has gone by once more. */
  later(): void {
    clearTimeout(this.#timer);
    if (this.#seconds === 0 || this.#closed) return;
    this.#timer = setTimeout(this.#ask, this.#seconds * 1000);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
  }
}
