import type { Readable } from 'node:stream';
import type { Bytes } from '../util/bytes.ts';

/** The other end closed, or broke off, before what was asked for had come. */
export class EndOfStream extends Error {
  override readonly name = 'EndOfStream';
}

const MAX_LINE = 65536;

/**
 * Reads lines and exact numbers of bytes from a stream, one reader at a time. While nobody reads, the stream is paused
 * above a few hundred kilobytes: what a host sends never grows the heap.
 */
export class ByteReader {
  readonly #stream: Readable;
  #chunks: Buffer[] = [];
  #size = 0;
  #received = 0;
  #ended: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#received += chunk.length;
      if (this.#size > 524288) stream.pause();
      this.#wake?.();
    });
    const end = (error?: Error): void => {
      this.#ended ??= new EndOfStream(error?.message ?? 'the connection was closed');
      this.#wake?.();
    };
    stream.on('end', () => end());
    stream.on('close', () => end());
    stream.on('error', end);
    // Whoever has read from it before may have come to its end: that is told once.
    if (stream.readableEnded || stream.destroyed) end();
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  /** Something has come that nobody has read, or nothing will come any more. */
  get heard(): boolean {
    return this.#size > 0 || this.#ended !== undefined;
  }

  /** Everything up to the next newline, without it. */
  async line(): Promise<Bytes> {
    for (;;) {
      const buffer = this.#joined();
      const at = buffer.indexOf(10);
      if (at >= 0) return this.#take(at + 1).toString('latin1', 0, at);
      if (buffer.length > MAX_LINE) throw new EndOfStream('a line without an end');
      await this.#more();
    }
  }

  /** Exactly `size` bytes. For sizes that fit in memory. */
  async exact(size: number): Promise<Buffer> {
    while (this.#size < size) await this.#more();
    return this.#take(size);
  }

  /** Exactly `size` bytes, in whatever pieces they come. */
  async *pieces(size: number): AsyncGenerator<Buffer> {
    let left = size;
    while (left > 0) {
      if (this.#size === 0) await this.#more();
      const piece = this.#take(Math.min(left, this.#size));
      left -= piece.length;
      yield piece;
    }
  }

  async #more(): Promise<void> {
    if (this.#ended) throw this.#ended;
    this.#stream.resume();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  #joined(): Buffer {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }

  #take(size: number): Buffer {
    const buffer = this.#joined();
    this.#chunks = size < buffer.length ? [buffer.subarray(size)] : [];
    this.#size -= size;
    return buffer.subarray(0, size);
  }
}
