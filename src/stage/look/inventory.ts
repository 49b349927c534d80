import type { Bytes } from '../../util/bytes.ts';
import { Journal } from './journal.ts';
import { Stamps, type Stamp } from './stamps.ts';

/** What is known to stand in the workspace, and in which order it changed. */
export class Inventory {
  readonly #stamps = new Stamps();
  /** By row: where in the journal the path stands. */
  readonly #versions: number[] = [];
  /** By row: where in the journal it was last seen to have changed, not merely listed again to be sure. */
  readonly #changed: number[] = [];
  /** By row: the number of the look that told of it last. */
  readonly #looks: number[] = [];
  /** What is right in a directory, by the directory; empty for the root. */
  readonly #children = new Map<Bytes, Set<Bytes>>();
  readonly #removed = new Map<Bytes, number>();
  readonly #journal = new Journal((path) => this.versionOf(path));

  get version(): number {
    return this.#journal.version;
  }

  /** The path of each change since `version`, each once, the latest change only. */
  changesSince(version: number): Bytes[] {
    return this.#journal.since(version);
  }

  has(path: Bytes): boolean {
    return this.#stamps.row(path) !== undefined;
  }

  isFile(path: Bytes): boolean {
    const row = this.#stamps.row(path);
    return row !== undefined && this.#stamps.isFile(row);
  }

  isDirectory(path: Bytes): boolean {
    const row = this.#stamps.row(path);
    return row !== undefined && this.#stamps.isDirectory(row);
  }

  /** Size of a file. */
  size(path: Bytes): number {
    const row = this.#stamps.row(path);
    return row === undefined ? 0 : this.#stamps.sizeOf(row);
  }

  /** Whether what stands there has this stamp. */
  isAs(path: Bytes, stamp: Stamp, at = 0): boolean {
    const row = this.#stamps.row(path);
    return row !== undefined && !this.#stamps.differs(row, stamp, at);
  }

  /** Where in the journal the path stands; 0: it was never there. */
  versionOf(path: Bytes): number {
    const row = this.#stamps.row(path);
    return row === undefined ? (this.#removed.get(path) ?? 0) : (this.#versions[row] as number);
  }

  changedAt(path: Bytes): number {
    const row = this.#stamps.row(path);
    return row === undefined ? (this.#removed.get(path) ?? 0) : (this.#changed[row] as number);
  }

  /** The full paths of what is right in a directory; empty for the root. */
  in(directory: Bytes): Iterable<Bytes> {
    return this.#children.get(directory) ?? [];
  }

  /** All paths, or those below a directory: directories before what is in them, the rest in the order of names. */
  *below(directory: Bytes): Generator<Bytes> {
    for (const path of [...this.in(directory)].sort()) {
      yield path;
      if (this.#children.has(path)) yield* this.below(path);
    }
  }

  /** The path changed, or is listed again to be sure. */
  record(path: Bytes, stamp: Stamp, at: number, how: 'changed' | 'listed'): void {
    const before = this.#stamps.row(path);
    const changed = before === undefined || how === 'changed' ? undefined : this.#changed[before];
    // While the row is as it was, or was removed: the journal may ask for it.
    const version = this.#journal.push(path);
    const row = this.#stamps.set(path, stamp, at);
    this.#versions[row] = version;
    this.#changed[row] = changed ?? version;
    this.#removed.delete(path);
    if (before !== undefined) return;
    const parent = parentOf(path);
    const siblings = this.#children.get(parent);
    if (siblings) siblings.add(path);
    else this.#children.set(parent, new Set([path]));
  }

  /** Nothing stands there any more, nor below it. */
  remove(path: Bytes): void {
    this.removeBelow(path);
    if (!this.#stamps.delete(path)) return;
    this.#removed.set(path, this.#journal.push(path));
    const parent = parentOf(path);
    const siblings = this.#children.get(parent);
    siblings?.delete(path);
    if (siblings?.size === 0) this.#children.delete(parent);
  }

  /** Nothing stands below it any more. */
  removeBelow(directory: Bytes): void {
    for (const path of [...this.in(directory)]) this.remove(path);
  }

  /** The look of that number told of the path. */
  mark(path: Bytes, look: number): void {
    const row = this.#stamps.row(path);
    if (row !== undefined) this.#looks[row] = look;
  }

  /** What the look did not tell of. */
  unmarked(look: number): Bytes[] {
    const found: Bytes[] = [];
    for (const [path, row] of this.#stamps) if (this.#looks[row] !== look) found.push(path);
    return found;
  }
}

/** Empty for what stands right in the workspace. */
function parentOf(path: Bytes): Bytes {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
