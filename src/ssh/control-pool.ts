import type { ClientChannel } from 'ssh2';
import type { Host } from '../model/host.ts';
import type { HostChannel, HostChannels } from './channels.ts';
import { Connection } from './connection.ts';
import { awaitWord, behindWord, firstWord } from './first-word.ts';
import type { Login } from './login.ts';
import { STOPPED } from './within-time.ts';

/** What OpenSSH allows on one connection unless MaxSessions says otherwise; where it is less, the server's refusal tells. */
const CHANNELS_PER_CONNECTION = 10;

/** A channel that is asked for. */
interface Wish {
  readonly command: string;
  /** How many attempts to connect had failed when it was asked for. */
  readonly failures: number;
  /** The pool has been closed since. */
  readonly signal: AbortSignal;
}

/**
 * The control connections to one host, kept for the run. A new one is opened when the others carry all the channels
 * that the server allows, one at a time: a server drops connections that come in a storm (MaxStartups).
 */
export class ControlPool implements HostChannels {
  readonly #host: Host;
  readonly #login: Login;
  #connections: Connection[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #life = new AbortController();
  #failures = 0;
  #lastFailure: unknown;

  constructor(host: Host, login: Login) {
    this.#host = host;
    this.#login = login;
  }

  /**
   * Starts a command on the host, and resolves when its shell answers: a host may let us in and then hang, in a login script
   * or a file system. Rejects with a reason for people, in bounded time however many wait.
   */
  async exec(command: string): Promise<HostChannel> {
    const word = firstWord();
    const wish = { command: behindWord(word, command), failures: this.#failures, signal: this.#life.signal };
    const result = this.#queue.then(() => this.#exec(wish));
    this.#queue = result.catch(() => undefined);
    const { channel, timeout } = await result;
    try {
      await awaitWord(channel, word, timeout, {
        silent: `it lets us in, but its shell did not answer within ${timeout / 1000} s`,
        ended: (status) =>
          status === undefined
            ? 'the connection was closed before its shell had answered'
            : `its login shell ended with status ${status} before it ran the command`,
      });
    } catch (error) {
      const said = String((channel.stderr.read() as Buffer | null) ?? '').trim();
      channel.destroy();
      throw said === ''
        ? error
        : new Error(`${(error as Error).message}; it said: ${said.slice(-500)}`, { cause: error });
    }
    return channel;
  }

  /** Ends all connections, those too that are only coming up; a later `exec` makes a new one. */
  close(): void {
    this.#life.abort();
    this.#life = new AbortController();
    for (const connection of this.#connections) connection.close();
    this.#connections = [];
  }

  async #exec(wish: Wish): Promise<{ readonly channel: HostChannel; readonly timeout: number }> {
    for (;;) {
      if (wish.signal.aborted) throw new Error(STOPPED);
      this.#connections = this.#connections.filter(({ closed }) => !closed);
      const free = this.#connections.find(({ full, channels }) => !full && channels < CHANNELS_PER_CONNECTION);
      const connection = free ?? (await this.#connect(wish));
      const channel = await connection.exec(wish.command);
      if (channel) {
        const more = { exited: exitOf(channel), received: (): number => connection.received };
        return { channel: Object.assign(channel, more), timeout: connection.timeout };
      }
      if (!free) throw new Error('it opens no session on a new connection (MaxSessions?)');
    }
  }

  /** Who has waited while the host could not be reached would not reach it either. */
  async #connect({ failures, signal }: Wish): Promise<Connection> {
    if (failures !== this.#failures) throw this.#lastFailure;
    try {
      const connection = await Connection.open(this.#host, this.#login, signal);
      this.#connections.push(connection);
      if (signal.aborted) connection.close();
      return connection;
    } catch (error) {
      if (!signal.aborted) {
        this.#failures++;
        this.#lastFailure = error;
      }
      throw error;
    }
  }
}

/** Not by 'exit': it may have come together with the channel itself, before anybody could listen. 'close' waits for a reader. */
function exitOf(channel: ClientChannel): Promise<number | undefined> {
  return new Promise((resolve) => {
    channel.once('close', (code?: number | null) => resolve(code ?? undefined));
  });
}
