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
import { describeOwner, isAlive, isHere, type LifeWorld } from './life.ts';
import { markName } from './mark-name.ts';
import { formatFailure, formatLine, formatMark, parseMark, type MarkText, type Process } from './mark-text.ts';

/** A mark is written right after it was made: one so young is not yet to be judged. */
const WRITING_MS = 2000;

/** How a mark is called while it is taken away; no item's is. */
const ASIDE = '%dead-';

/** There is something, and it cannot be read: of another user, or no file. */
const UNREADABLE = Symbol('unreadable');

export interface MarksWorld extends LifeWorld {
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
  take({ target, path, make, line, removable, place, start }: Taking): boolean {
    const file = this.#path(markName(target));
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
        owner: this.#world.self,
        make: this.#process(make),
        line: line === undefined ? undefined : this.#process(line),
        target,
        place: encode(place),
        start,
        file: removable ? path : undefined,
        was: removable ? stampOf(path) : '',
        outcome: undefined,
      };
      writeWhole(descriptor, bufferOf(formatMark(mark)));
    } catch (error) {
      // One that says nothing would be in everybody's way.
      remove(file);
      throw error;
    } finally {
      closeSync(descriptor);
    }
    return true;
  }

  /**
   * The next line of its recipe begins.
   *
   * @param line process id of what runs it
   * @throws Error when that cannot be written
   */
  goesOn(target: Bytes, line: number): void {
    const file = this.#path(markName(target));
    if (this.#isOurs(file)) appendFileSync(fsPath(file), bufferOf(formatLine(this.#process(line))));
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

  /** Removes the marks of failures, whoever's they are. */
  forgetFailures(of: (target: Bytes) => boolean): void {
    for (const name of readdirSync(fsPath(this.#directory), { encoding: 'latin1' })) {
      const mark = this.#parse(this.#path(name));
      if (mark?.outcome !== undefined && of(mark.target)) remove(this.#path(name));
    }
  }

  #look(name: Bytes): BulkMark | undefined {
    const path = this.#path(name);
    const text = read(path);
    if (text === undefined) return undefined;
    const file = decode(path);
    if (text === UNREADABLE) return { kind: 'unreadable', file };
    const mark = parseMark(text);
    if (!mark) {
      const written = Number(statsOf(path)?.mtimeMs ?? 0);
      return this.#world.now() - written < WRITING_MS
        ? { kind: 'taken', file, owner: 'another run', start: written }
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
  #ownerOf({ owner, make, line }: MarkText): string {
    const lives = (process: Process): boolean => isAlive(process, this.#world);
    if (isHere(owner, this.#world) && !lives(owner)) {
      if (lives(make)) return `make, process ${make.pid}, left by a run that was killed`;
      if (line && lives(line)) return `a line of its recipe, process ${line.pid}, left by a run that was killed`;
    }
    return describeOwner(owner, this.#world);
  }

  /** A run whose make or line still lives is not over: something of the recipe runs on there. */
  #isDead({ owner, make, line }: MarkText): boolean {
    const processes = line ? [owner, make, line] : [owner, make];
    return isHere(owner, this.#world) && !processes.some((one) => isAlive(one, this.#world));
  }

  #process(pid: number): Process {
    return { pid, born: this.#world.born(pid) ?? '' };
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
    const mark = this.#parse(aside);
    if (mark?.file !== undefined && this.look(mark.target) === undefined) removeHalfMade(mark.file, mark.was);
    remove(aside);
  }

  #isOurs(file: Bytes): boolean {
    const owner = this.#parse(file)?.owner;
    const { self } = this.#world;
    return owner?.pid === self.pid && owner.born === self.born && isHere(owner, this.#world);
  }

  #parse(file: Bytes): MarkText | undefined {
    const text = read(file);
    return typeof text === 'string' ? parseMark(text) : undefined;
  }

  #path(name: Bytes): Bytes {
    return `${this.#directory}/${name}`;
  }
}

/** @returns undefined: nothing is there */
function read(path: Bytes): Bytes | typeof UNREADABLE | undefined {
  try {
    return bytesOf(readFileSync(fsPath(path)));
  } catch (error) {
    // A file that goes while it is read may give another error on a network file system.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' || !statsOf(path) ? undefined : UNREADABLE;
  }
}

/** @throws Error when not all of it can be written */
function writeWhole(descriptor: number, data: Buffer): void {
  for (let at = 0; at < data.length;) at += writeSync(descriptor, data, at);
}

function remove(path: Bytes): void {
  try {
    unlinkSync(fsPath(path));
  } catch {
    // It is gone.
  }
}
