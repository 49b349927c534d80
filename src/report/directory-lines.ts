import type { Bytes } from '../util/bytes.ts';

/**
 * `make[1]: Entering directory` and `Leaving directory`. make -O says both for every target of a sub-make: two lines
 * between any two folds. They are held until it is known that they tell something: not where the same is left and entered
 * again at once, and not around a target that printed nothing.
 */
export class DirectoryLines {
  #held: Bytes[] = [];
  #quiet = false;

  /** @returns whether the text is such a line, and is held now */
  take(text: Bytes): boolean {
    const match = /^([^:\s]+: )(Entering|Leaving)( directory .*\n)$/.exec(text);
    if (match === null) return false;
    const [, make = '', verb, rest = ''] = match;
    const other = `${make}${verb === 'Entering' ? 'Leaving' : 'Entering'}${rest}`;
    if (this.#held.at(-1) === other && (verb === 'Entering' || this.#quiet)) this.#held.pop();
    else this.#held.push(text);
    this.#quiet = false;
    return true;
  }

  /** A target has printed nothing since the last of these lines. */
  nothingPrinted(): void {
    this.#quiet = true;
  }

  /** Something is about to be printed: what stands before it. */
  release(): Bytes {
    const text = this.#held.join('');
    this.#held = [];
    this.#quiet = false;
    return text;
  }
}
