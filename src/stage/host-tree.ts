import { setImmediate } from 'node:timers/promises';
import type { Entry } from '../model/entry.ts';
import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import { isBelow } from './is-below.ts';
import { isCompile, looksLikeObject, namedObjects, stem, type ObjectFiles } from './object-files.ts';
import { readEntry, readTime, WHOLE_SIZE } from './read-entry.ts';
import type { Workspace } from './look/workspace.ts';

/** How long files are read before others get their turn. */
const SLICE_MS = 5;

/** What one delta holds in memory; files beyond are read while they are sent. */
const HELD_SIZE = 16 * 1024 * 1024;

/** What one staged tree on a host holds, against what the workspace holds. */
export class HostTree {
  readonly #workspace: Workspace;
  readonly #objects: ObjectFiles;
  /** The tree has every change up to here, but for `#late`. */
  #version = 0;
  /** Changes behind `#version` that the tree has already: jobs there made them. */
  readonly #ahead = new Map<Bytes, number>();
  /** Objects that no job there has needed so far, by their stem. */
  readonly #late = new Map<Bytes, Set<Bytes>>();
  /** What a failed job may have spoilt. */
  readonly #unknown = new Set<Bytes>();
  /** What may be objects, or become known as such, and of which the tree has some version. */
  readonly #held = new Set<Bytes>();
  /** What deltas have put there or removed, and which delta did so last. */
  readonly #given = new Map<Bytes, { readonly delta: number; readonly isDirectory: boolean }>();
  #deltas = 0;

  constructor(workspace: Workspace, objects: ObjectFiles) {
    this.#workspace = workspace;
    this.#objects = objects;
  }

  /**
   * The whole workspace, for an empty tree. Entries are reported as they are sent. One entry is read at a time, when it
   * is asked for: what is in memory is that one, at most 256 KiB of a file, and what its taker keeps. What changes
   * behind it comes with the next job.
   */
  async *everything(onEntry: (entry: Entry) => void): AsyncGenerator<Entry> {
    const { version } = this.#workspace;
    let begin = performance.now();
    const directories = new Set(['']);
    for (const entry of this.#read(this.#workspace.below(''), Infinity)) {
      // What was no directory when it was sent may have become one since, with something in it.
      const canBe = directories.has(entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/'))));
      if (entry.kind !== 'removed' && canBe) {
        if (entry.kind === 'directory') directories.add(entry.path);
        onEntry(entry);
        yield entry;
      }
      if (performance.now() - begin < SLICE_MS) continue;
      await setImmediate();
      begin = performance.now();
    }
    this.#version = version;
  }

  /**
   * What the tree lacks for a job, in the order in which it must be applied; from then on the tree counts as having it.
   * The workspace must have been refreshed. The time it takes grows with what has changed, not with the workspace.
   */
  missing(job: Job): Entry[] {
    const named = isCompile(job) ? namedObjects(job.command) : undefined;
    const isLate = (path: Bytes): boolean =>
      named !== undefined && this.#objects.isObject(path) && !named.has(stem(path)) && this.#workspace.hasFile(path);
    const removals: Entry[] = [];
    const times: Entry[] = [];
    const wanted = this.#takeUnknown();
    for (const one of named ?? this.#late.keys()) for (const path of this.#late.get(one) ?? []) wanted.add(path);
    for (const path of this.#workspace.changesSince(this.#version)) {
      if (wanted.has(path)) continue;
      if (this.#ahead.get(path) === this.#workspace.versionOf(path)) {
        const time = readTime(this.#workspace.root, path);
        if (time !== undefined) times.push({ kind: 'time', path, time });
      } else if (isLate(path)) {
        // An old object must not stay where a new one is missing.
        if (this.#held.delete(path)) removals.push({ kind: 'removed', path });
        this.#putOff(path);
      } else {
        wanted.add(path);
      }
    }
    this.#version = this.#workspace.version;
    this.#ahead.clear();
    this.#deltas++;
    const rest: Entry[] = [];
    for (const entry of this.#read([...wanted].sort(), HELD_SIZE)) {
      (entry.kind === 'removed' ? removals : rest).push(entry);
    }
    for (const { path, kind } of [...removals, ...rest]) {
      this.#given.set(path, { delta: this.#deltas, isDirectory: kind === 'directory' });
    }
    return [...removals, ...rest, ...times];
  }

  /** A job in this tree has made that change itself. */
  has(path: Bytes, version: number): void {
    this.#ahead.set(path, version);
    this.#forgetLate(path);
    if (looksLikeObject(path)) this.#held.add(path);
  }

  /** How many deltas there have been. */
  get deltas(): number {
    return this.#deltas;
  }

  /** Whether a delta after that one has put something there, or has removed it or a directory in which it was. */
  isGivenSince(path: Bytes, delta: number): boolean {
    if ((this.#given.get(path)?.delta ?? 0) > delta) return true;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const above = this.#given.get(path.slice(0, at));
      if (above && !above.isDirectory && above.delta > delta) return true;
    }
    return false;
  }

  /** Nobody will ask any more what earlier deltas have given. */
  forgetGiven(): void {
    this.#given.clear();
  }

  /** What the tree has there is not known any more: what the workspace has is sent again, or it is removed. */
  forget(path: Bytes): void {
    this.#unknown.add(path);
  }

  /** What is not known is sent again, with all that is below. */
  #takeUnknown(): Set<Bytes> {
    const unknown = new Set(this.#unknown);
    this.#unknown.clear();
    for (const path of [...unknown]) for (const below of this.#workspace.below(path)) unknown.add(below);
    return unknown;
  }

  #putOff(path: Bytes): void {
    const paths = this.#late.get(stem(path));
    if (paths) paths.add(path);
    else this.#late.set(stem(path), new Set([path]));
  }

  #forgetLate(path: Bytes): void {
    const paths = this.#late.get(stem(path));
    if (paths?.delete(path) === true && paths.size === 0) this.#late.delete(stem(path));
  }

  /**
   * What stands at those paths.
   *
   * @param paths directories before what is in them
   * @param room bytes of files that are read at once, so long as nobody takes them
   */
  *#read(paths: Iterable<Bytes>, room: number): Generator<Entry> {
    const vanished = new Set<Bytes>();
    let free = room;
    for (const path of paths) {
      this.#forgetLate(path);
      // What a look has not found is never read: a host may have named the path.
      const known = this.#workspace.has(path);
      if (known && isBelow(path, vanished)) continue;
      const found = known ? readEntry(this.#workspace.root, path, free > 0 ? WHOLE_SIZE : 0) : undefined;
      if (found?.kind === 'file' && Buffer.isBuffer(found.content)) free -= found.size;
      const isNoDirectory = found?.kind !== 'directory' && this.#workspace.hasDirectory(path);
      if (found?.kind === 'removed' || isNoDirectory) {
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
