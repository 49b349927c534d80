import type { Patience } from './patience.ts';

/** Has a lane's job killed when its signal aborts, and sees to it that this does not take for ever. */
export class Killing {
  readonly #signal: AbortSignal;
  readonly #kill: () => void;
  readonly #limit: Patience;
  #begun = false;

  /** @param limit of the time that a job which has begun may go on after the signal */
  constructor(signal: AbortSignal, kill: () => void, limit: Patience) {
    this.#signal = signal;
    this.#kill = kill;
    this.#limit = limit;
    signal.addEventListener('abort', this.#abort);
    if (signal.aborted) this.#abort();
  }

  /** Nothing that the job needs is on its way any more. */
  begun(): void {
    this.#begun = true;
    if (this.#signal.aborted) this.#limit.start();
  }

  /** The job has ended, or nobody waits for that any more. */
  over(): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#limit.stop();
  }

  readonly #abort = (): void => {
    this.#kill();
    if (this.#begun) this.#limit.start();
  };
}
