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
import type { Output } from '../../model/entry.ts';
import { bufferOf, decode, fsPath, type Bytes } from '../../util/bytes.ts';
import { kindAt, type Kind } from './kind-at.ts';
import { notWritten, RefusedOutput } from './refused-output.ts';
import { writeWhole, type FileOutput, type Spool, type Waiting } from './spool.ts';
import { digestOf } from '../look/digest.ts';
import type { Workspace } from '../look/workspace.ts';

/** An output that is to be put in its place. */
export type Held =
  | (Omit<FileOutput, 'content'> & { readonly content: Waiting })
  | Extract<Output, { kind: 'link' | 'directory' | 'removed' }>;

/** A change that is home, and its place in the workspace's journal. */
export interface Change {
  readonly path: Bytes;
  readonly version: number;
}

/** Puts what one job wrote into the workspace: never outside of it or through a link. */
export class Placement {
  /** Removals, directories, then the rest in the order in which the host wrote it. */
  readonly outputs: readonly Held[];
  readonly #workspace: Workspace;
  readonly #spool: Spool;
  /** Where files and links wait on disk. */
  readonly #ready = new Map<Held, Bytes>();

  constructor(workspace: Workspace, spool: Spool, outputs: readonly Held[]) {
    this.#workspace = workspace;
    this.#spool = spool;
    const rank = ({ kind }: Held): number => (kind === 'removed' ? 0 : kind === 'directory' ? 1 : 2);
    const time = (output: Held): bigint => ('time' in output ? output.time : 0n);
    this.outputs = [...outputs].sort(
      (a, b) => rank(a) - rank(b) || (time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0),
    );
  }

  /**
   * Everything that takes room or can be refused by the file system, under other names. Files get the runner's own time
   * of now, so that they are never older than what they were made from nor newer than what is made from them; a time
   * that the job set itself is kept.
   *
   * @throws RefusedOutput where something cannot be put in its place
   */
  prepare(): void {
    this.#check();
    for (const output of this.outputs) {
      if (output.kind !== 'file' && output.kind !== 'link') continue;
      try {
        this.#ready.set(output, output.kind === 'file' ? this.#prepareFile(output) : this.#prepareLink(output.target));
      } catch (error) {
        throw notWritten(output.path, error);
      }
    }
  }

  /** Puts what is prepared. */
  put(): Change[] {
    const checked = new Set<Bytes>();
    const changes: Change[] = [];
    const note = (path: Bytes, content?: Waiting): void => {
      const digest = Buffer.isBuffer(content) ? digestOf(content) : content?.digest;
      changes.push({ path, version: this.#workspace.note(path, digest) });
    };
    for (const output of this.outputs) {
      try {
        if (!this.#makeParents(output, checked, note)) continue;
        this.#put(output, checked);
        note(output.path, output.kind === 'file' ? output.content : undefined);
      } catch (error) {
        throw notWritten(output.path, error);
      }
    }
    // Last, or nothing could be written into a directory that is read-only.
    for (const output of this.outputs) {
      if (output.kind !== 'directory' || (output.mode & 0o700) === 0o700) continue;
      chmodSync(fsPath(this.#full(output.path)), output.mode & 0o777);
      note(output.path);
    }
    return changes;
  }

  /** Whether all of it can be put in its place; nothing has been touched yet. */
  #check(): void {
    const then = new Map<Bytes, Kind | 'removed'>();
    const now = new Map<Bytes, Kind | undefined>();
    const kindNow = (path: Bytes): Kind | undefined => {
      if (!now.has(path)) now.set(path, kindAt(this.#full(path)));
      return now.get(path);
    };
    const kindThen = (path: Bytes): Kind | undefined => {
      const planned = then.get(path);
      if (planned !== undefined) return planned === 'removed' ? undefined : planned;
      const at = path.lastIndexOf('/');
      if (at >= 0 && kindThen(path.slice(0, at)) !== 'directory') return undefined;
      // A directory that is made anew has nothing of the old one.
      for (let end = at; end >= 0; end = path.lastIndexOf('/', end - 1))
        if (made.has(path.slice(0, end))) return undefined;
      return kindNow(path);
    };
    const made = new Set<Bytes>();
    for (const { path, kind } of this.outputs) {
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

  #prepareLink(target: Bytes): Bytes {
    const temporary = this.#spool.temporary();
    symlinkSync(bufferOf(target), fsPath(temporary));
    return temporary;
  }

  #prepareFile({ content, mode, timeIsSet, time }: Extract<Held, { kind: 'file' }>): Bytes {
    const whole = Buffer.isBuffer(content) ? content : undefined;
    const temporary = Buffer.isBuffer(content) ? this.#spool.temporary() : content.temporary;
    const file = openSync(fsPath(temporary), whole ? 'wx' : 'r+', 0o600);
    try {
      if (whole) writeWhole(file, whole);
      else touchNow(file);
      fchmodSync(file, mode & 0o777);
    } finally {
      closeSync(file);
    }
    if (timeIsSet) setTime(temporary, time);
    return temporary;
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
      default: {
        const ready = this.#ready.get(output);
        if (ready === undefined) throw new Error('Internal error: not prepared');
        if (kindAt(full) === 'directory') rmSync(fsPath(full), { recursive: true });
        move(ready, full);
        this.#spool.placed(ready);
        checked.clear();
      }
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

  #full(path: Bytes): Bytes {
    return `${this.#workspace.root}/${path}`;
  }
}

/** Gives a file the time that the kernel gives to what recipes write now: another clock than Date.now(), it lags behind. */
function touchNow(file: number): void {
  const first = Buffer.alloc(1);
  if (readSync(file, first, 0, 1, 0) > 0) writeSync(file, first, 0, 1, 0);
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
