import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import type { Output } from '../../model/entry.ts';
import { bufferOf, decode, fsPath, type Bytes } from '../../util/bytes.ts';
import { endOf, MOST_DIGESTED, newDigest } from '../look/digest.ts';
import { EndlessOutput, notWritten, RefusedOutput } from './refused-output.ts';
import { temporaryName } from './temporary.ts';

export type FileOutput = Extract<Output, { kind: 'file' }>;

/** Where the content of a file waits: in memory, or on disk under another name, with its digest unless it is huge. */
export type Waiting = Buffer | { readonly temporary: Bytes; readonly digest: string | undefined };

/** What small files of one job may hold of the memory together; what is more waits on disk. */
const MEMORY = 32 << 20;

/** What is not taken is read to its end all the same, but not when that would take hours. */
const HOPELESS = 2 ** 40;

/** Bytes that are announced to all spools and not on disk yet. */
let awaited = 0;

/** The contents of the files that one job wrote, until they are put in their place or dropped. */
export class Spool {
  readonly #root: Bytes;
  /** Bytes that must not be in any of them: a path that exists on the host only. */
  readonly #foreign: Buffer | undefined;
  readonly #memory: number;
  readonly #temporaries = new Set<Bytes>();
  #held = 0;

  /**
   * @param root absolute path of the workspace, in which it makes its files
   * @param memory how many bytes are kept in memory
   */
  constructor(root: Bytes, foreign: Bytes | undefined, memory = MEMORY) {
    this.#root = root;
    this.#foreign = foreign === undefined ? undefined : bufferOf(foreign);
    this.#memory = memory;
  }

  /**
   * Content that comes in pieces is read to its end also where it is refused: what is not read of it would be taken for
   * what follows.
   *
   * @throws RefusedOutput with the name of what is wrong; EndlessOutput; whatever the stream breaks off with
   */
  async take({ path, size, content }: FileOutput): Promise<Waiting> {
    if (!Buffer.isBuffer(content)) return this.#stream(path, size, content);
    this.checkForeign(path, content);
    if (this.#held + content.length <= this.#memory) {
      this.#held += content.length;
      return content;
    }
    return this.#stream(path, size, [content]);
  }

  /** @throws RefusedOutput where bytes name a directory of the host */
  checkForeign(path: Bytes, content: Buffer): void {
    if (this.#foreign && content.includes(this.#foreign)) {
      throw new RefusedOutput(`${decode(path)} names a directory of that host`, true);
    }
  }

  /** Removes what is still on disk under another name. */
  discard(): void {
    for (const path of this.#temporaries) rmSync(fsPath(path), { force: true });
    this.#temporaries.clear();
  }

  /** What waited there has its place now. */
  placed(temporary: Bytes): void {
    this.#temporaries.delete(temporary);
  }

  /** A path of a temporary file that is removed with the rest. */
  temporary(): Bytes {
    const path = `${this.#root}/${temporaryName()}`;
    this.#temporaries.add(path);
    return path;
  }

  async #stream(path: Bytes, size: number, content: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Waiting> {
    const temporary = this.temporary();
    let file: number | undefined;
    let left = 0;
    let trouble: RefusedOutput | undefined;
    const attempt = (step: () => void): void => {
      if (trouble) return;
      try {
        step();
      } catch (error) {
        if (error instanceof EndlessOutput) throw error;
        trouble = notWritten(path, error);
      }
    };
    attempt(() => {
      this.#checkRoom(path, size);
      file = openSync(fsPath(temporary), 'wx', 0o600);
      awaited += left = size;
    });
    const digest = size > MOST_DIGESTED ? undefined : newDigest();
    try {
      let tail: Buffer = Buffer.alloc(0);
      for await (const piece of content) {
        attempt(() => {
          writeWhole(file as number, piece);
          digest?.update(piece);
          const written = Math.min(left, piece.length);
          awaited -= written;
          left -= written;
          if (this.#foreign) tail = this.#checkAcross(path, tail, piece, this.#foreign.length);
        });
      }
    } finally {
      awaited -= left;
      if (file !== undefined) closeSync(file);
    }
    if (!trouble) return { temporary, digest: digest && endOf(digest) };
    rmSync(fsPath(temporary), { force: true });
    this.placed(temporary);
    throw trouble;
  }

  /** @returns the end of what has come, in which the foreign path may begin */
  #checkAcross(path: Bytes, tail: Buffer, piece: Buffer, length: number): Buffer {
    const joined = Buffer.concat([tail, piece]);
    this.checkForeign(path, joined);
    return joined.subarray(Math.max(0, joined.length - length + 1));
  }

  /** What the file system of the workspace cannot take is not begun. */
  #checkRoom(path: Bytes, size: number): void {
    const { blocks, bavail, bsize } = statfsSync(fsPath(this.#root));
    const free = Math.max(0, bavail * bsize - awaited);
    // Some file systems do not tell.
    if (blocks === 0 || size <= free) return;
    checkEnd({ path, size });
    throw new RefusedOutput(
      `${decode(path)} has ${size} bytes, for which there is no room on the runner: ${free} are free`,
    );
  }
}

/** @throws EndlessOutput where it is hopeless to wait for the end of a file that is not taken */
export function checkEnd({ path, size }: Pick<FileOutput, 'path' | 'size'>): void {
  if (size > HOPELESS) throw new EndlessOutput(`${decode(path)} is announced to have ${size} bytes`);
}

export function writeWhole(file: number, data: Buffer): void {
  for (let at = 0; at < data.length;) at += writeSync(file, data, at);
}
