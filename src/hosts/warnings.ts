import { located, type Place } from './problems.ts';

const MOST_WARNINGS = 10;

/** Keeps what was passed over in a matrix. */
export class Warnings {
  readonly #source: string;
  readonly #texts: string[] = [];
  #more = 0;

  /** @param source what warnings call the text */
  constructor(source: string) {
    this.#source = source;
  }

  /** @param text called for the first ten alone: what it costs is bounded */
  add(place: Place, text: () => string): void {
    if (this.#texts.length < MOST_WARNINGS) this.#texts.push(located(this.#source, place, text()));
    else this.#more++;
  }

  /** The first ten in the order in which they came, and how many more there are. */
  list(): string[] {
    if (this.#more === 0) return [...this.#texts];
    return [...this.#texts, `${this.#source}: ${this.#more} more ${this.#more === 1 ? 'warning' : 'warnings'}`];
  }
}
