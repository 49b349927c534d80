import { closeSync, openSync, write, writeSync } from 'node:fs';

/** So much is written at one time, in bytes. */
const BATCH = 64 * 1024;
/** What is less goes to the file after so long, in ms: who follows it sees what happens. */
const DELAY = 500;

/**
 * A file that grows line by line without holding anybody up: it is written in the background. At the end all of it is there,
 * at once: what was on its way is then written again where it belongs, which does no harm.
 */
export class EventsFile {
  readonly #descriptor: number;
  readonly #onError: (error: unknown) => void;
  #lines: string[] = [];
  #length = 0;
  #timer: NodeJS.Timeout | undefined;
  /** What is on its way, and where in the file it belongs. */
  #writing: Buffer | undefined;
  #offset = 0;
  #closed = false;
  #failed = false;

  /**
   * @param onError is told of the first error, after which nothing more is written
   * @throws the error of the file system when it is there already, or cannot be made
   */
  constructor(path: string, onError: (error: unknown) => void) {
    this.#descriptor = openSync(path, 'wx');
    this.#onError = onError;
  }

  /** @param line without its newline */
  add(line: string): void {
    if (this.#closed || this.#failed) return;
    this.#lines.push(line);
    this.#length += line.length + 1;
    if (this.#length >= BATCH) this.#send();
    else this.#timer ??= setTimeout(this.#send, DELAY).unref();
  }

  /** Everything is in the file when it returns. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    try {
      let rest = Buffer.concat([this.#writing ?? Buffer.alloc(0), this.#take()]);
      while (!this.#failed && rest.length > 0) {
        const written = writeSync(this.#descriptor, rest, 0, rest.length, this.#offset);
        this.#offset += written;
        rest = rest.subarray(written);
      }
    } catch (error) {
      this.#fail(error);
    }
    // One that is still written to is closed when that is over: its number must not become another file's.
    if (!this.#writing) closeSync(this.#descriptor);
  }

  readonly #send = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing ?? this.#closed) return;
    if (this.#length > 0) this.#write(this.#take());
  };

  #write(data: Buffer): void {
    this.#writing = data;
    write(this.#descriptor, data, 0, data.length, this.#offset, (error, written) => {
      this.#writing = undefined;
      if (this.#closed) {
        closeSync(this.#descriptor);
        return;
      }
      if (error) {
        this.#fail(error);
        return;
      }
      this.#offset += written;
      if (written < data.length) this.#write(data.subarray(written));
      else this.#send();
    });
  }

  #take(): Buffer {
    const data = Buffer.from(this.#lines.map((line) => `${line}\n`).join(''));
    this.#lines = [];
    this.#length = 0;
    return data;
  }

  #fail(error: unknown): void {
    if (!this.#failed) this.#onError(error);
    this.#failed = true;
    this.#lines = [];
    this.#length = 0;
  }
}
