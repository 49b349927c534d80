import ignore, { type Ignore } from 'ignore';
import { encode, type Bytes } from '../../util/bytes.ts';

/** The library remembers every path that it was asked about: after so many it starts anew. */
const REMEMBERED = 8192;

/**
 * What people do not want to be staged, in the words of a .gitignore at the root of the workspace (gitignore(5)). A
 * directory that is excluded takes everything in it along; names are bytes and their case counts.
 */
export class Exclusion {
  readonly #lines: Bytes;
  #rules: Ignore | undefined;
  #asked = 0;

  /** @param patterns the lines of the .gitignore */
  constructor(patterns: readonly string[]) {
    this.#lines = patterns.map(encode).join('\n');
  }

  /** Whether the path, relative to the workspace, is excluded by itself or with a directory above it. */
  excludes(path: Bytes, isDirectory: boolean): boolean {
    if (this.#lines === '') return false;
    if (this.#asked++ % REMEMBERED === 0) this.#rules = ignore({ ignorecase: false }).add(this.#lines);
    return this.#rules?.ignores(isDirectory ? `${path}/` : path) ?? false;
  }
}
