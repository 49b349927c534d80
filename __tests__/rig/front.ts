import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NamespaceHost } from './sshd-rig.ts';

/**
 * What becomes of a connection: it is passed on; passed on after some seconds; taken, and never answered; answered with bytes that
 * are no ssh.
 */
export type Manner = 'open' | 'slow' | 'silent' | 'rubbish';

const SLOW_MS = 4000;
const RUBBISH = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 2_654_435_761) >>> 24));

/** Stands before a test host, on loopback: what connects to it gets the host's own ssh server, or worse. */
export class Front {
  /** Of connections from here on. */
  manner: Manner = 'open';
  readonly #host: NamespaceHost;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(host: NamespaceHost) {
    this.#host = host;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#take(socket));
  }

  static async before(host: NamespaceHost): Promise<Front> {
    const front = new Front(host);
    front.#server.listen(0, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `[address]:port type key`. */
  get knownHostsLine(): string {
    return this.#host.knownHostsLine().replace(/^\S+/, `[127.0.0.1]:${this.port}`);
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #take(socket: Socket): Promise<void> {
    this.#keep(socket);
    if (this.manner === 'silent') return;
    if (this.manner === 'rubbish') {
      const pour = (): void => {
        while (socket.write(RUBBISH));
      };
      socket.on('drain', pour);
      pour();
      return;
    }
    if (this.manner === 'slow') await sleep(SLOW_MS);
    if (socket.destroyed) return;
    const there = connect(this.#host.port, this.#host.address);
    this.#keep(there);
    socket.on('close', () => there.destroy());
    there.on('close', () => socket.destroy());
    socket.pipe(there).pipe(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
