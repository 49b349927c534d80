import type { Readable } from 'node:stream';
import type { Bytes } from '../util/bytes.ts';
import { deferred } from '../util/deferred.ts';
import { durationText } from '../util/duration.ts';
import { Patience } from './patience.ts';

/** The other end closed, or broke off, before what was asked for had come. */
export class EndOfStream extends Error {
  override readonly name = 'EndOfStream';
}

const MAX_LINE = 65536;
const ALIVE = 'alive\n';

/**
 * Reads lines and exact numbers of bytes from a stream, one reader at a time. While nobody reads, the stream is paused
 * above a few hundred kilobytes: what a host sends never grows the heap. The line `alive`, which may come wherever another
 * line may, is nothing but a sign of life.
 */
export class ByteReader {
  readonly #stream: Readable;
  #chunks: Buffer[] = [];
  #size = 0;
  #received = 0;
  #ended: Error | undefined;
  #wake: (() => void) | undefined;
  #silence: Patience | undefined;
  readonly #waiting = new Set<() => void>();
  readonly #end = deferred<string>();

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      this.#received += chunk.length;
      if (this.#size > 524288) stream.pause();
      if (this.#waiting.size > 0) this.#silence?.start();
      this.#wake?.();
    });
    const end = (): void => this.#finish('the connection was closed');
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', (error) => this.#finish(error.message));
    // Whoever has read from it before may have come to its end: that is told once.
    if (stream.readableEnded || stream.destroyed) end();
  }

  /** Resolves when nothing will come any more, with the reason; what has come may still be read. */
  get ended(): Promise<string> {
    return this.#end.promise;
  }

  /** Bytes so far. */
  get received(): number {
    return this.#received;
  }

  /** Something has come that nobody has read, besides signs of life, or nothing will come any more. Asked between lines. */
  get heard(): boolean {
    if (this.#ended) return true;
    if (this.#size === 0) return false;
    while (this.#size >= ALIVE.length && this.#begins(ALIVE)) this.#take(ALIVE.length);
    return !ALIVE.startsWith(this.#joined().toString('latin1', 0, ALIVE.length));
  }

  /**
   * From here on the other end is given up when nothing at all has come from it for so many seconds in which somebody waited
   * for it; later where the link is busy with others.
   *
   * @param received LaneStream.received
   */
  limitSilence(seconds: number, received?: () => number): void {
    const give = (): void => this.giveUp(`it has said nothing for ${durationText(seconds)}`);
    this.#silence = new Patience(seconds, received, give);
  }

  /**
   * Somebody waits for the other end, if not for bytes: its silence counts until the function is called that is returned.
   *
   * @param ended called when nothing will come any more
   */
  waiting(ended: () => void): () => void {
    if (this.#waiting.size === 0) this.#silence?.start();
    this.#waiting.add(ended);
    return () => {
      this.#waiting.delete(ended);
      if (this.#waiting.size === 0) this.#silence?.stop();
    };
  }

  /** Lets the stream go: whoever waits, or asks for more than has come, has this reason. */
  giveUp(reason: string): void {
    this.#finish(reason);
    this.#stream.destroy();
  }

  /** Everything up to the next newline, without it, but for signs of life. */
  async line(): Promise<Bytes> {
    for (;;) {
      const buffer = this.#joined();
      const at = buffer.indexOf(10);
      if (at >= 0) {
        const line = this.#take(at + 1).toString('latin1', 0, at + 1);
        if (line === ALIVE) continue;
        return line.slice(0, -1);
      }
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
    let done: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      done = this.waiting(resolve);
    });
    this.#wake = undefined;
    done?.();
  }

  #finish(reason: string): void {
    if (this.#ended) return;
    this.#ended = new EndOfStream(reason);
    this.#end.resolve(reason);
    for (const ended of [...this.#waiting]) ended();
  }

  #begins(word: Bytes): boolean {
    return this.#joined().toString('latin1', 0, word.length) === word;
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
