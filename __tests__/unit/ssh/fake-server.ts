import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2, { type AuthContext, type Connection as Peer, type ServerChannel } from 'ssh2';
import { LeftOut } from '../../../src/engine/left-out.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import { SshConfig } from '../../../src/ssh/config.ts';
import { Connection } from '../../../src/ssh/connection.ts';
import { Hops } from '../../../src/ssh/hops.ts';
import { HostKeys } from '../../../src/ssh/host-keys.ts';
import { KeyRing } from '../../../src/ssh/key-ring.ts';
import { loadKeys } from '../../../src/ssh/keys.ts';
import type { Login } from '../../../src/ssh/login.ts';
import { Notices } from '../../../src/ssh/notices.ts';

const newKey = (): string => ssh2.utils.generateKeyPairSync('ed25519').private;
const HOST_KEY = newKey();
/** Two keys that are tried in this order. */
export const KEYS = [newKey(), newKey()].map((text) => text.trimEnd());

/** What a fake ssh server does; without any of these it lets everybody in and starts no command. */
export interface Manners {
  /** Default: accepts. */
  readonly onLogin?: (context: AuthContext, peer: Peer) => void;
  /** Nothing is answered before it calls `start`. Default: it never answers when a session is opened. */
  readonly onCommand?: (start: () => ServerChannel, command: string) => void;
}

/** Servers on the loopback that misbehave, and a way to log in to them. */
export class FakeServers {
  readonly #servers: Server[] = [];
  /** Keys that are accepted are kept there. */
  readonly #home = mkdtempSync(join(tmpdir(), 'distmake-fake-ssh-'));
  readonly sockets = new Set<Socket>();

  /**
   * One that reads and drops what it gets.
   *
   * @returns its port
   */
  async raw(onSocket: (socket: Socket) => void): Promise<number> {
    return this.#listen((socket) => onSocket(socket.resume()));
  }

  /** @returns its port */
  async ssh({ onLogin = (context) => context.accept(), onCommand }: Manners): Promise<number> {
    const server = new ssh2.Server({ hostKeys: [HOST_KEY] }, (peer) => {
      peer.on('error', () => undefined);
      peer.on('authentication', (context) => {
        if (context.method === 'none') context.reject(['publickey']);
        else onLogin(context, peer);
      });
      peer.on('session', (accept) => {
        if (!onCommand) return;
        accept().on('exec', (start, _reject, { command }) => onCommand(start, command));
      });
    });
    return this.#listen((socket) => void server.injectSocket(socket));
  }

  /** A host of the matrix there. */
  host(port: number, more: Partial<Host> = {}): Host {
    const name = { name: 'fake', address: '127.0.0.1', port, user: 'me', slots: 1, line: 1, local: false };
    return { ...HOST_DEFAULTS, ...name, ...more };
  }

  async login(timeout: number, knownHosts = 'accept-new'): Promise<Login> {
    const home = this.#home;
    const notices = new Notices();
    const credentials = await loadKeys({
      text: KEYS.join('\n'),
      passphrase: undefined,
      agentSocket: undefined,
      home,
    });
    const common = { passphrase: undefined, agentSocket: undefined, home, notices };
    return {
      credentials,
      config: await SshConfig.load({ home, system: home, onNotice: () => undefined }),
      keyRing: new KeyRing({ credentials, given: true, ...common }),
      hostKeys: new HostKeys({ input: knownHosts, home, notices }),
      hops: new Hops(),
      notices,
      home,
      timeout,
    };
  }

  async close(): Promise<void> {
    rmSync(this.#home, { recursive: true, force: true });
    for (const socket of this.sockets) socket.destroy();
    await Promise.all(this.#servers.splice(0).map((server) => new Promise((done) => server.close(done))));
  }

  async #listen(onSocket: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      this.sockets.add(socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket)));
      onSocket(socket);
    });
    this.#servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return (server.address() as { port: number }).port;
  }
}

/** Why a host does not come up, and whether it is left out for good. */
export async function fault(host: Host, login: Login): Promise<{ readonly reason: string; readonly leftOut: boolean }> {
  try {
    (await Connection.open(host, login)).close();
  } catch (error) {
    return { reason: (error as Error).message, leftOut: error instanceof LeftOut };
  }
  throw new Error('it came up');
}
