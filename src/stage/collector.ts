import {
  chmodSync,
  closeSync,
  copyFileSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import type { Output } from '../model/entry.ts';
import { bufferOf, decode, fsPath, type Bytes } from '../util/bytes.ts';
import { isOutputPath, leadsInside } from './output-path.ts';
import { TEMPORARY_PREFIX, type Workspace } from './workspace.ts';

type FileOutput = Extract<Output, { kind: 'file' }>;
type Kind = 'directory' | 'link' | 'file';
type Held = Extract<Output, { kind: Kind | 'removed' }> & {
  /** Where it waits on disk under another name. */
  temporary: Bytes | undefined;
};

let serial = 0;

/** What a host sent that must not come home. Nothing of the job has been written then. */
export class RefusedOutput extends Error {
  override readonly name = 'RefusedOutput';
}

/** A change that is home, and its place in the workspace's journal. */
export interface Change {
  readonly path: Bytes;
  readonly version: number;
}

/**
 * Takes in what one job wrote and puts it into the workspace, all or nothing: until `commit` nothing shows. Hosts are
 * not trusted: nothing is written outside of the workspace or through a link.
 */
export class Collector {
  readonly #workspace: Workspace;
  /** Bytes that must not be in any output: a path that exists on the host only. */
  readonly #foreign: Buffer | undefined;
  readonly #held: Held[] = [];
  readonly unknown: Bytes[] = [];

  constructor(workspace: Workspace, foreign: Bytes | undefined) {
    this.#workspace = workspace;
    this.#foreign = foreign === undefined ? undefined : bufferOf(foreign);
  }

  /**
   * Content that comes in pieces is read to its end also where it is refused.
   *
   * @throws RefusedOutput with the name of what is wrong
   */
  async add(output: Output): Promise<void> {
    const { path } = output;
    if (!isOutputPath(path)) {
      throw new RefusedOutput(`${JSON.stringify(decode(path))} is not a path that a job may write`);
    }
    switch (output.kind) {
      case 'unknown':
        this.unknown.push(path);
        return;
      case 'special':
        throw new RefusedOutput(`${decode(path)} is not a file, a directory or a link that can be read`);
      case 'link':
        this.#checkForeign(path, bufferOf(output.target));
        if (!leadsInside(path, output.target, this.#workspace.root)) {
          throw new RefusedOutput(`the link ${decode(path)} leads out of the workspace`);
        }
        this.#held.push({ ...output, temporary: undefined });
        return;
      case 'file':
        this.#held.push({ ...output, temporary: await this.#spool(output) });
        return;
      default:
        this.#held.push({ ...output, temporary: undefined });
    }
  }

  /**
   * Puts everything in its place: removals, directories, then the rest in the order in which the host wrote it. Files
   * get the runner's own time of now, so that they are never older than what they were made from nor newer than what
   * is made from them; a time that the job set itself is kept.
   */
  commit(): Change[] {
    const rank = (output: Held): number => (output.kind === 'removed' ? 0 : output.kind === 'directory' ? 1 : 2);
    const time = (output: Held): bigint => ('time' in output ? output.time : 0n);
    const order = this.#held.sort((a, b) => rank(a) - rank(b) || (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0));
    this.#check(order);
    for (const output of order) this.#prepare(output);
    const checked = new Set<Bytes>();
    const changes: Change[] = [];
    const note = (path: Bytes, content?: Buffer): void => {
      changes.push({ path, version: this.#workspace.note(path, content) });
    };
    for (const output of order) {
      if (!this.#makeParents(output, checked, note)) continue;
      this.#put(output, checked);
      note(output.path, output.kind === 'file' && Buffer.isBuffer(output.content) ? output.content : undefined);
    }
    // Last, or nothing could be written into a directory that is read-only.
    for (const output of order) {
      if (output.kind !== 'directory' || (output.mode & 0o700) === 0o700) continue;
      chmodSync(fsPath(this.#full(output.path)), output.mode & 0o777);
      note(output.path);
    }
    return changes;
  }

  /** Leaves nothing behind of what has not been committed. */
  discard(): void {
    for (const { temporary } of this.#held) if (temporary !== undefined) rmSync(fsPath(temporary), { force: true });
  }

  /** Large files wait on disk. */
  async #spool(output: FileOutput): Promise<Bytes | undefined> {
    if (Buffer.isBuffer(output.content)) {
      this.#checkForeign(output.path, output.content);
      return undefined;
    }
    const path = this.#temporary();
    const file = openSync(fsPath(path), 'wx', 0o600);
    let trouble: unknown;
    try {
      let tail = Buffer.alloc(0);
      for await (const piece of output.content) {
        // To the end in any case: what is not read of it would be taken for what follows.
        if (trouble !== undefined) continue;
        try {
          writeWhole(file, piece);
          if (!this.#foreign) continue;
          const joined = Buffer.concat([tail, piece]);
          this.#checkForeign(output.path, joined);
          tail = joined.subarray(Math.max(0, joined.length - this.#foreign.length + 1));
        } catch (error) {
          trouble = error;
        }
      }
    } catch (error) {
      trouble = error;
    } finally {
      closeSync(file);
    }
    if (trouble === undefined) return path;
    rmSync(fsPath(path), { force: true });
    throw trouble as Error;
  }

  /** Whether all of it can be put in its place; nothing has been touched yet. */
  #check(order: readonly Held[]): void {
    const then = new Map<Bytes, Kind | 'removed'>();
    const kindThen = (path: Bytes): Kind | undefined => {
      const planned = then.get(path);
      if (planned !== undefined) return planned === 'removed' ? undefined : planned;
      const at = path.lastIndexOf('/');
      if (at >= 0 && kindThen(path.slice(0, at)) !== 'directory') return undefined;
      // A directory that is made anew has nothing of the old one.
      for (let end = at; end >= 0; end = path.lastIndexOf('/', end - 1))
        if (made.has(path.slice(0, end))) return undefined;
      return kindAt(this.#full(path));
    };
    const made = new Set<Bytes>();
    for (const { path, kind } of order) {
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
        const parent = path.slice(0, at);
        const found = kindThen(parent);
        if (found === undefined) {
          if (kind === 'removed') break;
          then.set(parent, 'directory');
          made.add(parent);
        } else if (found !== 'directory') {
          throw new RefusedOutput(`${decode(path)} is below ${decode(parent)}, a ${found} here`);
        }
      }
      if (kind === 'directory' && kindThen(path) !== 'directory') made.add(path);
      then.set(path, kind);
    }
  }

  /** Everything that takes room or can be refused by the file system waits under another name. */
  #prepare(output: Held): void {
    if (output.kind === 'link') {
      output.temporary = this.#temporary();
      symlinkSync(bufferOf(output.target), fsPath(output.temporary));
    } else if (output.kind === 'file') {
      const whole = Buffer.isBuffer(output.content) ? output.content : undefined;
      output.temporary ??= this.#temporary();
      const file = openSync(fsPath(output.temporary), whole ? 'wx' : 'r+', 0o600);
      try {
        if (whole) writeWhole(file, whole);
        else touchNow(file);
        fchmodSync(file, output.mode & 0o777);
      } finally {
        closeSync(file);
      }
      if (output.timeIsSet) setTime(output.temporary, output.time);
    }
  }

  #put(output: Held, checked: Set<Bytes>): void {
    const full = this.#full(output.path);
    switch (output.kind) {
      case 'removed':
        rmSync(fsPath(full), { recursive: true, force: true });
        checked.clear();
        return;
      case 'directory':
        if (kindAt(full) !== 'directory') {
          rmSync(fsPath(full), { force: true });
          mkdirSync(fsPath(full));
        }
        chmodSync(fsPath(full), (output.mode & 0o777) | 0o700);
        return;
      default:
        if (kindAt(full) === 'directory') rmSync(fsPath(full), { recursive: true });
        move(output.temporary as Bytes, full);
        checked.clear();
    }
  }

  /** Every level above must be a real directory; one that is missing is made. False: what is to be removed is gone already. */
  #makeParents({ path, kind }: Held, checked: Set<Bytes>, note: (path: Bytes) => void): boolean {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const parent = path.slice(0, at);
      if (checked.has(parent)) continue;
      const found = kindAt(this.#full(parent));
      if (found === undefined) {
        if (kind === 'removed') return false;
        mkdirSync(fsPath(this.#full(parent)));
        note(parent);
      } else if (found !== 'directory') {
        throw new RefusedOutput(`${decode(path)} is below ${decode(parent)}, a ${found} here`);
      }
      checked.add(parent);
    }
    return true;
  }

  #checkForeign(path: Bytes, content: Buffer): void {
    if (this.#foreign && content.includes(this.#foreign)) {
      throw new RefusedOutput(`${decode(path)} names a directory of that host`);
    }
  }

  #full(path: Bytes): Bytes {
    return `${this.#workspace.root}/${path}`;
  }

  #temporary(): Bytes {
    return this.#full(`${TEMPORARY_PREFIX}${process.pid}-${serial++}`);
  }
}

function kindAt(full: Bytes): Kind | undefined {
  const stats = lstatSync(fsPath(full), { throwIfNoEntry: false });
  if (!stats) return undefined;
  return stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'file';
}

function writeWhole(file: number, data: Buffer): void {
  for (let at = 0; at < data.length;) at += writeSync(file, data, at);
}

/** Gives a file the time that the kernel gives to what recipes write now: another clock than Date.now(), it lags behind. */
function touchNow(file: number): void {
  const first = Buffer.alloc(1);
  readSync(file, first, 0, 1, 0);
  writeSync(file, first, 0, 1, 0);
}

/** Node sets whole microseconds: rounded up, so that a copy that kept its time is not older than the original. */
function setTime(path: Bytes, time: bigint): void {
  const microseconds = (time + 999n) / 1000n;
  const seconds = Number(microseconds / 1000000n);
  utimesSync(fsPath(path), new Date(), seconds + (Number(microseconds % 1000000n) + 0.4) / 1e6);
}

/** In one step, also where something else is mounted below the workspace. */
function move(from: Bytes, to: Bytes): void {
  try {
    renameSync(fsPath(from), fsPath(to));
  } catch (error) {
    const stats = lstatSync(fsPath(from));
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV' || !stats.isFile()) throw error;
    const near = `${to.slice(0, to.lastIndexOf('/'))}/${from.slice(from.lastIndexOf('/') + 1)}`;
    try {
      copyFileSync(fsPath(from), fsPath(near));
      utimesSync(fsPath(near), stats.atimeMs / 1000, stats.mtimeMs / 1000);
      renameSync(fsPath(near), fsPath(to));
    } finally {
      rmSync(fsPath(near), { force: true });
      rmSync(fsPath(from), { force: true });
    }
  }
}
