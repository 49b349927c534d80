import { Client, type ClientChannel } from 'ssh2';
import { deferred } from '../util/deferred.ts';
import { describeConnectError, type ConnectError } from './connect-error.ts';
import { hostKeyAlgorithms } from './host-key.ts';
import { settingsOf, type HostSettings, type Target } from './host-settings.ts';
import type { Login } from './login.ts';
import { jumpsTo, openRoute } from './route.ts';

/** One ssh connection to a host. */
export class Connection {
  readonly #client: Client;
  /** Channels that are open. */
  channels = 0;
  /** The server has refused to open more. */
  full = false;
  closed = false;
  /** Milliseconds until a host that does not answer is given up. */
  readonly timeout: number;

  private constructor(client: Client, timeout: number) {
    this.#client = client;
    this.timeout = timeout;
    // One for each channel that is being opened.
    client.setMaxListeners(0);
    client.on('close', () => (this.closed = true));
    // Failures of a connection that is up reach its channels as their end.
    client.on('error', () => undefined);
  }

  /** Rejects with an Error whose message is the reason, for people. */
  static async open(target: Target, login: Login): Promise<Connection> {
    const look = (one: Target): HostSettings => settingsOf(one, login.config, login.home);
    const settings = look(target);
    const timeout = settings.timeout ?? login.timeout;
    const jumps = jumpsTo(settings, look);
    const [plan, check] = await Promise.all([login.keyRing.planFor(settings), login.hostKeys.forHost(settings)]);
    const openHop = (hop: Target): Promise<Connection> => Connection.open(hop, login);
    const route = await openRoute({ settings, jumps, hops: login.hops, timeout, openHop });

    const client = new Client();
    const ready = deferred<undefined>();
    let refusal: string | undefined;
    client.once('ready', () => ready.resolve(undefined));
    client.once('error', (error: ConnectError) => {
      ready.reject(new Error(refusal ?? describeConnectError(error, { settings, plan, timeout })));
    });
    // A second one may follow: nobody waits for it.
    client.on('error', () => undefined);
    client.once('close', () => ready.reject(new Error('it closed the connection before the login was through')));
    client.connect({
      sock: route.stream,
      username: settings.username,
      readyTimeout: timeout,
      keepaliveInterval: Math.max(1000, Math.floor(timeout / 3)),
      keepaliveCountMax: 2,
      algorithms: { serverHostKey: hostKeyAlgorithms(check.types) },
      authHandler: plan.methods,
      hostVerifier: (key: Buffer) => {
        refusal = check.refuse(key);
        return refusal === undefined;
      },
    });
    try {
      await ready.promise;
    } catch (error) {
      const said = await route.said();
      client.destroy();
      throw new Error((error as Error).message + said, { cause: error });
    }
    return new Connection(client, timeout);
  }

  /** Starts a command; undefined when the server takes no further channel on this connection. */
  exec(command: string): Promise<ClientChannel | undefined> {
    const answer = deferred<ClientChannel | undefined>();
    this.channels++;
    const gone = (): void => answer.reject(new Error('the connection was closed'));
    this.#client.once('close', gone);
    this.#client.exec(command, (error, channel) => {
      this.#client.off('close', gone);
      if (error) {
        this.channels--;
        if (/channel open failure/i.test(error.message)) {
          this.full = true;
          answer.resolve(undefined);
        } else {
          answer.reject(new Error(error.message));
        }
        return;
      }
      channel.once('close', () => this.channels--);
      answer.resolve(channel);
    });
    return answer.promise;
  }

  /** Opens a byte stream from this host to another. */
  forward(address: string, port: number): Promise<ClientChannel> {
    const answer = deferred<ClientChannel>();
    const gone = (): void => answer.reject(new Error('the connection was closed'));
    if (this.closed) gone();
    this.#client.once('close', gone);
    this.#client.forwardOut('127.0.0.1', 0, address, port, (error, channel) => {
      this.#client.off('close', gone);
      if (error) answer.reject(new Error(error.message.replace(/^\(SSH\) Channel open failure: /, '')));
      else answer.resolve(channel);
    });
    return answer.promise;
  }

  close(): void {
    this.#client.end();
    this.#client.destroy();
  }
}
