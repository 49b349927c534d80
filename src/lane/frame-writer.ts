import type { Writable } from 'node:stream';
import type { ByteReader } from './byte-reader.ts';

/** Small pieces are gathered to this size, so that one request is one write (Nagle's algorithm costs 40 ms otherwise). */
export const WRITE_SIZE = 262144;

/** The other side says something while there is more to send, or is gone: what is left is of no use to it. */
export class HeardEarly extends Error {
  override readonly name = 'HeardEarly';

  constructor() {
    super('it answered before it had everything');
  }
}

/** Gathers what belongs together into few writes and waits when the other side is slow. */
export class FrameWriter {
  readonly #stream: Writable;
  readonly #other: ByteReader | undefined;
  #pieces: Buffer[] = [];
  #size = 0;
  #full = false;
  #whole = true;
  #sent = 0;
  #waited = 0;

  /** @param other hears whether the other side has something to say, or is gone */
  constructor(stream: Writable, other?: ByteReader) {
    this.#stream = stream;
    this.#other = other;
  }

  /** Bytes that the stream has taken. */
  get sent(): number {
    return this.#sent;
  }

  /** Milliseconds that it was waited for. */
  get waited(): number {
    return this.#waited;
  }

  /** No frame has been begun that is not whole yet. */
  get whole(): boolean {
    return this.#whole;
  }

  add(piece: Buffer): void {
    this.#whole = false;
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (this.#size >= WRITE_SIZE) this.#write();
  }

  /**
   * Waits until the stream takes more. For the middle of what is sent.
   *
   * @throws HeardEarly
   */
  async drain(): Promise<void> {
    await this.#wait();
    if (this.#other?.heard === true) throw new HeardEarly();
    if (this.#stream.destroyed) throw new Error('the connection was closed');
  }

  /** Sends all that is there, for the end: whoever reads next learns whether it arrived. */
  async flush(): Promise<void> {
    this.#write();
    this.#whole = true;
    await this.#wait();
  }

  /** A stream that has closed may never drain, and tells so only once. */
  async #wait(): Promise<void> {
    if (!this.#full) return;
    this.#full = false;
    const begin = performance.now();
    if (this.#stream.writableNeedDrain && this.#other?.heard !== true) await drained(this.#stream, this.#other);
    this.#waited += performance.now() - begin;
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

function drained(stream: Writable, other: ByteReader | undefined): Promise<void> {
  const events = ['drain', 'end', 'close'];
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) stream.off(event, done);
      stop?.();
      resolve();
    };
    for (const event of events) stream.on(event, done);
    const stop = other?.waiting(done);
  });
}
