import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, type Dirent, type Stats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fsPath, type Bytes } from '../util/bytes.ts';

/** Files of ours that may stand in the workspace for a moment: never staged, never home. */
export const TEMPORARY_PREFIX = '.distmake-tmp-';

/** File systems stamp changes with a clock that ticks every 10 ms or faster: two changes in one tick look like one. */
const TICK_MS = 20;

interface Stamp {
  readonly stats: Stats;
  /** Place in the journal where it last changed. */
  readonly version: number;
  /** Changed so shortly before it was looked at that a further change may have the same stamp. */
  unsettled: boolean;
  /** Digest of a file that we wrote ourselves. */
  readonly digest: string | undefined;
  scan: number;
}

/**
 * What the workspace on the runner holds, and in which order it changed. A journal lists the path of every change; a
 * host's tree is up to date when it has what the journal names up to its end. The workspace is looked at only after
 * something may have changed it: a recipe on the runner, a make that reads its makefiles.
 */
export class Workspace {
  readonly root: Bytes;
  readonly #stamps = new Map<Bytes, Stamp>();
  readonly #removed = new Map<Bytes, number>();
  readonly #journal: Bytes[] = [];
  readonly #writers = new Set<unknown>();
  readonly #skipped = new Set<Bytes>();
  readonly #onSkipped: (path: Bytes) => void;
  #dirty = true;
  #scans = 0;
  #refreshing: Promise<void> | undefined;

  /**
   * @param root absolute path
   * @param onSkipped told once of each directory, or path, that cannot be read
   */
  constructor(root: Bytes, onSkipped: (path: Bytes) => void) {
    this.root = root;
    this.#onSkipped = onSkipped;
  }

  /** Length of the journal. */
  get version(): number {
    return this.#journal.length;
  }

  /** The path of each change since `version`, each once, the latest change only. */
  *changesSince(version: number): Generator<Bytes> {
    for (let at = version; at < this.#journal.length; at++) {
      const path = this.#journal[at] as Bytes;
      if (this.versionOf(path) === at + 1) yield path;
    }
  }

  /** Whether anything stood there at the last look. */
  has(path: Bytes): boolean {
    return this.#stamps.has(path);
  }

  /** Whether it was a regular file. */
  hasFile(path: Bytes): boolean {
    return this.#stamps.get(path)?.stats.isFile() ?? false;
  }

  /** Where in the journal the path last changed; 0: never seen. */
  versionOf(path: Bytes): number {
    return this.#stamps.get(path)?.version ?? this.#removed.get(path) ?? 0;
  }

  /** Something may have been changed. */
  touch(): void {
    this.#dirty = true;
  }

  /** A recipe starts on the runner: until it ends the workspace may change at any moment. */
  writerStarted(writer: unknown): void {
    this.#writers.add(writer);
  }

  writerEnded(writer: unknown): void {
    if (this.#writers.delete(writer)) this.#dirty = true;
  }

  /** Brings the journal up to what the disk holds now; calls that wait for the same look share it. */
  refresh(): Promise<void> {
    if (!this.#dirty && this.#writers.size === 0) return Promise.resolve();
    this.#refreshing ??= setImmediate().then(() => {
      this.#refreshing = undefined;
      this.#scan();
    });
    return this.#refreshing;
  }

  /**
   * Notes what we have just written there, or removed.
   *
   * @param content of a file, when it is at hand: an unchanged file need not be sent again later
   * @returns its place in the journal
   */
  note(path: Bytes, content?: Buffer): number {
    const stats = lstatSync(fsPath(`${this.root}/${path}`), { throwIfNoEntry: false });
    if (!stats?.isDirectory() && this.#stamps.get(path)?.stats.isDirectory()) this.#noteEmptied(path);
    if (stats) this.#record(path, stats, content && digestOf(content));
    else if (this.#stamps.delete(path)) this.#recordRemoval(path);
    return this.versionOf(path);
  }

  /** A directory went with all that was in it. */
  #noteEmptied(directory: Bytes): void {
    for (const path of this.#stamps.keys()) {
      if (!path.startsWith(`${directory}/`)) continue;
      this.#stamps.delete(path);
      this.#recordRemoval(path);
    }
  }

  #scan(): void {
    // Before the look, not after: what changes meanwhile counts for the next one.
    this.#dirty = this.#writers.size > 0;
    this.#scans++;
    this.#scanDirectory('');
    for (const [path, stamp] of this.#stamps) {
      if (stamp.scan === this.#scans) continue;
      this.#stamps.delete(path);
      this.#recordRemoval(path);
    }
  }

  #scanDirectory(directory: Bytes): void {
    const prefix = directory === '' ? '' : `${directory}/`;
    let entries: Dirent[];
    try {
      entries = readdirSync(fsPath(`${this.root}/${directory}`), { withFileTypes: true, encoding: 'latin1' });
    } catch (error) {
      this.#skip(directory, error);
      return;
    }
    for (const entry of entries) {
      if (entry.name === '.git' || entry.name.startsWith(TEMPORARY_PREFIX)) continue;
      const path = prefix + entry.name;
      const stats = this.#stat(path);
      if (!stats || !(stats.isFile() || stats.isDirectory() || stats.isSymbolicLink())) continue;
      this.#look(path, stats);
      if (stats.isDirectory()) this.#scanDirectory(path);
    }
  }

  #stat(path: Bytes): Stats | undefined {
    try {
      return lstatSync(fsPath(`${this.root}/${path}`));
    } catch (error) {
      this.#skip(path, error);
      return undefined;
    }
  }

  /** What a recipe has just removed is not skipped, it is gone. */
  #skip(path: Bytes, error: unknown): void {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || this.#skipped.has(path)) return;
    this.#skipped.add(path);
    this.#onSkipped(path);
  }

  #look(path: Bytes, stats: Stats): void {
    const known = this.#stamps.get(path);
    if (!known || changed(known.stats, stats) || (known.unsettled && !this.#isStillOurs(path, known))) {
      this.#record(path, stats, undefined);
    } else {
      known.scan = this.#scans;
      known.unsettled &&= isRecent(stats);
    }
  }

  #isStillOurs(path: Bytes, stamp: Stamp): boolean {
    if (stamp.digest === undefined) return false;
    try {
      return digestOf(readFileSync(fsPath(`${this.root}/${path}`))) === stamp.digest;
    } catch {
      return false;
    }
  }

  #record(path: Bytes, stats: Stats, digest: string | undefined): void {
    const unsettled = !stats.isDirectory() && isRecent(stats);
    this.#removed.delete(path);
    this.#stamps.set(path, { stats, version: this.#journal.push(path), unsettled, digest, scan: this.#scans });
  }

  #recordRemoval(path: Bytes): void {
    this.#removed.set(path, this.#journal.push(path));
  }
}

function isRecent(stats: Stats): boolean {
  return stats.ctimeMs > Date.now() - TICK_MS;
}

function digestOf(content: Buffer): string {
  return createHash('sha1').update(content).digest('base64');
}

function changed(before: Stats, now: Stats): boolean {
  if (before.mode !== now.mode) return true;
  if (now.isDirectory()) return false;
  return (
    before.ino !== now.ino ||
    before.size !== now.size ||
    before.mtimeMs !== now.mtimeMs ||
    before.ctimeMs !== now.ctimeMs
  );
}
