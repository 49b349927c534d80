import type { Bytes } from '../util/bytes.ts';

/**
 * Half of what a log shows of one recipe (FLOOD in report/flood.ts): so much of its beginning is shown in any case. What lies
 * behind may be left out there.
 */
const SURELY_SHOWN = { lines: 1000, bytes: 128 * 1024 };

/** How much has been printed of one recipe. */
export class TextTally {
  #lines = 0;
  #bytes = 0;

  /** Whether a log may leave out some of it. */
  get isLong(): boolean {
    return this.#lines >= SURELY_SHOWN.lines || this.#bytes > SURELY_SHOWN.bytes;
  }

  add(text: Bytes): void {
    this.#bytes += text.length;
    const ends = /[\r\n]/g;
    while (!this.isLong && ends.test(text)) this.#lines += 1;
  }
}
