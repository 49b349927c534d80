/** The last bytes of a stream, in one buffer that is used again and again. */
export class TailRing {
  readonly #ring: Buffer;
  /** Bytes so far. */
  #total = 0;

  constructor(size: number) {
    this.#ring = Buffer.alloc(size);
  }

  push(data: Buffer): void {
    const size = this.#ring.length;
    const last = data.subarray(Math.max(0, data.length - size));
    const at = (this.#total + data.length - last.length) % size;
    const first = last.copy(this.#ring, at);
    last.copy(this.#ring, 0, first);
    this.#total += data.length;
  }

  /** A copy. */
  read(): Buffer {
    const size = this.#ring.length;
    if (this.#total <= size) return Buffer.from(this.#ring.subarray(0, this.#total));
    const at = this.#total % size;
    return Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at)]);
  }
}
