import type { Bytes } from '../util/bytes.ts';

/** A text with its variables replaced: each way to read it is split into words. */
export interface Expanded {
  readonly words: readonly Bytes[];
  /** Whether all of it could be read. */
  readonly complete: boolean;
}

const ASSIGNMENT = /^[ \t]*(?:(?:export|override|private)[ \t]+)*([\w.-]+)[ \t]*(?::{0,3}|[?+])=(.*)$/gm;
const REFERENCE = /\$(?:\(([\w.-]+)\)|\{([\w.-]+)\}|(\w))/;
const WILDCARD = /\$\(wildcard\s+([^$(){},]*)\)|\$\{wildcard\s+([^$(){},]*)\}/;

/** Readings of one text are followed this far. */
const MOST_READINGS = 64;

/** What the texts of makefiles assign to variables. Nothing is run; functions are not known, but for `wildcard`. */
export class TextVariables {
  /** Every value that was seen. */
  readonly #values = new Map<Bytes, Set<Bytes>>();

  /** @param environment as `NAME=value` */
  constructor(environment: readonly Bytes[]) {
    for (const entry of environment) {
      const equals = entry.indexOf('=');
      // What is in it is text: a dollar in it is expanded by make, too, as in a makefile.
      this.#add(entry.slice(0, equals), entry.slice(equals + 1));
    }
  }

  /** @param text of a makefile, in which lines that go on are joined */
  learn(text: Bytes): void {
    for (const [, name = '', value = ''] of text.matchAll(ASSIGNMENT)) {
      this.#add(name, value.replace(/(?<!\\)#.*$/, '').trim());
    }
  }

  expand(text: Bytes): Expanded {
    const readings = [text];
    const words = new Set<Bytes>();
    let complete = true;
    for (let at = 0; at < readings.length; at++) {
      const reading = (readings[at] ?? '').replace(WILDCARD, '$1$2');
      const found = REFERENCE.exec(reading);
      const values = found && this.#values.get(found[1] ?? found[2] ?? found[3] ?? '');
      if (!found || !values || readings.length + values.size > MOST_READINGS) {
        complete &&= !reading.includes('$');
        for (const word of reading.split(/\s+/)) if (word !== '' && !word.includes('$')) words.add(word);
        continue;
      }
      for (const value of values) {
        readings.push(reading.slice(0, found.index) + value + reading.slice(found.index + found[0].length));
      }
    }
    return { words: [...words], complete };
  }

  #add(name: Bytes, value: Bytes): void {
    const known = this.#values.get(name);
    if (known) known.add(value);
    else this.#values.set(name, new Set([value]));
  }
}
