import type { Writable } from 'node:stream';

/** Small pieces are gathered to this size, so that one request is one write (Nagle's algorithm costs 40 ms otherwise). */
export const WRITE_SIZE = 262144;

/** Gathers what belongs together into few writes and waits when the other side is slow. */
export class FrameWriter {
  readonly #stream: Writable;
  #pieces: Buffer[] = [];
  #size = 0;
  #full = false;
  #sent = 0;
  #waited = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Bytes that the stream has taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Milliseconds that it was waited for. */
  get waited(): number {
    return this.#waited;
  }

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size >= WRITE_SIZE) this.#write();
  }

  async drain(): Promise<void> {
    if (!this.#full) return;
    this.#full = false;
    const begin = performance.now();
    if (this.#stream.writableNeedDrain) await drained(this.#stream);
    this.#waited += performance.now() - begin;
    if (this.#stream.destroyed) throw new Error('the connection was closed');
  }

  async flush(): Promise<void> {
    this.#write();
    await this.drain();
  }

  #write(): void {
    if (this.#size === 0) return;
    const frame = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#size = 0;
    this.#sent += frame.length;
    if (!this.#stream.write(frame)) this.#full = true;
  }
}

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
