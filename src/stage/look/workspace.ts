import { lstatSync, type BigIntStats } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import { Exclusion } from './exclusion.ts';
import { Inventory } from './inventory.ts';
import { isBelow } from '../is-below.ts';
import { FEW, Scanner } from './scanner.ts';
import { COLUMNS, stampOf, type Stamp } from './stamps.ts';
import { AS_WRITTEN, isRecent, RECENT, type LookEnd, type Part, type Suspects } from './walker.ts';

export { TEMPORARY_PREFIX } from './walker.ts';

export interface WorkspaceOptions {
  /** Told once of each directory, or path, that cannot be read. */
  readonly onSkipped: (path: Bytes) => void;
  /** Lines of a .gitignore: what is never staged. */
  readonly exclude?: readonly string[];
  /** With more entries than that a thread looks at it. */
  readonly few?: number;
}

/**
 * What the workspace on the runner holds, and in which order it changed. A journal lists the path of every change; a
 * host's tree is up to date when it has what the journal names up to its end. The workspace is looked at only after
 * something may have changed it: a recipe on the runner, a make that reads its makefiles.
 *
 * A look takes time, and the workspace changes meanwhile. What changed before it began is in the journal when it is
 * over; what we write ourselves while it lasts (`note`) is known better here than to the look.
 */
export class Workspace {
  readonly root: Bytes;
  readonly #inventory = new Inventory();
  readonly #scanner: Scanner;
  readonly #exclusion: Exclusion;
  readonly #writers = new Set<unknown>();
  readonly #skipped = new Set<Bytes>();
  readonly #onSkipped: (path: Bytes) => void;
  /** Changed so shortly before it was looked at that a further change may have the same stamp; with the digest of what we wrote. */
  readonly #unsettled = new Map<Bytes, string | undefined>();
  /** Noted since the last look began, and the directories above: what that look says of them, or below, may be old. */
  #noted = new Set<Bytes>();
  #aboveNoted = new Set<Bytes>();
  /** Looked at by themselves since the last look began: it may have seen something else there, from which nothing differs later. */
  #seenApart = new Set<Bytes>();
  #dirty = true;
  /** Until then (performance.now()) it may change at any moment. */
  #restless = 0;
  #looks = 0;
  /** The look that is under way. */
  #look: Promise<void> | undefined;
  /** The one that begins after it. */
  #next: Promise<void> | undefined;

  /** @param root absolute path */
  constructor(root: Bytes, { onSkipped, exclude = [], few = FEW }: WorkspaceOptions) {
    this.root = root;
    this.#onSkipped = onSkipped;
    this.#exclusion = new Exclusion(exclude);
    this.#scanner = new Scanner(root, exclude, few);
  }

  /** Length of the journal. */
  get version(): number {
    return this.#inventory.version;
  }

  /** The path of each change since `version`, each once, the latest change only. */
  changesSince(version: number): Bytes[] {
    return this.#inventory.changesSince(version);
  }

  /** What stood below a directory at the last look, directories before what is in them; everything when it is empty. */
  below(directory: Bytes): Iterable<Bytes> {
    return this.#inventory.below(directory);
  }

  /** Whether anything stood there at the last look. */
  has(path: Bytes): boolean {
    return this.#inventory.has(path);
  }

  /** Whether it was a regular file. */
  hasFile(path: Bytes): boolean {
    return this.#inventory.isFile(path);
  }

  /** Whether it was a directory. */
  hasDirectory(path: Bytes): boolean {
    return this.#inventory.isDirectory(path);
  }

  /** What was found, for sums. */
  get inventory(): Pick<Inventory, 'in' | 'isFile' | 'isDirectory' | 'size'> {
    return this.#inventory;
  }

  /** Where in the journal the path last changed; 0: never seen. */
  versionOf(path: Bytes): number {
    return this.#inventory.versionOf(path);
  }

  /** Where in the journal the path was last seen to have changed; 0: never. What is only listed again to be sure has not. */
  changedAt(path: Bytes): number {
    return this.#inventory.changedAt(path);
  }

  /** Whether what stands there at this moment is what the last look found, as far as its stamp tells. */
  isAsSeen(path: Bytes): boolean {
    const stats = this.#stat(path);
    return stats ? this.#inventory.isAs(path, stampOf(stats)) : !this.has(path);
  }

  /**
   * Something may have been changed.
   *
   * @param soon it may yet change, for so many ms from now
   */
  touch(soon = 0): void {
    this.#dirty = true;
    if (soon > 0) this.#restless = Math.max(this.#restless, performance.now() + soon);
  }

  /** A recipe starts on the runner: until it ends the workspace may change at any moment. */
  writerStarted(writer: unknown): void {
    this.#writers.add(writer);
  }

