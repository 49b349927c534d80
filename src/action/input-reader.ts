import { parseDuration } from '../util/duration.ts';
import { excerpt } from '../util/excerpt.ts';
import { nearestWord } from '../util/nearest-word.ts';
import { UserError } from '../util/user-error.ts';
import { shellWords } from '../util/shell-words.ts';

/** The value of an input as the workflow gives it; empty when it is not given. */
export type ReadInput = (name: string) => string;

const MOST = 9999;

/**
 * Reads inputs one by one and keeps what is wrong with them, so that the user hears of everything at once. A method
 * whose input is wrong returns its default: nobody sees it, because `finish` throws.
 */
export class InputReader {
  readonly #read: ReadInput;
  readonly #problems: string[] = [];

  constructor(read: ReadInput) {
    this.#read = read;
  }

  problem(name: string, text: string): void {
    this.#problems.push(`input ${name}: ${text}`);
  }

  /** @throws UserError with a line for everything that was wrong */
  finish(): void {
    if (this.#problems.length > 0) throw new UserError(this.#problems.join('\n'));
  }

  /** Without blanks around it; undefined when nothing is left. */
  text(name: string): string | undefined {
    const text = this.#read(name).trim();
    return text === '' ? undefined : text;
  }

  /** Lines as they are, blank ones at the top too (errors count them); undefined when all are blank. */
  block(name: string): string | undefined {
    return this.text(name) === undefined ? undefined : this.#read(name);
  }

  /** As it is, less the newline that a block in YAML ends with; undefined when nothing is left. */
  exactText(name: string): string | undefined {
    const text = this.#read(name).replace(/\r?\n$/, '');
    return text === '' ? undefined : text;
  }

  /** One of the words, exactly; the first is the default. */
  word<const Word extends string>(name: string, words: readonly [Word, ...Word[]]): Word {
    const text = this.text(name);
    if (text === undefined) return words[0];
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    const near = nearestWord(text, words);
    const meant = near === undefined ? '' : `; did you mean "${near}"?`;
    this.problem(name, `must be ${words.map((one) => `"${one}"`).join(' or ')}, not ${excerpt(text)}${meant}`);
    return words[0];
  }

  /** One of the words, exactly, or none. */
  optionalWord<const Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const [first, ...others] = words;
    return this.text(name) === undefined || first === undefined ? undefined : this.word(name, [first, ...others]);
  }

  /** true or false as the core schema of YAML 1.2 spells them; the same as in other actions. */
  flag(name: string, preset: boolean): boolean {
    const text = this.text(name);
    if (text === undefined) return preset;
    if (/^(true|True|TRUE)$/.test(text)) return true;
    if (!/^(false|False|FALSE)$/.test(text)) this.problem(name, `must be true or false, not ${excerpt(text)}`);
    return false;
  }

  /** A whole number, `least` or more. */
  count(name: string, least: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= MOST) return value;
    this.problem(name, `must be a whole number from ${least} to ${MOST}, not ${excerpt(text)}`);
    return undefined;
  }

  /** A length of time in seconds, from 1 s to 1000 days. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const seconds = parseDuration(text);
    if (seconds !== undefined && seconds >= 1 && seconds <= 86_400_000) return seconds;
    this.problem(name, `must be a length of time such as 90, 90s, 10m or 24h, not ${excerpt(text)}`);
    return undefined;
  }

  /** Shell words. */
  words(name: string): string[] {
    const words = shellWords(this.#read(name));
    if (typeof words !== 'string') return words;
    this.problem(name, `${words}: ${excerpt(this.#read(name).trim())}`);
    return [];
  }

  /** Patterns of targets, one a line. */
  patterns(name: string): string[] {
    const patterns: string[] = [];
    for (const [index, raw] of this.#read(name).split('\n').entries()) {
      const line = raw.trim();
      if (/\s/.test(line)) this.problem(name, `line ${index + 1}: one pattern a line, not ${excerpt(line)}`);
      else if (line !== '') patterns.push(line);
    }
    return [...new Set(patterns)];
  }

  /** Lines that are not blank, as they are less what a line of Windows ends with. */
  lines(name: string): string[] {
    return this.#read(name)
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
  }

  /** Names of variables, between blanks, newlines or commas. */
  names(name: string): string[] {
    const names = this.#read(name)
      .split(/[\s,]+/)
      .filter((word) => word !== '');
    for (const word of names) {
      // The value may be a secret: only the name is shown.
      const given = word.indexOf('=');
      const shown = excerpt(given > 0 ? word.slice(0, given) : word);
      if (given > 0)
        this.problem(name, `takes names alone: give ${shown} its value with "env:" and leave "=…" out here`);
      else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(word)) this.problem(name, `${shown} cannot be the name of a variable`);
    }
    return [...new Set(names)];
  }
}
