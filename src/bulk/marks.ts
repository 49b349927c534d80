import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { BulkMark, Taking } from '../engine/bulk-ledger.ts';
import type { Outcome } from '../model/outcome.ts';
import { bufferOf, bytesOf, decode, encode, fsPath, type Bytes } from '../util/bytes.ts';
import { removeHalfMade, stampOf, statsOf } from './file-stamp.ts';
import { markName } from './mark-name.ts';
import { formatFailure, formatMark, parseMark, type MarkText, type Owner } from './mark-text.ts';

/** A mark is written right after it was made: one so young is not yet to be judged. */
const WRITING_MS = 2000;

/** How a mark is called while it is taken away; no item's is. */
const ASIDE = '%dead-';

export interface MarksWorld {
  readonly self: Owner;
  /** When a process of this machine started, in the kernel's words; undefined: it does not run. */
  readonly born: (pid: number) => string | undefined;
  /** ms since 1970 */
  readonly now: () => number;
}

/**
 * The marks of all runs that share a directory: one file for each item that is being made or has failed (E22). A file is
 * made exclusively, so of two runs one has it, on one machine or on a file system that several share.
 */
export class Marks {
  readonly #directory: Bytes;
  readonly #world: MarksWorld;

  /** @throws Error when the directory can neither be made nor read */
  constructor(directory: Bytes, world: MarksWorld) {
    this.#directory = directory;
    this.#world = world;
    mkdirSync(fsPath(directory), { recursive: true });
  }

  /** All marks but those of dead runs, which are cleared. */
  all(): readonly BulkMark[] {
    const names = readdirSync(fsPath(this.#directory), { encoding: 'latin1' });
    for (const name of names.filter((one) => one.startsWith(ASIDE))) this.#finishClearing(name);
    return names.filter((one) => !one.startsWith(ASIDE)).flatMap((name) => this.#look(name) ?? []);
  }

  look(target: Bytes): BulkMark | undefined {
    return this.#look(markName(target));
  }

  /**
   * @returns false: there is one of somebody else
   * @throws Error when it cannot be written
   */
  take({ target, path, make, removable, place }: Taking): boolean {
    const file = this.#path(markName(target));
    const { self, now, born } = this.#world;
    // An old one of ours says where the item was to run, or that it had failed when it was not over yet.
    if (this.#isOurs(file)) remove(file);
    let descriptor: number;
    try {
      descriptor = openSync(fsPath(file), 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
    try {
      const mark: MarkText = {
        owner: self,
        make: { pid: make, born: born(make) ?? '' },
        target,
        place: encode(place),
        start: now(),
        file: removable ? path : undefined,
        was: removable ? stampOf(path) : '',
        outcome: undefined,
      };
      writeSync(descriptor, bufferOf(formatMark(mark)));
    } finally {
      closeSync(descriptor);
    }
    return true;
  }

  /** Removes it if it is ours. */
  drop(target: Bytes): void {
    const file = this.#path(markName(target));
    if (this.#isOurs(file)) remove(file);
  }

  /** Keeps it, and says how the item failed. */
  fail(target: Bytes, outcome: Outcome): void {
    const file = this.#path(markName(target));
    if (this.#isOurs(file)) appendFileSync(fsPath(file), bufferOf(formatFailure(outcome, this.#world.now())));
  }

  #look(name: Bytes): BulkMark | undefined {
    const path = this.#path(name);
    const text = read(path);
    if (text === undefined) return undefined;
    const file = decode(path);
    const mark = parseMark(text);
    if (!mark) {
      const age = this.#world.now() - Number(statsOf(path)?.mtimeMs ?? 0);
      return age < WRITING_MS
        ? { kind: 'taken', file, owner: 'another run', start: this.#world.now() }
        : { kind: 'unreadable', file };
    }
    const { outcome, start } = mark;
    const owner = this.#ownerOf(mark);
    if (outcome) return { kind: 'failed', file, owner, outcome };
    if (this.#isDead(mark)) {
      this.#clear(name, text, mark);
      return undefined;
    }
    return { kind: 'taken', file, owner, start };
  }

  /** For people. */
  #ownerOf({ owner, make }: MarkText): string {
    const { self, born } = this.#world;
    if (owner.host !== self.host || born(owner.pid) === owner.born || born(make.pid) !== make.born)
      return `process ${owner.pid} on ${decode(owner.host)}`;
    return `make, process ${make.pid}, left by a run that was killed`;
  }

  /** A run whose make still lives is not over: a line of a recipe runs on there. */
  #isDead({ owner, make }: MarkText): boolean {
    const { self, born } = this.#world;
    return owner.host === self.host && [owner, make].every((one) => born(one.pid) !== one.born);
  }

  /** Several runs may find the same one dead: it is cleared by the one that gets it away. */
  #clear(name: Bytes, text: Bytes, mark: MarkText): void {
    const path = this.#path(name);
    const aside = this.#path(`${ASIDE}${this.#world.self.pid}-${name}`);
    try {
      renameSync(fsPath(path), fsPath(aside));
    } catch {
      return;
    }
    if (read(aside) === text) {
      if (mark.file !== undefined) removeHalfMade(mark.file, mark.was);
    } else {
      // Another run was faster, and has marked it anew.
      try {
        linkSync(fsPath(aside), fsPath(path));
      } catch {
        // Both are gone, or there is a third.
      }
    }
    remove(aside);
  }

  /** A run has died over the clearing. */
  #finishClearing(name: Bytes): void {
    const aside = this.#path(name);
    const mark = parseMark(read(aside) ?? '');
    if (mark?.file !== undefined && this.look(mark.target) === undefined) removeHalfMade(mark.file, mark.was);
    remove(aside);
  }

  #isOurs(file: Bytes): boolean {
    const owner = parseMark(read(file) ?? '')?.owner;
    const { self } = this.#world;
    return owner?.pid === self.pid && owner.born === self.born && owner.host === self.host;
  }

  #path(name: Bytes): Bytes {
    return `${this.#directory}/${name}`;
  }
}

function read(path: Bytes): Bytes | undefined {
  try {
    return bytesOf(readFileSync(fsPath(path)));
  } catch {
    return undefined;
  }
}

function remove(path: Bytes): void {
  try {
    unlinkSync(fsPath(path));
  } catch {
    // It is gone.
  }
}
