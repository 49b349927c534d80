import type { Bytes } from '../util/bytes.ts';
import { CappedText } from './capped-text.ts';
import type { Spool } from './spools.ts';
import type { TextFile } from './text-file.ts';

/** What one job prints. Once a log may leave out some of it, all of it goes to a file as it comes, if there is one to be had. */
export class JobText {
  readonly #capped: CappedText;
  #room: number;
  #spool: Spool | undefined;
  #file: TextFile | undefined;

  /** @param limit bytes that are kept in memory */
  constructor(limit: number, spool: Spool | undefined) {
    this.#capped = new CappedText(limit);
    this.#room = limit;
    this.#spool = spool;
  }

  push(text: Bytes): void {
    this.#room -= text.length;
    if (this.#spool !== undefined) {
      const { tally, open } = this.#spool;
      tally.add(text);
      if (tally.isLong || this.#room < 0) {
        this.#spool = undefined;
        this.#file = open();
        // So far nothing has been left out.
        this.#file?.write(this.#capped.toString());
      }
    }
    this.#file?.write(text);
    this.#capped.push(text);
  }

  /** It goes another way, as far as it has come. */
  release(): Bytes {
    this.#file?.discard();
    this.#file = undefined;
    this.#spool = undefined;
    return this.#capped.toString();
  }

  end(): { readonly output: Bytes; readonly file?: string } {
    const file = this.#file?.close();
    this.#file = undefined;
    return { output: this.#capped.toString(), ...(file !== undefined && { file }) };
  }
}
