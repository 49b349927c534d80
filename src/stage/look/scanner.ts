import { setImmediate } from 'node:timers/promises';
import type { Bytes } from '../../util/bytes.ts';
import { Exclusion } from './exclusion.ts';
import { WalkerThread } from './walker-thread.ts';
import { Walker, type LookEnd, type Part, type Suspects } from './walker.ts';

/** Entries that are looked at where we are, in slices: about 10 ms. With more a thread is worth its start. */
export const FEW = 3000;

/**
 * Looks at a workspace without holding up the process: a small one in slices, a large one in a thread. Looks come one
 * after the other.
 */
export class Scanner {
  readonly #root: Bytes;
  readonly #exclude: readonly string[];
  readonly #number = WalkerThread.number();
  /** Entries beyond which the thread takes over; Infinity when it cannot. */
  #few: number;
  /** Undefined: the thread looks. */
  #walker: Walker | undefined;

  /** @param few entries that are looked at without a thread */
  constructor(root: Bytes, exclude: readonly string[], few: number) {
    this.#root = root;
    this.#exclude = exclude;
    this.#few = few;
    if (few > 0) this.#walker = this.#newWalker();
  }

  /**
   * What differs from the last look, as Walker.look; may tell of a path more than once, the last time counts. `anew`:
   * from here on everything is told of, what was told before may be old.
   */
  async *look(suspects: Suspects): AsyncGenerator<Part | 'anew', LookEnd> {
    if (this.#walker) {
      const end = yield* this.#lookHere(this.#walker, suspects);
      if (end) return end;
      this.#walker = undefined;
      yield 'anew';
    }
    try {
      const order = { walker: this.#number, root: this.#root, exclude: this.#exclude, suspects };
      return yield* WalkerThread.shared().look(order);
    } catch {
      // No memory for a thread, or its program is gone: slower, and just as right.
      this.#few = Infinity;
      this.#walker = this.#newWalker();
      yield 'anew';
      return (yield* this.#lookHere(this.#walker, suspects)) as LookEnd;
    }
  }

  /** @returns undefined when there is too much for us */
  async *#lookHere(walker: Walker, suspects: Suspects): AsyncGenerator<Part, LookEnd | undefined> {
    const look = walker.look(suspects);
    for (;;) {
      const { value, done } = look.next();
      if (done === true) return value;
      if (walker.size > this.#few) return undefined;
      if (value) yield value;
      await setImmediate();
    }
  }

  #newWalker(): Walker {
    return new Walker(this.#root, new Exclusion(this.#exclude));
  }
}
