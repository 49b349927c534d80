import { randomUUID } from 'node:crypto';
import { closeSync, openSync, read, rmSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

import type { JobOutput, OutputStore } from '../engine/job-output.ts';
import type { Text } from '../engine/ports.ts';
import { TailRing } from './tail-ring.ts';

const readAt = promisify(read);

/** Bytes of one job that are kept in memory, with what it costs to keep a piece. */
const MEMORY = 1 << 20;
const PIECE_COST = 128;

/** Bytes of the end of each descriptor that are kept in memory as well. */
const END = 64 << 10;

/** Bytes that are written to the file, and read from it, at a time. */
const BLOCK = 64 << 10;

/** In the file a descriptor (1 byte) and a length (4) stand before each piece. */
const HEAD = 5;

/** What remote jobs print waits in memory and, where it is long, in files of the run's own directory. */
export class DiskOutputStore implements OutputStore {
  readonly #directory: string;
  readonly #memory: number;

  /**
   * @param directory nobody else can write there
   * @param memory bytes of each job that are kept in memory
   */
  constructor(directory: string, memory = MEMORY) {
    this.#directory = directory;
    this.#memory = memory;
  }

  open(): JobOutput {
    return new SpilledOutput(this.#directory, this.#memory);
  }
}

class SpilledOutput implements JobOutput {
  readonly #directory: string;
  #room: number;
  #beginning: Text[] = [];
  /** Of what is in the file. */
  readonly #ends = new Map<1 | 2, TailRing>();
  #file: number | undefined;
  /** What is to be written next. */
  #block = Buffer.alloc(0);
  #filled = 0;
  #trouble: string | undefined;

  constructor(directory: string, memory: number) {
    this.#directory = directory;
    this.#room = memory;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  add(descriptor: 1 | 2, data: Buffer): void {
    if (this.#trouble !== undefined) return;
    if (this.#file === undefined) {
      this.#room -= data.length + PIECE_COST;
      if (this.#room >= 0) {
        // A piece of what was read may hold all of that.
        this.#beginning.push({ descriptor, data: Buffer.from(data) });
        return;
      }
    }
    try {
      this.#file ??= this.#open();
      this.#spill(descriptor, data);
      this.#end(descriptor).push(data);
    } catch (error) {
      this.#trouble = `${this.#directory}: ${(error as Error).message}`;
    }
  }

  excerpt(): readonly Text[] {
    const between = Buffer.from('\n');
    const end = [...this.#ends].map(([descriptor, ring]) => ({
      descriptor,
      data: Buffer.concat([between, ring.read()]),
    }));
    return [...this.#beginning, ...end];
  }

  texts(): Iterable<Text> | AsyncIterable<Text> {
    return this.#file === undefined ? this.#beginning : this.#all(this.#file);
  }

  drop(): void {
    this.#beginning = [];
    this.#ends.clear();
    this.#block = Buffer.alloc(0);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#trouble ??= 'it was dropped';
  }

  #end(descriptor: 1 | 2): TailRing {
    let ring = this.#ends.get(descriptor);
    if (!ring) this.#ends.set(descriptor, (ring = new TailRing(END)));
    return ring;
  }

  /** Without a name from the start: whatever becomes of us, nothing is left. */
  #open(): number {
    const path = `${this.#directory}/${randomUUID()}`;
    const file = openSync(path, 'wx+', 0o600);
    rmSync(path);
    this.#block = Buffer.alloc(BLOCK);
    return file;
  }

  #spill(descriptor: 1 | 2, data: Buffer): void {
    if (this.#filled + HEAD + data.length > BLOCK) this.#flush();
    this.#block.writeUInt8(descriptor, this.#filled);
    this.#block.writeUInt32LE(data.length, this.#filled + 1);
    this.#filled += HEAD;
    if (this.#filled + data.length > BLOCK) {
      this.#flush();
      this.#write(data);
    } else {
      this.#filled += data.copy(this.#block, this.#filled);
    }
  }

  #flush(): void {
    this.#write(this.#block.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #write(data: Buffer): void {
    for (let at = 0; at < data.length;) at += writeSync(this.#file as number, data, at);
  }

  async *#all(file: number): AsyncGenerator<Text> {
    yield* this.#beginning;
    this.#beginning = [];
    let head: Buffer = Buffer.alloc(0);
    let descriptor: 1 | 2 = 1;
    let left = 0;
    for await (const block of this.#spilled(file)) {
      for (let at = 0; at < block.length;) {
        const part = block.subarray(at, at + (left > 0 ? left : HEAD - head.length));
        at += part.length;
        if (left > 0) {
          left -= part.length;
          yield { descriptor, data: part };
          continue;
        }
        head = Buffer.concat([head, part]);
        if (head.length < HEAD) continue;
        descriptor = head.readUInt8(0) === 2 ? 2 : 1;
        left = head.readUInt32LE(1);
        head = Buffer.alloc(0);
      }
    }
  }

  async *#spilled(file: number): AsyncGenerator<Buffer> {
    for (let position = 0; ;) {
      const { bytesRead, buffer } = await readAt(file, Buffer.allocUnsafe(BLOCK), 0, BLOCK, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    yield this.#block.subarray(0, this.#filled);
  }
}
