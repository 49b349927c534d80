import type { Clock } from '../../../../src/engine/clock.ts';

interface Timer {
  readonly at: number;
  /** Of those of one moment the earlier set goes off first. */
  readonly turn: number;
  run: (() => void) | undefined;
}

/** A clock that stands still while anything can go on without it, and then jumps to the next timer. */
export class VirtualClock implements Clock {
  #now = 0;
  #turns = 0;
  /** A heap: the next to go off comes first. */
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    if (ms === Infinity) return () => undefined;
    const timer: Timer = { at: this.#now + Math.max(0, ms), turn: this.#turns++, run };
    this.#push(timer);
    return () => (timer.run = undefined);
  }

  /** Ends with the first of the signals, too. */
  pause(ms: number, ...signals: readonly (AbortSignal | undefined)[]): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        cancel();
        for (const signal of signals) signal?.removeEventListener('abort', over);
        resolve();
      };
      const cancel = this.after(signals.some((signal) => signal?.aborted) ? 0 : ms, over);
      for (const signal of signals) signal?.addEventListener('abort', over);
    });
  }

  /** Lets everything happen that needs no time, then lets the next timer go off. @returns false: none was set */
  async step(): Promise<boolean> {
    await quiet();
    for (let next = this.#pop(); next; next = this.#pop()) {
      if (!next.run) continue;
      this.#now = next.at;
      next.run();
      return true;
    }
    return false;
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(timer, heap[above] as Timer)) break;
      heap[at] = heap[above] as Timer;
      at = above;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return first;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      const right = heap[below + 1];
      if (right && isBefore(right, heap[below] as Timer)) below++;
      if (!isBefore(heap[below] as Timer, last)) break;
      heap[at] = heap[below] as Timer;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

/**
 * Every promise that can be settled without a timer has been, with all that hangs on it: node calls back a next tick only
 * when no microtask is left, and that is much cheaper than a turn of its event loop.
 */
export function quiet(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.turn < other.turn);
}
