import type { Host } from '../model/host.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';

const FIRST_MS = 50;
const LONGEST_MS = 1000;

interface Wait {
  /** Milliseconds. */
  readonly delay: number;
  /** A job has been turned away since the host was last tried. */
  readonly refused: boolean;
  readonly cancel: () => void;
}

/**
 * When hosts that turned jobs away are tried again (D10): 50 ms later, then less and less often, down to once in a
 * second; more often again once nothing was turned away.
 */
export class BackOff {
  readonly #again: (host: Host) => boolean;
  readonly #clock: Clock;
  readonly #waits = new Map<Host, Wait>();
  #closed = false;

  /** @param again tries the host again; whether there is still something to try later */
  constructor(again: (host: Host) => boolean, clock = SYSTEM_CLOCK) {
    this.#again = again;
    this.#clock = clock;
  }

  turnedAway(host: Host): void {
    const wait = this.#waits.get(host);
    // Jobs come in bursts: the first that is turned away tells of them all.
    if (this.#closed || wait?.refused === true) return;
    wait?.cancel();
    this.#set(host, wait ? Math.min(2 * wait.delay, LONGEST_MS) : FIRST_MS, true);
  }

  /** No host is tried any more. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#waits.values()) cancel();
    this.#waits.clear();
  }

  #set(host: Host, delay: number, refused: boolean): void {
    const cancel = this.#clock.after(delay, () => this.#tick(host, delay, refused));
    this.#waits.set(host, { delay, refused, cancel });
  }

  #tick(host: Host, delay: number, refused: boolean): void {
    this.#waits.delete(host);
    const more = this.#again(host);
    // Where all is open again it takes one more wait to see whether that was right.
    if (more || refused) this.#set(host, refused ? delay : Math.max(FIRST_MS, delay / 2), false);
  }
}
