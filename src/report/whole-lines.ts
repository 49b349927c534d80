import type { Bytes } from '../util/bytes.ts';

/** An unended line is held up to this length. */
const LINE_HELD = 64 * 1024;

/** Text that comes in pieces, in whole lines: a piece of one would be printed as a line of its own. */
export class WholeLines {
  #line: Bytes = '';

  /** @returns what can be printed by now */
  take(text: Bytes): Bytes {
    const all = this.#line + text;
    const whole = all.lastIndexOf('\n') + 1;
    const end = all.length - whole > LINE_HELD ? all.length : whole;
    this.#line = all.slice(end);
    return all.slice(0, end);
  }

  /** No more comes. */
  rest(): Bytes {
    const line = this.#line;
    this.#line = '';
    return line;
  }
}
