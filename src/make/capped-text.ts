import type { Bytes } from '../util/bytes.ts';

/** Most bytes that are kept of one job's output. */
export const JOB_TEXT_LIMIT = 8 * 1024 * 1024;

/**
 * Text that grows without a bound and is kept within one: the first and the last half of `limit` bytes stay, a note
 * says how much was left out between them. What comes out does not depend on how the text was cut into pushes.
 */
export class CappedText {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  #head: Bytes[] = [];
  #headLength = 0;
  #tail: Bytes[] = [];
  #tailLength = 0;
  #leftOut = 0;

  constructor(limit = JOB_TEXT_LIMIT) {
    this.#headLimit = Math.ceil(limit / 2);
    this.#tailLimit = Math.floor(limit / 2);
  }

  push(text: Bytes): void {
    const forHead = text.slice(0, this.#headLimit - this.#headLength);
    if (forHead !== '') {
      this.#head.push(forHead);
      this.#headLength += forHead.length;
    }
    const forTail = text.slice(forHead.length);
    if (forTail !== '') {
      this.#tail.push(forTail);
      this.#tailLength += forTail.length;
      this.#trim();
    }
  }

  /** All of it, with the note `[... N bytes left out ...]` on a line of its own where something is missing. */
  toString(): Bytes {
    const note = this.#leftOut === 0 ? '' : `\n[... ${this.#leftOut} bytes left out ...]\n`;
    return this.#head.join('') + note + this.#tail.join('');
  }

  #trim(): void {
    let excess = this.#tailLength - this.#tailLimit;
    if (excess <= 0) return;
    this.#leftOut += excess;
    this.#tailLength = this.#tailLimit;
    let gone = 0;
    for (const piece of this.#tail) {
      if (piece.length > excess) break;
      excess -= piece.length;
      gone += 1;
    }
    this.#tail.splice(0, gone);
    const first = this.#tail[0];
    if (first !== undefined && excess > 0) this.#tail[0] = first.slice(excess);
  }
}
