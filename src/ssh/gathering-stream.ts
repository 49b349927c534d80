import { Duplex, type Readable, type Writable } from 'node:stream';

type Done = (error?: Error | null) => void;

/**
 * One byte stream of a readable and a writable end, which gathers what is written in one turn of the event loop into one
 * write (see GatheringSocket). It ends when the readable end does. Faults of writing are not told: the readable end closes too.
 */
export class GatheringStream extends Duplex {
  readonly #from: Readable;
  readonly #to: Writable;
  readonly #onClose: () => void;
  #corked = false;

  /** @param onClose to let the ends go; called once */
  constructor(from: Readable, to: Writable, onClose: () => void) {
    super({ allowHalfOpen: false });
    this.#from = from;
    this.#to = to;
    this.#onClose = onClose;
    from.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) from.pause();
    });
    from.on('end', () => this.push(null));
    from.on('close', () => {
      if (!this.readableEnded) this.push(null);
    });
    from.on('error', (error) => this.destroy(error));
    to.on('error', () => undefined);
  }

  override write(...words: unknown[]): boolean {
    if (!this.#corked) {
      this.#corked = true;
      this.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.uncork();
      });
    }
    return super.write(...(words as [Buffer]));
  }

  override _read(): void {
    this.#from.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    this.#to.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#onClose();
    done(error);
  }

  #send(bytes: Buffer, done: Done): void {
    if (this.#to.writable) this.#to.write(bytes, () => done());
    else done();
  }
}
