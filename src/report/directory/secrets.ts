import { encode, type Bytes } from '../../util/bytes.ts';

/** What stands in place of a secret, as in the log of a workflow. */
export const MASK = '***';

/** A shorter word would blot out half of what is written. */
const LEAST = 4;

/**
 * The lines of texts that are kept secret, each by itself, as the runner masks them: without those that are too short to be
 * secret, and the frame of a key.
 */
export function secretLines(texts: readonly (string | undefined)[]): readonly string[] {
  const lines = texts.flatMap((text) => (text ?? '').split(/\r?\n|\\n/).map((line) => line.trim()));
  return [...new Set(lines)].filter((line) => line.length >= LEAST && !line.startsWith('-----'));
}

/** Takes secrets out of what is written to files: the runner masks its log, and nothing else. */
export class Secrets {
  readonly #text: RegExp | undefined;
  readonly #bytes: RegExp | undefined;
  /** Bytes of the longest. */
  readonly #longest: number;

  /** @param texts each line of them is secret (see {@link secretLines}) */
  constructor(texts: readonly (string | undefined)[]) {
    const lines = secretLines(texts);
    this.#text = anyOf(lines);
    this.#bytes = anyOf(lines.map(encode));
    this.#longest = Math.max(0, ...lines.map((line) => encode(line).length));
  }

  /** Text that a person or a program wrote, UTF-16. */
  readonly maskText = (text: string): string => (this.#text ? text.replace(this.#text, MASK) : text);

  readonly mask = (text: Bytes): Bytes => (this.#bytes ? text.replace(this.#bytes, MASK) : text);

  /** For a text that comes in pieces: what it gives does not depend on how that was cut. */
  stream(): { readonly push: (piece: Bytes) => Bytes; readonly end: () => Bytes } {
    const { mask } = this;
    const pattern = this.#bytes;
    const undecided = this.#longest - 1;
    let held: Bytes = '';
    return {
      push: (piece) => {
        if (!pattern) return piece;
        const text = held + piece;
        // Behind this a secret may have begun of which the rest is yet to come.
        let cut = Math.max(0, text.length - undecided);
        for (const { index, 0: found } of text.matchAll(pattern)) {
          if (index >= cut) break;
          cut = Math.max(cut, index + found.length);
        }
        held = text.slice(cut);
        return mask(text.slice(0, cut));
      },
      end: () => mask(held),
    };
  }
}

/** The longest first: one may be the beginning of another. */
function anyOf(words: readonly string[]): RegExp | undefined {
  if (words.length === 0) return undefined;
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'g');
}
