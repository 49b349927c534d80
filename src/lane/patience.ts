import { Countdown } from './countdown.ts';

/** So much more than all signs of life on a connection together must come on it, in bytes per second, to count as a busy link. */
const BUSY = 2048;
/** A lane that alone hangs is given up after so many times its patience, however busy the others are. */
const MOST = 8;

/**
 * A countdown for what a lane is to say. What it says may stand behind all that other lanes send over the same connection: while
 * much comes there, the link is slow and nothing else, and it begins again.
 */
export class Patience {
  readonly #seconds: number;
  readonly #received: () => number;
  readonly #countdown: Countdown;
  #rounds = 0;
  #before = 0;

  /**
   * @param received LaneStream.received
   * @param run called when it has come to its end
   */
  constructor(seconds: number, received: (() => number) | undefined, run: () => void) {
    this.#seconds = seconds;
    this.#received = received ?? ((): number => 0);
    this.#countdown = new Countdown(seconds, () => {
      if (this.#rounds < MOST && this.#received() - this.#before >= this.#seconds * BUSY) this.#begin();
      else run();
    });
  }

  /** From the beginning, whether it is under way or not. */
  start(): void {
    this.#rounds = 0;
    this.#begin();
  }

  stop(): void {
    this.#countdown.stop();
  }

  #begin(): void {
    this.#rounds++;
    this.#before = this.#received();
    this.#countdown.start();
  }
}
