import type { Entry } from '../model/entry.ts';
import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import { isCompile, looksLikeObject, namedObjects, stem, type ObjectFiles } from './object-files.ts';
import { readEntry, readTime } from './read-entry.ts';
import type { Workspace } from './workspace.ts';

/** What one staged tree on a host holds, against what the workspace holds. */
export class HostTree {
  readonly #workspace: Workspace;
  readonly #objects: ObjectFiles;
  /** The tree has every change up to here, but for `#late`. */
  #version = 0;
  /** Changes behind `#version` that the tree has already: jobs there made them. */
  readonly #ahead = new Map<Bytes, number>();
  /** Objects that no job there has needed so far. */
  readonly #late = new Set<Bytes>();
  /** What a failed job may have spoilt. */
  readonly #unknown = new Set<Bytes>();
  /** What may be objects, or become known as such, and of which the tree has some version. */
  readonly #held = new Set<Bytes>();

  constructor(workspace: Workspace, objects: ObjectFiles) {
    this.#workspace = workspace;
    this.#objects = objects;
  }

  /** The whole workspace, for an empty tree. Entries are reported as they are sent. */
  *everything(onEntry: (entry: Entry) => void): Generator<Entry> {
    const end = this.#workspace.version;
    for (const entry of this.#read(this.#workspace.changesSince(0))) {
      if (entry.kind === 'removed') continue;
      onEntry(entry);
      yield entry;
    }
    this.#version = end;
  }

  /**
   * What the tree lacks for a job, in the order in which it must be applied; from then on the tree counts as having it.
   * The workspace must have been refreshed.
   */
  missing(job: Job): Entry[] {
    const named = isCompile(job) ? namedObjects(job.command) : undefined;
    const isLate = (path: Bytes): boolean =>
      named !== undefined && this.#objects.isObject(path) && !named.has(stem(path)) && this.#workspace.hasFile(path);
    const removals: Entry[] = [];
    const times: Entry[] = [];
    const wanted = this.#takeUnknown();
    for (const path of this.#late) if (!isLate(path)) wanted.add(path);
    for (const path of this.#workspace.changesSince(this.#version)) {
      if (wanted.has(path)) continue;
      if (this.#ahead.get(path) === this.#workspace.versionOf(path)) {
        const time = readTime(this.#workspace.root, path);
        if (time !== undefined) times.push({ kind: 'time', path, time });
      } else if (isLate(path)) {
        // An old object must not stay where a new one is missing.
        if (this.#held.delete(path)) removals.push({ kind: 'removed', path });
        this.#late.add(path);
      } else {
        wanted.add(path);
      }
    }
    this.#version = this.#workspace.version;
    this.#ahead.clear();
    const rest: Entry[] = [];
    for (const entry of this.#read(wanted)) (entry.kind === 'removed' ? removals : rest).push(entry);
    return [...removals, ...rest, ...times];
  }

  /** A job in this tree has made that change itself. */
  has(path: Bytes, version: number): void {
    this.#ahead.set(path, version);
    this.#late.delete(path);
    if (looksLikeObject(path)) this.#held.add(path);
  }

  /** What the tree has there is not known any more. */
  forget(path: Bytes): void {
    this.#unknown.add(path);
  }

  /** What is not known is sent again, with all that is below. */
  #takeUnknown(): Set<Bytes> {
    const unknown = new Set(this.#unknown);
    if (unknown.size === 0) return unknown;
    this.#unknown.clear();
    const below = [...this.#workspace.changesSince(0)].filter((path) => isBelow(path, unknown));
    return new Set([...unknown, ...below]);
  }

  /** What stands at those paths, directories before what is in them. */
  *#read(paths: Iterable<Bytes>): Generator<Entry> {
    const vanished = new Set<Bytes>();
    for (const path of [...paths].sort()) {
      this.#late.delete(path);
      // What a look has not found is never read: a host may have named the path.
      const known = this.#workspace.has(path);
      if (known && isBelow(path, vanished)) continue;
      const found = known ? readEntry(this.#workspace.root, path) : undefined;
      if (found?.kind === 'removed') {
        // It went after the look at the workspace, and may be back before the next one.
        this.forget(path);
        vanished.add(path);
      }
      if (found && found.kind !== 'removed' && looksLikeObject(path)) this.#held.add(path);
      else this.#held.delete(path);
      // What cannot be read must not stay there as it was.
      yield found ?? { kind: 'removed', path };
    }
  }
}

function isBelow(path: Bytes, above: ReadonlySet<Bytes>): boolean {
  if (above.size === 0) return false;
  for (let at = path.lastIndexOf('/'); at >= 0; at = path.lastIndexOf('/', at - 1)) {
    if (above.has(path.slice(0, at))) return true;
    if (at === 0) break;
  }
  return false;
}
