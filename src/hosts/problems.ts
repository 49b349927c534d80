import { nearestWord } from '../util/nearest-word.ts';
import { UserError } from '../util/user-error.ts';
import { shown } from './shown.ts';

const MOST_PROBLEMS = 10;

/** A place in a text. Both count from 1; columns count UTF-16 units, as editors do. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

interface Problem {
  readonly place: Place;
  /** A function where the text costs something: only the first few are shown. */
  readonly text: string | (() => string);
}

/** Keeps what is wrong with a matrix, so that people hear of everything at once. */
export class Problems {
  readonly source: string;
  readonly #form: string;
  readonly #problems: Problem[] = [];

  /**
   * @param source what errors call the text
   * @param form what the format looks like, which ends every error
   */
  constructor(source: string, form: string) {
    this.source = source;
    this.#form = form;
  }

  add(place: Place, text: string | (() => string)): void {
    this.#problems.push({ place, text });
  }

  /** @throws UserError with the first ten problems in the order of the text, if there are any */
  finish(): void {
    if (this.#problems.length === 0) return;
    const sorted = [...this.#problems].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
    const lines = sorted
      .slice(0, MOST_PROBLEMS)
      .map(({ place, text }) => located(this.source, place, typeof text === 'string' ? text : text()));
    const more = sorted.length - lines.length;
    if (more > 0) lines.push(`${this.source}: ${more} more ${more === 1 ? 'problem' : 'problems'}`);
    throw new UserError([...lines, this.#form].join('\n'));
  }

  /** @throws UserError with the problems, and where there are none: that there is no host at all */
  finishWithout(): never {
    this.finish();
    throw new UserError(`${this.source}: there is no host in it\n${this.#form}`);
  }
}

/** `SOURCE, line L, column C: TEXT`. */
export function located(source: string, { line, column }: Place, text: string): string {
  return `${source}, line ${line}, column ${column}: ${text}`;
}

/** `; did you mean "WORD"?`, or nothing when no word is near. */
export function meant(text: string, words: readonly string[]): string {
  const near = nearestWord(text, words);
  return near === undefined ? '' : `; did you mean ${shown(near)}?`;
}
