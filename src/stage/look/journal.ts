import type { Bytes } from '../../util/bytes.ts';

/** Entries that later ones have replaced are dropped when there are so many, and more than half of all. */
const DROP_AT = 8192;

/**
 * The paths of all changes, in their order. A version is how many changes there have been. Of each path the latest
 * change alone is ever asked for: the others are dropped from time to time, so that the journal stays about as long as
 * there are paths, however long the build is.
 */
export class Journal {
  #paths: Bytes[] = [];
  /** The version of each path, ascending. */
  #versions: number[] = [];
  #version = 0;
  #dropAt = DROP_AT;
  readonly #versionOf: (path: Bytes) => number;

  /** @param versionOf the version of the latest change of a path */
  constructor(versionOf: (path: Bytes) => number) {
    this.#versionOf = versionOf;
  }

  get version(): number {
    return this.#version;
  }

  /** How many entries it holds. */
  get length(): number {
    return this.#paths.length;
  }

  /** @returns the version of the change */
  push(path: Bytes): number {
    if (this.#paths.length >= this.#dropAt) this.#drop();
    this.#paths.push(path);
    this.#versions.push(++this.#version);
    return this.#version;
  }

  /** The path of each change since `version`, each once, the latest change only. */
  since(version: number): Bytes[] {
    const found: Bytes[] = [];
    for (let at = this.#after(version); at < this.#paths.length; at++) {
      if (this.#isLatest(at)) found.push(this.#paths[at] as Bytes);
    }
    return found;
  }

  #isLatest(at: number): boolean {
    return this.#versionOf(this.#paths[at] as Bytes) === this.#versions[at];
  }

  /** Where the first entry behind a version stands. */
  #after(version: number): number {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#versions[middle] as number) <= version) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(): void {
    const kept = this.#paths.map((_, at) => at).filter((at) => this.#isLatest(at));
    this.#paths = kept.map((at) => this.#paths[at] as Bytes);
    this.#versions = kept.map((at) => this.#versions[at] as number);
    this.#dropAt = Math.max(DROP_AT, this.#paths.length * 2);
  }
}
