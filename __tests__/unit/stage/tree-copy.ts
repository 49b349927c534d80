import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Content, Entry, Output } from '../../../src/model/entry.ts';
import type { Sending } from '../../../src/engine/ports.ts';
import type { Job } from '../../../src/model/job.ts';
import { bufferOf, fsPath, type Bytes } from '../../../src/util/bytes.ts';

/** A directory of its own, which others may enter. */
export function scratch(): Bytes {
  const path = mkdtempSync(join(tmpdir(), 'stage-test-'));
  chmodSync(path, 0o755);
  return path;
}

export function job(command: Bytes, target = 'all'): Job {
  return {
    id: 1,
    recipe: { id: 1, make: 1, target, directory: '/' },
    directory: '/',
    argv: [],
    command,
    environment: [],
    umask: 0o22,
    prerequisites: undefined,
  };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

export async function whole(content: Content): Promise<Buffer> {
  if (Buffer.isBuffer(content)) return content;
  const pieces: Buffer[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function kindAt(full: Bytes): 'file' | 'directory' | 'link' | undefined {
  try {
    const stats = lstatSync(fsPath(full));
    return stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'file';
  } catch {
    return undefined;
  }
}

/** Whether all levels above a path are real directories. */
function inside(root: Bytes, path: Bytes): boolean {
  const parts = path.split('/').slice(0, -1);
  return parts.every((_, index) => kindAt(`${root}/${parts.slice(0, index + 1).join('/')}`) === 'directory');
}

export function setTime(full: Bytes, time: bigint): void {
  const seconds = Number(time / 1000n) / 1e6;
  utimesSync(fsPath(full), seconds, seconds);
}

/** What a lane does with the entries for its tree; just as strict. */
export async function apply(root: Bytes, entries: AsyncIterable<Entry> | Iterable<Entry>): Promise<void> {
  for await (const entry of entries) {
    const full = `${root}/${entry.path}`;
    if (!inside(root, entry.path)) {
      if (entry.kind === 'removed' || entry.kind === 'time') continue;
      throw new Error(`${entry.path} comes before the directory that it is in`);
    }
    switch (entry.kind) {
      case 'file': {
        const content = await whole(entry.content);
        if (content.length !== entry.size) throw new Error(`${entry.path}: ${content.length} bytes, not ${entry.size}`);
        const temporary = `${root}/.applying`;
        writeFileSync(fsPath(temporary), content);
        chmodSync(fsPath(temporary), entry.mode);
        setTime(temporary, entry.time);
        if (kindAt(full) === 'directory') rmSync(fsPath(full), { recursive: true });
        renameSync(fsPath(temporary), fsPath(full));
        break;
      }
      case 'link':
        rmSync(fsPath(full), { recursive: true, force: true });
        symlinkSync(bufferOf(entry.target), fsPath(full));
        break;
      case 'directory':
        if (kindAt(full) !== 'directory') {
          rmSync(fsPath(full), { force: true });
          mkdirSync(fsPath(full));
        }
        chmodSync(fsPath(full), entry.mode | 0o700);
        break;
      case 'removed':
        rmSync(fsPath(full), { recursive: true, force: true });
        break;
      case 'time':
        setTime(full, entry.time);
        break;
    }
  }
}

/** What a lane does with what a job wrote, in the tree that the jobs of its host share: directories that have gone are made again. */
export async function applyOutputs(root: Bytes, outputs: readonly Output[]): Promise<void> {
  for (const output of outputs) {
    if (output.kind === 'unknown' || output.kind === 'special') continue;
    const levels = output.path.split('/').slice(0, -1);
    for (const [index] of levels.entries()) {
      const parent = `${root}/${levels.slice(0, index + 1).join('/')}`;
      if (output.kind === 'removed' || kindAt(parent) === 'directory') continue;
      rmSync(fsPath(parent), { force: true });
      mkdirSync(fsPath(parent));
    }
    await apply(root, [output]);
  }
}

export interface Seen {
  readonly kind: 'file' | 'directory' | 'link';
  readonly mode: number;
  /** Of a file, the content; of a link, the target. */
  readonly text: Bytes;
  /** Of a file, in whole microseconds. */
  readonly time: bigint;
}

/** Everything in a tree, by path. */
export function look(root: Bytes, at = ''): Map<Bytes, Seen> {
  const found = new Map<Bytes, Seen>();
  for (const name of readdirSync(fsPath(`${root}/${at}`), 'latin1')) {
    if (name === '.git' || name.startsWith('.distmake-tmp-')) continue;
    const path = at === '' ? name : `${at}/${name}`;
    const full = fsPath(`${root}/${path}`);
    const stats = lstatSync(full, { bigint: true });
    const mode = Number(stats.mode & 0o7777n);
    if (stats.isDirectory()) {
      found.set(path, { kind: 'directory', mode: mode | 0o700, text: '', time: 0n });
      for (const [below, seen] of look(root, path)) found.set(below, seen);
    } else if (stats.isSymbolicLink()) {
      found.set(path, { kind: 'link', mode: 0, text: readlinkSync(full, 'latin1'), time: 0n });
    } else if (stats.isFile()) {
      found.set(path, { kind: 'file', mode, text: readFileSync(full, 'latin1'), time: stats.mtimeNs / 1000n });
    }
  }
  return found;
}

/** In words, what differs between two trees; times may differ by what node's calls round off. */
export function differences(one: ReadonlyMap<Bytes, Seen>, other: ReadonlyMap<Bytes, Seen>): string[] {
  const said: string[] = [];
  for (const path of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(path), other.get(path)];
    if (!a || !b) said.push(`${path}: ${a?.kind ?? 'nothing'}, ${b?.kind ?? 'nothing'}`);
    else if (a.kind !== b.kind || a.mode !== b.mode || a.text !== b.text)
      said.push(`${path}: ${describe(a)}, ${describe(b)}`);
    else if (a.time - b.time > 2n || b.time - a.time > 2n) said.push(`${path}: time ${a.time}, ${b.time}`);
  }
  return said;
}

function describe({ kind, mode, text }: Seen): string {
  return `${kind} ${mode.toString(8)} ${JSON.stringify(text.slice(0, 40))}`;
}

/** What comes home of a job that has seen all that is in the workspace. */
export function sending(foreign?: Bytes): Sending {
  return { job: job('cc *.o -o prog', 'prog'), version: Infinity, visible: undefined, foreign };
}
