import type { LoadAverages } from '../model/load.ts';
import { excerpt } from '../util/excerpt.ts';
import { decode, type Bytes } from '../util/bytes.ts';

/** The longest path that Linux takes. */
const LONGEST_PATH = 4096;
const LONGEST_TEXT = 1000;

/** A host sent what no lane sends: what it says cannot be trusted any further. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame';

  /** @param what the words that came, as they came */
  constructor(what: Bytes) {
    super(`it sent what no lane sends: ${excerpt(decode(what), 80)}`);
  }
}

/** The words of one frame, each read as what it must be. */
export class FrameFields {
  readonly #line: Bytes;
  readonly #words: readonly Bytes[];

  /** @param counts how many words a frame may have */
  constructor(line: Bytes, ...counts: readonly number[]) {
    this.#line = line;
    this.#words = line.split(' ');
    if (!counts.includes(this.#words.length)) this.fail();
  }

  /** One of these words. */
  word<T extends Bytes>(at: number, ...allowed: readonly T[]): T {
    return allowed.find((word) => word === this.#words[at]) ?? this.fail();
  }

  /** A number or a size, at most this large. */
  number(at: number, limit = Number.MAX_SAFE_INTEGER): number {
    const value = /^\d{1,16}$/.test(this.#words[at] ?? '') ? Number(this.#words[at]) : NaN;
    return value <= limit ? value : this.fail();
  }

  /** The same; undefined for `-`. */
  optionalNumber(at: number, limit: number): number | undefined {
    return this.#words[at] === '-' ? undefined : this.number(at, limit);
  }

  /** The length of a path, or of a link's target. */
  length(at: number): number {
    return this.number(at, LONGEST_PATH);
  }

  /** The bits of a mode, in octal. */
  mode(at: number, limit: number): number {
    const value = /^[0-7]{1,4}$/.test(this.#words[at] ?? '') ? parseInt(this.#words[at] ?? '', 8) : NaN;
    return value <= limit ? value : this.fail();
  }

  /** Nanoseconds since 1970. */
  time(at: number): bigint {
    return /^\d{1,20}$/.test(this.#words[at] ?? '') ? BigInt(this.#words[at] ?? '') : this.fail();
  }

  /** The averages of 1, 5 and 15 minutes, with a comma between; `-` for a host that has none. */
  load(at: number): LoadAverages | undefined {
    const word = this.#words[at] ?? '';
    if (word === '-') return undefined;
    if (!/^\d{1,7}(\.\d{1,9})?(,\d{1,7}(\.\d{1,9})?){2}$/.test(word)) this.fail();
    const [one = 0, five = 0, fifteen = 0] = word.split(',').map(Number);
    return [one, five, fifteen];
  }

  fail(): never {
    throw new BadFrame(this.#line);
  }
}

/** What a lane says of what went wrong, as people may see it. */
export function laneWords(text: Bytes): string {
  return text.slice(0, LONGEST_TEXT).replace(/[^ -~]/g, '?');
}
