import type { Bytes } from '../../util/bytes.ts';

/** Options of bmake that take a value (make(1) of NetBSD). */
const WITH_VALUE = 'CDIJTVdfjmv';

/** One option, as bmake counts them: `-kj4` are two. */
export interface BmakeOption {
  readonly letter: string;
  /** Undefined for those without one, and where it is missing. */
  readonly value: Bytes | undefined;
}

export interface BmakeArguments {
  readonly options: readonly BmakeOption[];
  /** Goals and assignments, in their order. */
  readonly others: readonly Bytes[];
}

/** Splits the arguments of a bmake, without argv[0]. Options may stand anywhere before `--`. */
export function bmakeArguments(words: readonly Bytes[]): BmakeArguments {
  const options: BmakeOption[] = [];
  const others: Bytes[] = [];
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      others.push(...rest);
      break;
    }
    if (!word.startsWith('-')) {
      others.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word.charAt(at);
      const takes = WITH_VALUE.includes(letter);
      options.push({ letter, value: takes ? word.slice(at + 1) || rest.shift() : undefined });
      if (takes) break;
    }
  }
  return { options, others };
}

/** The words of MAKEFLAGS as a bmake reads them: blanks part them, and letters alone are options. */
export function bmakeFlags(makeflags: Bytes): readonly Bytes[] {
  if (/^[A-Za-z]+$/.test(makeflags)) return [...makeflags].map((letter) => `-${letter}`);
  return makeflags.split(/\s+/).filter((word) => word !== '');
}
