import { Socket } from 'node:net';

/**
 * A TCP socket that gathers what is written in one turn of the event loop into one write. ssh2 writes the length, the
 * payload and the authentication tag of every packet apart; each would be a system call here, a segment on the wire, and
 * a wake-up of the server. (To cork the socket is not enough: its buffers are written one by one all the same.)
 */
export class GatheringSocket extends Socket {
  #gathered: Uint8Array[] = [];

  override connect(...to: unknown[]): this {
    super.connect(...(to as [never]));
    // It gives the socket the write of its own class, as a property, for sockets that are used again.
    Reflect.deleteProperty(this, 'write');
    return this;
  }

  /** Takes the bytes over; false: it would be better to wait for `drain`. */
  override write(chunk: Uint8Array | string): boolean {
    if (this.#gathered.length === 0) process.nextTick(() => this.#flush());
    this.#gathered.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    return !this.writableNeedDrain;
  }

  override end(...last: unknown[]): this {
    this.#flush();
    return super.end(...(last as []));
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    if (gathered.length > 0 && this.writable) super.write(Buffer.concat(gathered));
  }
}
