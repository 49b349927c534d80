// An ssh host on loopback that lives as long as the demo: a plain sshd with keys of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asRoot, isRoot, whyNoRoot } from '../../__tests__/rig/as-root.mjs';

const SSHD = '/usr/sbin/sshd';
const INIT = fileURLToPath(new URL('host-init.sh', import.meta.url));
const NAMESPACES = ['unshare', '-m', '-u', '-p', '--fork', '--kill-child', '--propagation', 'private'];

/** @param {string} file where the private key goes */
export function makeKey(file) {
  const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'distmake-demo', '-f', file], {
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`ssh-keygen failed: ${made.error?.message ?? made.stderr}`);
}

/** Can hosts have a /tmp of their own here? In many containers nobody can. */
export function canHaveNamespaces() {
  if (whyNoRoot() !== undefined) return false;
  const [file, ...args] = asRoot([...NAMESPACES, 'sh', '-c', 'mount -t tmpfs tmpfs /mnt && mount -t proc proc /proc']);
  return spawnSync(file, args).status === 0;
}

/** @returns {Promise<number>} a port that is free now */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/** @param {number} port @returns {Promise<boolean>} does somebody listen there? */
function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** @param {number} pid @returns {number[]} the process and all below it */
function family(pid) {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/^.*\) /s, '')
          .split(' ');
        return [[Number(name), Number(fields[1])]];
      } catch {
        return [];
      }
    });
  const found = [pid];
  for (const one of found) found.push(...parents.filter(([, parent]) => parent === one).map(([child]) => child));
  return found;
}

/** See {@link ThrowawayHost.start}. */
export class ThrowawayHost {
  /** @type {import('node:child_process').ChildProcess | undefined} */ #child;
  #folder;
  #ended = false;
  /** A directory for sshd that we had to make. @type {string | undefined} */ #made;
  #atExit = () => this.#killFamily();

  /** @param {{ name: string, folder: string, slots: number }} options */
  constructor({ name, folder, slots }) {
    this.name = name;
    this.slots = slots;
    this.port = 0;
    this.#folder = folder;
  }

  /**
   * Starts an sshd on a free port of 127.0.0.1, for this user and this key alone.
   *
   * @param {{ name: string, folder: string, slots: number, clientKey: string, namespaces: boolean }} options `folder` must
   *   not exist; `clientKey` is a public key; `namespaces`: the host gets a /tmp and processes of its own
   */
  static async start({ clientKey, namespaces, ...options }) {
    const host = new ThrowawayHost(options);
    mkdirSync(options.folder);
    makeKey(join(options.folder, 'host_key'));
    writeFileSync(join(options.folder, 'authorized_keys'), clientKey);
    for (let attempt = 0; ; attempt++) {
      host.port = await freePort();
      host.#writeConfig(namespaces ? '/run/host' : options.folder);
      host.#spawn(namespaces);
      try {
        await host.#ready();
        return host;
      } catch (error) {
        await host.dispose();
        // Somebody else may have taken the port meanwhile.
        if (attempt === 3) throw error;
      }
    }
  }

  /** @param {string} folder as sshd sees it */
  #writeConfig(folder) {
    const config = [
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${folder}/host_key`,
      `AuthorizedKeysFile ${folder}/authorized_keys`,
      'PidFile none',
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      `AllowUsers ${userInfo().username}`,
      'StrictModes no',
      'UsePAM no',
      'PrintMotd no',
      'PrintLastLog no',
    ];
    writeFileSync(join(this.#folder, 'sshd_config'), `${config.join('\n')}\n`);
  }

  /** @param {boolean} namespaces */
  #spawn(namespaces) {
    let argv = [SSHD, '-D', '-f', join(this.#folder, 'sshd_config'), '-E', join(this.#folder, 'log')];
    if (namespaces) {
      const { uid, gid, username } = userInfo();
      argv = asRoot([...NAMESPACES, 'sh', INIT, this.#folder, this.name, String(uid), String(gid), username]);
    } else if (isRoot() && !existsSync('/run/sshd')) {
      mkdirSync('/run/sshd', { mode: 0o755 });
      this.#made = '/run/sshd';
    }
    const [file, ...args] = argv;
    this.#ended = false;
    this.#child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk) => writeFileSync(join(this.#folder, 'errors'), chunk, { flag: 'a' }));
    for (const event of ['error', 'exit']) this.#child.once(event, () => (this.#ended = true));
    process.once('exit', this.#atExit);
  }

  async #ready() {
    for (let i = 0; i < 200 && !this.#ended; i++) {
      if (await answers(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const read = (/** @type {string} */ name) => {
      const file = join(this.#folder, name);
      return existsSync(file) ? readFileSync(file, 'utf8') : '';
    };
    throw new Error(`the ssh server of ${this.name} did not start: ${read('errors')}${read('log')}`.trim());
  }

  /** Line for a host matrix. */
  matrixLine() {
    return `${userInfo().username}@127.0.0.1:${this.port} ${this.slots}`;
  }

  /** Line for a known_hosts file. */
  knownHostsLine() {
    const key = readFileSync(join(this.#folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    return `[127.0.0.1]:${this.port} ${key}`;
  }

  /** Sessions outlive a plain sshd that is told to go: they are told too, children before parents. */
  #killFamily() {
    if (this.#child?.pid === undefined || this.#ended) return;
    for (const pid of family(this.#child.pid).reverse()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone, or root's; a host with namespaces ends by itself when its stdin does.
      }
    }
  }

  /** Ends the host and all that runs on it. */
  async dispose() {
    process.off('exit', this.#atExit);
    const child = this.#child;
    if (child !== undefined && !this.#ended) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      // A plain sshd does not care for its stdin, and should have seen its sessions end before it goes itself.
      if (child.spawnfile === SSHD) {
        for (let i = 0; i < 50 && family(child.pid ?? 0).length > 1; i++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        this.#killFamily();
      }
      await gone;
    }
    if (this.#made !== undefined) spawnSync('rmdir', [this.#made]);
    this.#made = undefined;
  }
}
