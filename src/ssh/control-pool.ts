import type { ClientChannel } from 'ssh2';
import type { Host } from '../model/host.ts';
import type { HostChannel, HostChannels } from './channels.ts';
import { Connection } from './connection.ts';
import { awaitWord, behindWord, firstWord } from './first-word.ts';
import type { Login } from './login.ts';

/** What OpenSSH allows on one connection unless MaxSessions says otherwise; where it is less, the server's refusal tells. */
const CHANNELS_PER_CONNECTION = 10;

/**
 * The control connections to one host, kept for the run. A new one is opened when the others carry all the channels
 * that the server allows, one at a time: a server drops connections that come in a storm (MaxStartups).
 */
export class ControlPool implements HostChannels {
  readonly #host: Host;
  readonly #login: Login;
  #connections: Connection[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  constructor(host: Host, login: Login) {
    this.#host = host;
    this.#login = login;
  }

  /**
   * Starts a command on the host, and resolves when its shell answers: a host may let us in and then hang, in a login script
   * or a file system. Rejects with a reason for people.
   */
  async exec(command: string): Promise<HostChannel> {
    const word = firstWord();
    const result = this.#queue.then(() => this.#exec(behindWord(word, command)));
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
      throw said === ''
        ? error
        : new Error(`${(error as Error).message}; it said: ${said.slice(-500)}`, { cause: error });
    }
    return channel;
  }

  /** Ends all connections; a later `exec` makes a new one. */
  close(): void {
    for (const connection of this.#connections) connection.close();
    this.#connections = [];
  }

  async #exec(command: string): Promise<{ readonly channel: HostChannel; readonly timeout: number }> {
    for (;;) {
      this.#connections = this.#connections.filter(({ closed }) => !closed);
      const free = this.#connections.find(({ full, channels }) => !full && channels < CHANNELS_PER_CONNECTION);
      const connection = free ?? (await Connection.open(this.#host, this.#login));
      if (!free) this.#connections.push(connection);
      const channel = await connection.exec(command);
      if (channel) return { channel: Object.assign(channel, { exited: exitOf(channel) }), timeout: connection.timeout };
      if (!free) throw new Error('it opens no session on a new connection (MaxSessions?)');
    }
  }
}

/** Not by 'exit': it may have come together with the channel itself, before anybody could listen. 'close' waits for a reader. */
function exitOf(channel: ClientChannel): Promise<number | undefined> {
  return new Promise((resolve) => {
    channel.once('close', (code?: number | null) => resolve(code ?? undefined));
  });
}
