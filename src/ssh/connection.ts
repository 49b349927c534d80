import { userInfo } from 'node:os';
import { Client, type AnyAuthMethod, type ClientChannel } from 'ssh2';
import type { Host } from '../model/host.ts';
import { deferred } from '../util/deferred.ts';
import { describeConnectError, type ConnectError } from './connect-error.ts';
import { GatheringSocket } from './gathering-socket.ts';
import { hostKeyAlgorithms } from './host-key.ts';
import { describeRefusal } from './host-key-refusal.ts';
import type { KnownHosts } from './known-hosts.ts';
import type { Credentials } from './keys.ts';

/** What one needs to log in to any host of the matrix. */
export interface Login {
  readonly credentials: Credentials;
  readonly knownHosts: KnownHosts;
  /** Milliseconds until a host that does not answer is given up, at the start and later. */
  readonly timeout: number;
}

/** One ssh connection to a host. */
export class Connection {
  readonly #client: Client;
  /** Channels that are open. */
  channels = 0;
  /** The server has refused to open more. */
  full = false;
  closed = false;

  private constructor(client: Client) {
    this.#client = client;
    client.on('close', () => (this.closed = true));
    // Failures of a connection that is up reach its channels as their end.
    client.on('error', () => undefined);
  }

  /** Rejects with an Error whose message is the reason, for people. */
  static async open(host: Host, login: Login): Promise<Connection> {
    const client = new Client();
    const username = host.user ?? userInfo().username;
    const endpoint = { address: host.address, port: host.port ?? 22 };
    const ready = deferred<undefined>();
    let refusal: string | undefined;
    client.once('ready', () => ready.resolve(undefined));
    client.once('error', (error: ConnectError) => {
      ready.reject(new Error(refusal ?? describeConnectError(error, { host, username, login })));
    });
    client.once('close', () => ready.reject(new Error('it closed the connection before the login was through')));
    const sock = new GatheringSocket();
    sock.setMaxListeners(0);
    sock.setNoDelay(true);
    sock.connect({ host: endpoint.address, port: endpoint.port });
    client.connect({
      sock,
      username,
      readyTimeout: login.timeout,
      keepaliveInterval: Math.max(1000, Math.floor(login.timeout / 3)),
      keepaliveCountMax: 2,
      algorithms: { serverHostKey: hostKeyAlgorithms(login.knownHosts.keyTypesFor(endpoint)) },
      ...(login.credentials.agent === undefined ? {} : { agent: login.credentials.agent }),
      authHandler: methods(username, login.credentials),
      hostVerifier: (key: Buffer) => {
        const verdict = login.knownHosts.check(endpoint, key);
        if (verdict.verdict === 'known') return true;
        refusal = describeRefusal(verdict, endpoint, key);
        return false;
      },
    });
    try {
      await ready.promise;
    } catch (error) {
      client.destroy();
      throw error;
    }
    return new Connection(client);
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

  close(): void {
    this.#client.end();
    this.#client.destroy();
  }
}

/** The agent first, then key by key: each try counts against the server's MaxAuthTries, so nothing is tried twice. */
function methods(username: string, { agent, keys }: Credentials): AnyAuthMethod[] {
  return [
    ...(agent === undefined ? [] : [{ type: 'agent' as const, username, agent }]),
    ...keys.map(({ key }) => ({ type: 'publickey' as const, username, key })),
  ];
}
