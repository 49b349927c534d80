import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import type { Diagnostic, Spot } from './diagnostic.ts';

/** Directories of makes that are tried last. */
const MAKES = 50;
/** Answers that are remembered. */
const REMEMBERED = 20_000;

/** Of what linkers read. */
const OBJECT = /\.(?:l?o|obj|a|so(?:\.[\d.]+)?)$/;
/** Of what objects are made of. */
const SOURCES = ['c', 'cpp', 'cc', 'cxx', 'C', 'm', 'mm', 'S', 's', 'f90', 'F90', 'f'];

/** A place in the repository. */
export interface Located {
  /** Relative to the root. */
  readonly file: Bytes;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** It is not the place itself, but one from which the tool came there. */
  readonly indirect: boolean;
}

/** Finds the files that tools name. Only files that exist are places: an annotation elsewhere is not shown. */
export class Locator {
  readonly #root: Bytes;
  readonly #exists: (path: Bytes) => boolean;
  readonly #stagings = new Set<Bytes>();
  readonly #makes = new Set<Bytes>();
  readonly #known = new Map<Bytes, Bytes | undefined>();

  /** @param root of the repository, absolute */
  constructor(root: Bytes, exists: (path: Bytes) => boolean = (path) => existsSync(fsPath(path))) {
    this.#root = root;
    this.#exists = exists;
  }

  /** Where a host without a private root has its copies of the repository: compilers print those paths. */
  addStaging(directory: Bytes): void {
    this.#stagings.add(directory);
  }

  /** A make has run there: names may be relative to it where nothing else fits. */
  addMake(directory: Bytes): void {
    if (this.#makes.size < MAKES) this.#makes.add(directory);
  }

  /**
   * The place to show for a problem: its own if that is in the repository, else the nearest one from which the tool
   * came there.
   *
   * @param bases directories that a relative name may start from, the likeliest first; absolute
   */
  locate({ spot, via, directory }: Diagnostic, bases: readonly Bytes[]): Located | undefined {
    for (const one of spot ? [spot, ...via] : via) {
      const file = this.file(one, [directory, ...bases]);
      if (file !== undefined) return { file, line: one.line, column: one.column, indirect: one !== spot };
    }
    return undefined;
  }

  /** A file's name relative to the root; undefined: there is none of that name in the repository. */
  file({ file, object }: Spot, bases: readonly Bytes[]): Bytes | undefined {
    const beside = object === undefined ? [] : bases.map((base) => posix.resolve(base, posix.dirname(object)));
    const all = posix.isAbsolute(file) ? [''] : [...beside, ...bases];
    // Nobody looks into an object: its source is the place, where it stands beside it.
    const names = OBJECT.test(file) ? SOURCES.map((suffix) => file.replace(OBJECT, `.${suffix}`)) : [file];
    for (const base of all) {
      for (const name of names) {
        const found = this.#within(base, name);
        if (found !== undefined) return found;
      }
    }
    if (posix.isAbsolute(file) || OBJECT.test(file)) return undefined;
    const further = new Set([this.#root, ...this.#makes].map((base) => this.#within(base, file)));
    further.delete(undefined);
    // More than one file of that name says nothing.
    return further.size === 1 ? [...further][0] : undefined;
  }

  #within(base: Bytes, file: Bytes): Bytes | undefined {
    const path = this.#home(posix.resolve(base, file));
    if (!path.startsWith(`${this.#root}/`)) return undefined;
    if (!this.#known.has(path)) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(path, this.#exists(path) ? path.slice(this.#root.length + 1) : undefined);
    }
    return this.#known.get(path);
  }

  /** `STAGING/l1/tree/src/a.c`, or `STAGING/tree/src/a.c`, is `src/a.c` here. */
  #home(path: Bytes): Bytes {
    for (const staging of this.#stagings) {
      if (!path.startsWith(`${staging}/`)) continue;
      const inside = /^\/(?:l\d+\/)?tree(?=\/)/.exec(path.slice(staging.length));
      if (inside) return this.#root + path.slice(staging.length + inside[0].length);
    }
    return path;
  }
}

/** Directories to which a command changes by itself (`cd sub && cc x.c`), absolute; as far as its text tells. */
export function directoriesOf(command: Bytes, directory: Bytes): Bytes[] {
  const found: Bytes[] = [];
  const changes =
    /(?:^|[;&|({\n]|\bthen|\bdo)[ \t]*cd[ \t]+(?:--[ \t]+)?(?:"([^"$`\\]+)"|'([^']+)'|([^\s;&|()"'$`\\]+))/g;
  let now = directory;
  for (const [, double, single, bare] of command.slice(0, 64 * 1024).matchAll(changes)) {
    const name = double ?? single ?? bare;
    if (name === undefined || name === '-' || found.length >= 10) continue;
    now = posix.resolve(now, name);
    found.unshift(now);
  }
  return found;
}
