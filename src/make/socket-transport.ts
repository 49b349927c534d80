import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import type { Outcome } from '../model/outcome.ts';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import type { IncomingCalls, ShimChannel } from './calls.ts';
import { encodeFields, encodeFrame, FieldReader, frameHead, FrameReader, type Frame } from './frames.ts';

/** A payload from here on is not copied to stand behind its head. */
const COPIED = 4096;

/** Answers compiled shims on a stream socket, one connection each. */
export class SocketTransport {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param path of the socket, which must not exist */
  static async listen(path: string, calls: IncomingCalls): Promise<SocketTransport> {
    const server = createServer({ noDelay: false });
    const transport = new SocketTransport(server);
    server.on('connection', (socket) => {
      transport.#sockets.add(socket);
      socket.on('close', () => transport.#sockets.delete(socket));
      new SocketChannel(socket, calls);
    });
    server.listen({ path, backlog: 4096 });
    await once(server, 'listening');
    return transport;
  }

  /** Hangs up on every shim; each says so and exits 2. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

class SocketChannel implements ShimChannel {
  readonly #socket: Socket;
  readonly #gone = new AbortController();
  #run: Deferred<Outcome> | undefined;
  #ended = false;

  constructor(socket: Socket, calls: IncomingCalls) {
    this.#socket = socket;
    const reader = new FrameReader();
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame, calls);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    // A reset is a shim that went away, like every other end; close follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#close());
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  print(descriptor: 1 | 2, data: Buffer): Promise<void> | undefined {
    return this.#send(String(descriptor), data) ? undefined : this.#drained();
  }

  run(argv: readonly Bytes[], changes: readonly Bytes[]): Promise<Outcome> {
    if (this.#gone.signal.aborted) return Promise.resolve({ kind: 'cancelled' });
    this.#run = deferred();
    this.#send('R', encodeFields([argv.length, ...argv, ...changes]));
    return this.#run.promise;
  }

  exit(status: number): void {
    this.#last('X', encodeFields([status]));
  }

  die(signal: number): void {
    this.#last('K', encodeFields([signal]));
  }

  exec(file: Bytes, argv: readonly Bytes[], changes: readonly Bytes[]): void {
    this.#last('E', encodeFields([file, argv.length, ...argv, ...changes]));
  }

  fail(message: Bytes, status: number): void {
    this.#last('F', encodeFields([status, message]));
  }

  answer(text: Bytes): void {
    this.#last('T', bufferOf(text));
  }

  /** @returns whether there is room for more at once; also where nobody listens any more */
  #send(type: string, payload: Buffer): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true;
    if (payload.length < COPIED) return socket.write(encodeFrame(type, payload));
    socket.cork();
    socket.write(frameHead(type, payload.length));
    const hasRoom = socket.write(payload);
    socket.uncork();
    return hasRoom;
  }

  /** What was written is with the shim, or it is gone. */
  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  #last(type: string, payload: Buffer): void {
    this.#ended = true;
    this.#send(type, payload);
  }

  #close(): void {
    if (!this.#ended) this.#gone.abort();
    this.#run?.resolve({ kind: 'cancelled' });
  }

  #receive({ type, payload }: Frame, calls: IncomingCalls): void {
    const fields = new FieldReader(payload);
    switch (type) {
      case 'S': {
        const [pid, make, umask] = [fields.number(), fields.number(), fields.number()];
        const directory = fields.text();
        const argv = fields.list(fields.number());
        calls.shell({ pid, make, umask, directory, argv, environment: fields.rest() }, this);
        return;
      }
      case 'M': {
        const [pid, directory] = [fields.number(), fields.text()];
        const argv = fields.list(fields.number());
        calls.make({ pid, directory, argv, environment: fields.rest() }, this);
        return;
      }
      case 'P': {
        const [make, directory, command] = [fields.number(), fields.text(), fields.text()];
        calls.parse({ make, directory, command, environment: fields.rest() }, this);
        return;
      }
      case 'D': {
        const [how, number] = [fields.text(), fields.number()];
        this.#run?.resolve(how === 's' ? { kind: 'signaled', signal: number } : { kind: 'exited', status: number });
        return;
      }
      case 'A': {
        this.#send('A', Buffer.alloc(0));
        return;
      }
      default:
        throw new Error(`A message of unknown type ${JSON.stringify(type)}`);
    }
  }
}