  writerEnded(writer: unknown): void {
    if (this.#writers.delete(writer)) this.#dirty = true;
  }

  /**
   * Brings the journal up to what the disk holds now. Calls that come before a look begins share it; one that comes
   * while it is under way needs the next, if anything may have changed since it began.
   */
  refresh(): Promise<void> {
    if (!this.#dirty && this.#writers.size === 0) return this.#next ?? this.#look ?? Promise.resolve();
    this.#next ??= this.#lookNext();
    return this.#next;
  }

  /**
   * Notes what we have just written there, or removed. What is excluded is nothing.
   *
   * @param digest of a file's content (digestOf), when it is known: an unchanged file need not be sent again later
   * @returns its place in the journal; 0: nothing is there, and nothing ever was
   */
  note(path: Bytes, digest?: string): number {
    this.#noted.add(path);
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      this.#aboveNoted.add(path.slice(0, at));
    }
    this.#see(path, { digest });
    return this.versionOf(path);
  }

  async #lookNext(): Promise<void> {
    // The turn of the event loop, or the look that is under way: who calls until then has this look in common.
    await (this.#look ? this.#look.catch(() => undefined) : setImmediate());
    this.#look = this.#next;
    this.#next = undefined;
    // Before the look, not after: what changes meanwhile counts for the next one.
    this.#dirty = performance.now() < this.#restless;
    try {
      await this.#lookNow();
    } catch (error) {
      this.#dirty = true;
      throw error;
    } finally {
      this.#look = undefined;
    }
  }

  async #lookNow(): Promise<void> {
    const suspects: Suspects = new Map([
      ...[...this.#noted, ...this.#seenApart].map((path) => [path, undefined] as const),
      ...this.#unsettled,
    ]);
    this.#noted = new Set();
    this.#aboveNoted = new Set();
    this.#seenApart = new Set();
    let look = ++this.#looks;
    const findings = this.#scanner.look(suspects);
    for (let step = await findings.next(); ; step = await findings.next()) {
      if (step.done === true) {
        this.#takeEnd(step.value, look);
        return;
      }
      if (step.value === 'anew') look = ++this.#looks;
      else this.#takePart(step.value, look);
    }
  }

  #takePart({ paths, stamps, flags }: Part, look: number): void {
    for (const [index, path] of paths.entries()) {
      const at = index * COLUMNS;
      const flag = flags[index] as number;
      const isSettled = (flag & RECENT) === 0;
      if (this.#isNearNoted(path)) {
        this.#see(path, undefined);
      } else if (!this.#inventory.isAs(path, stamps, at)) {
        this.#record(path, stamps, at, { how: 'changed', isSettled, digest: undefined });
      } else if (this.#unsettled.has(path)) {
        if ((flag & AS_WRITTEN) === 0) this.#record(path, stamps, at, { how: 'listed', isSettled, digest: undefined });
        else if (isSettled) this.#unsettled.delete(path);
      }
      this.#inventory.mark(path, look);
    }
  }

  #takeEnd({ full, gone, skipped }: LookEnd, look: number): void {
    for (const path of full ? [...gone, ...this.#inventory.unmarked(look)] : gone) {
      if (this.#isNearNoted(path)) this.#see(path, undefined);
      else this.#remove(path);
    }
    for (const path of skipped) {
      if (this.#skipped.has(path)) continue;
      this.#skipped.add(path);
      this.#onSkipped(path);
    }
  }

  /** Looks at one path by itself. What we have just written counts as changed even if it looks the same. */
  #see(path: Bytes, written: { readonly digest: string | undefined } | undefined): void {
    const stats = this.#stat(path);
    if (!written) this.#seenApart.add(path);
    if (!stats?.isDirectory() && this.hasDirectory(path)) this.#suspectBelow(path);
    if (!stats) {
      if (this.has(path)) this.#noted.add(path);
      this.#remove(path);
      return;
    }
    const stamp = stampOf(stats);
    const isSame = !written && this.#inventory.isAs(path, stamp);
    // Noted itself, it is in the journal since the look began.
    if (isSame && (this.#noted.has(path) || !this.#unsettled.has(path))) return;
    const how = isSame ? 'listed' : 'changed';
    this.#record(path, stamp, 0, { how, isSettled: !isRecent(stats), digest: written?.digest });
  }

  /** What goes with a directory goes unseen by the looks: to them nothing has changed if it is back before the next one. */
  #suspectBelow(path: Bytes): void {
    for (const below of this.#inventory.below(path)) this.#noted.add(below);
  }

  /** Of a path that is staged: no socket, not excluded. */
  #stat(path: Bytes): BigIntStats | undefined {
    let stats: BigIntStats | undefined;
    try {
      stats = lstatSync(fsPath(`${this.root}/${path}`), { bigint: true, throwIfNoEntry: false });
    } catch {
      // A look cannot see it either.
      return undefined;
    }
    if (!stats || !(stats.isFile() || stats.isDirectory() || stats.isSymbolicLink())) return undefined;
    return this.#exclusion.excludes(path, stats.isDirectory()) ? undefined : stats;
  }

  #record(path: Bytes, stamp: Stamp, at: number, { how, isSettled, digest }: Found): void {
    this.#inventory.record(path, stamp, at, how);
    if (!this.#inventory.isDirectory(path)) this.#inventory.removeBelow(path);
    if (isSettled) this.#unsettled.delete(path);
    else this.#unsettled.set(path, digest);
  }

  #remove(path: Bytes): void {
    this.#inventory.remove(path);
    this.#unsettled.delete(path);
  }

  /** Whether a look that is under way may have seen the path before we wrote there, or what it is in or what is in it. */
  #isNearNoted(path: Bytes): boolean {
    return this.#noted.size > 0 && (this.#noted.has(path) || this.#aboveNoted.has(path) || isBelow(path, this.#noted));
  }
}

interface Found {
  readonly how: 'changed' | 'listed';
  readonly isSettled: boolean;
  readonly digest: string | undefined;
}
