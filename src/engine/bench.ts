import type { Host } from '../model/host.ts';
import type { Clock } from './clock.ts';

const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** What came of trying a host again. */
export type Trial = 'back' | 'not yet' | 'left out';

interface Seat {
  /** Until it is tried next, in ms. */
  readonly delay: number;
  /** When it was taken back last. */
  readonly back: number | undefined;
  readonly cancel: () => void;
}

/**
 * Hosts that were lost, or did not come up: each is tried again a second later, then after twice the time, and so on, up to once
 * in a minute. One that is lost again soon goes on where it was; after a minute without a fault it begins anew.
 */
export class Bench {
  readonly #clock: Clock;
  readonly #trial: (host: Host) => Promise<Trial>;
  readonly #seats = new Map<Host, Seat>();
  #closed = false;

  /** @param trial brings the host up once more; never rejects */
  constructor(clock: Clock, trial: (host: Host) => Promise<Trial>) {
    this.#clock = clock;
    this.#trial = trial;
  }

  put(host: Host): void {
    const { delay, back } = this.#seats.get(host) ?? {};
    const isNew = delay === undefined || (back !== undefined && this.#clock.now() - back >= LONGEST_MS);
    this.#sit(host, isNew ? FIRST_MS : Math.min(2 * delay, LONGEST_MS));
  }

  /** Nobody is tried any more. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#seats.values()) cancel();
  }

  #sit(host: Host, delay: number): void {
    if (this.#closed) return;
    const cancel = this.#clock.after(delay, () => void this.#try(host, delay));
    this.#seats.set(host, { delay, back: undefined, cancel });
  }

  async #try(host: Host, delay: number): Promise<void> {
    const seat: Seat = { delay, back: undefined, cancel: () => undefined };
    this.#seats.set(host, seat);
    const trial = await this.#trial(host);
    if (trial === 'not yet') this.#sit(host, Math.min(2 * delay, LONGEST_MS));
    else if (trial === 'left out') this.#seats.delete(host);
    // It may have been lost again by now.
    else if (this.#seats.get(host) === seat) this.#seats.set(host, { ...seat, back: this.#clock.now() });
  }
}
