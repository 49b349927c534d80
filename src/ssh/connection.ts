import type { Client, ClientChannel } from 'ssh2';
import type { Duplex } from 'node:stream';
import { LeftOut } from '../engine/left-out.ts';
import { UserError } from '../util/user-error.ts';
import { settingsOf, type HostSettings, type Target } from './host-settings.ts';
import { logIn } from './log-in.ts';
import type { Login } from './login.ts';
import { watchPulse } from './pulse.ts';
import { jumpsTo, openRoute } from './route.ts';
import { withinTime } from './within-time.ts';

/** What the last words of a connection may take on their way. */
const LAST_WORDS_MS = 1000;
const CLOSED = 'the connection was closed';
/** What ssh2 puts before the server's own reason. */
const REFUSED = /^\(SSH\) Channel open failure: /i;
/** Why a channel is not opened: the server's configuration forbids it (RFC 4254, 5.1). */
const PROHIBITED = 1;

type Opened = (error: Error | undefined, channel: ClientChannel) => void;

/** One ssh connection to a host. */
export class Connection {
  readonly #client: Client;
  readonly #stream: Duplex;
  readonly #channels = new Set<ClientChannel>();
  /** Channels that are being opened. */
  #opening = 0;
  #full = false;
  /** The server has let a channel wait. */
  #stuck = false;
  #closed = false;
  #received = 0;
  /** Why it is closed, where that is known. */
  #fault: string | undefined;
  /** Milliseconds until a host that does not answer is given up. */
  readonly timeout: number;

  private constructor(client: Client, stream: Duplex, timeout: number) {
    this.#client = client;
    this.#stream = stream;
    this.timeout = timeout;
    // One for each channel that is being opened.
    client.setMaxListeners(0);
    stream.on('data', (chunk: Buffer) => (this.#received += chunk.length));
    const stop = watchPulse(stream, timeout, () => {
      this.#fault = `it has said nothing for ${timeout / 1000} s`;
      stream.destroy();
    });
    client.on('error', ({ message }) => (this.#fault ??= `the connection broke (${message})`));
    // The other end is through with it: nothing can be begun any more.
    client.once('end', () => (this.#closed = true));
    client.once('close', () => {
      this.#closed = true;
      stop();
      if (this.#fault === undefined) return;
      for (const channel of this.#channels) channel.emit('error', new Error(this.#fault));
    });
    if (stream.destroyed) this.#closed = true;
  }

  /**
   * Rejects with an Error whose message is the reason, for people; with a LeftOut where another try would end in the same way.
   *
   * @param signal nobody wants it any more
   */
  static async open(
    target: Target,
    login: Login,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<Connection> {
    const look = (one: Target): HostSettings => settingsOf(one, login.config, login.home);
    try {
      const settings = look(target);
      const timeout = settings.timeout ?? login.timeout;
      const jumps = jumpsTo(settings, look);
      const [plan, check] = await Promise.all([login.keyRing.planFor(settings), login.hostKeys.forHost(settings)]);
      const openHop = (hop: Target, unused: AbortSignal): Promise<Connection> => Connection.open(hop, login, unused);
      const route = await openRoute({ settings, jumps, hops: login.hops, timeout, openHop, signal });
      const client = await logIn({ route, settings, plan, check, timeout, signal });
      return new Connection(client, route.stream, timeout);
    } catch (error) {
      // Keys, configuration, known hosts: they are what they are.
      if (error instanceof UserError) throw new LeftOut(error.message, { cause: error });
      throw error;
    }
  }

  /** It has ended, or has been asked to. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Channels that are open, or being opened. */
  get channels(): number {
    return this.#channels.size + this.#opening;
  }

  /** Bytes of all channels together, and what the protocol puts around them, since it stands. */
  get received(): number {
    return this.#received;
  }

  /** The server takes no more channels for now. */
  get full(): boolean {
    return this.#full || this.#stuck;
  }

  /**
   * Starts a command; undefined when the server takes no further channel on this connection. A channel that is destroyed drops what
   * has come by then.
   */
  async exec(command: string): Promise<ClientChannel | undefined> {
    try {
      return await this.#open((done) => this.#client.exec(command, done), this.timeout, 'it opened no session');
    } catch (error) {
      if (!REFUSED.test((error as Error).message)) throw error;
      this.#full = true;
      return undefined;
    }
  }

  /**
   * Opens a byte stream from this host to another. Rejects as {@link Connection.open}.
   *
   * @param timeout ms
   */
  async forward(address: string, port: number, timeout: number): Promise<ClientChannel> {
    const begin = (done: Opened): unknown => this.#client.forwardOut('127.0.0.1', 0, address, port, done);
    try {
      return await this.#open(begin, timeout, 'no answer');
    } catch (error) {
      const { message, reason } = error as Error & { readonly reason?: number };
      const Kind = reason === PROHIBITED ? LeftOut : Error;
      throw new Kind(message.replace(REFUSED, ''), { cause: error });
    }
  }

  close(): void {
    this.#closed = true;
    this.#client.end();
    const stream = this.#stream;
    if (stream.destroyed) return;
    const destroy = (): void => void stream.destroy();
    if (stream.writableFinished) destroy();
    else stream.once('finish', destroy);
    // Where nothing gets through any more it would never finish.
    const timer = setTimeout(destroy, LAST_WORDS_MS).unref();
    stream.once('close', () => clearTimeout(timer));
  }

  async #open(begin: (done: Opened) => unknown, timeout: number, late: string): Promise<ClientChannel> {
    const state = { answered: false };
    this.#opening++;
    const opening = new Promise<ClientChannel>((resolve, reject) => {
      const gone = (): void => reject(new Error(this.#fault ?? CLOSED));
      if (this.#closed) {
        gone();
        return;
      }
      this.#client.once('close', gone);
      begin((error, channel) => {
        state.answered = true;
        this.#client.off('close', gone);
        if (error) reject(error);
        else resolve(channel);
      });
    });
    try {
      const channel = await withinTime(opening, {
        timeout,
        late: `${late} within ${timeout / 1000} s`,
        drop: (unused) => this.#hold(unused).destroy(),
      });
      return this.#hold(channel);
    } catch (error) {
      if (!state.answered) this.#stuck = true;
      throw error;
    } finally {
      this.#opening--;
      this.#tidy();
    }
  }

  /** Counts it until it is closed. Until what has come is read it is not: who destroys it reads no more. */
  #hold(channel: ClientChannel): ClientChannel {
    const destroy = channel.destroy.bind(channel);
    channel.destroy = (): ClientChannel => {
      destroy();
      if (!channel.readableEnded) channel.removeAllListeners('data').removeAllListeners('readable').resume();
      return channel;
    };
    this.#channels.add(channel);
    // Whoever uses it may listen later.
    channel.on('error', () => undefined);
    channel.once('close', () => {
      this.#channels.delete(channel);
      this.#full = false;
      this.#tidy();
    });
    return channel;
  }

  /** One that lets channels wait is of use to those alone that are open. */
  #tidy(): void {
    if (this.#stuck && this.channels === 0) this.close();
  }
}
