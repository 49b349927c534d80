import { posix } from 'node:path';
import type { Bytes } from '../../util/bytes.ts';
import type { Diagnostic, Spot } from './diagnostic.ts';
import { hasLine } from './has-line.ts';
import { isMakefile } from './make-words.ts';

/** Directories of makes that are known. */
const MAKES = 100;
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
  readonly #exists: (path: Bytes, line?: number) => boolean;
  readonly #stagings = new Set<Bytes>();
  readonly #makes = new Set<Bytes>();
  readonly #known = new Map<Bytes, Bytes | undefined>();
  #makesElsewhere = false;

  /**
   * @param root of the repository, absolute
   * @param exists whether a path is a file, which has that line
   */
  constructor(root: Bytes, exists: (path: Bytes, line?: number) => boolean = hasLine) {
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
    else if (!this.#makes.has(directory)) this.addMakeElsewhere();
  }

  /** A make has run, and nothing tells where. */
  addMakeElsewhere(): void {
    this.#makesElsewhere = true;
  }

  /**
   * The place to show for a problem: its own if that is in the repository, else the nearest one from which the tool
   * came there.
   *
   * @param bases directories that a relative name may start from, the likeliest first; absolute
   */
  locate({ spot, via, directory }: Diagnostic, bases: readonly Bytes[]): Located | undefined {
    for (const one of spot ? [spot, ...via] : via) {
      const file = directory === undefined ? this.#ofOneMake(one, bases) : this.file(one, [directory, ...bases]);
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

  /** The file of that name in that directory, and nowhere else; undefined: none, or it has no such line. */
  fileIn(directory: Bytes, { file, line }: Spot): Bytes | undefined {
    return this.#within(directory, file, line);
  }

  /**
   * A name that some make has said, or something below it: a file if only one of the makes that have run can mean it.
   * Their makefiles have the same names, and only their lengths tell them apart.
   */
  #ofOneMake(spot: Spot, bases: readonly Bytes[]): Bytes | undefined {
    if (posix.isAbsolute(spot.file) || OBJECT.test(spot.file)) return this.file(spot, [...bases, ...this.#makes]);
    // Each directory has a Makefile; other names are seldom there twice.
    if (this.#makesElsewhere && isMakefile(spot.file)) return undefined;
    const found = new Set([...bases, ...this.#makes].map((base) => this.fileIn(base, spot)));
    found.delete(undefined);
    return found.size > 1 ? undefined : ([...found][0] ?? this.fileIn(this.#root, spot));
  }

  #within(base: Bytes, file: Bytes, line?: number): Bytes | undefined {
    const path = this.#home(posix.resolve(base, file));
    if (!path.startsWith(`${this.#root}/`)) return undefined;
    const key = line === undefined ? path : `${path}\0${line}`;
    if (!this.#known.has(key)) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(key, this.#exists(path, line) ? path.slice(this.#root.length + 1) : undefined);
    }
    return this.#known.get(key);
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
