import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAsRoot, whyNoRoot } from './as-root.mjs';
import { NamespaceHost, TEST_USER } from './namespace-host.mjs';
import { INTERFACE_PREFIX } from './subnet.mjs';

export { INTERFACE_PREFIX, TEST_USER };

const FOLDER_PREFIX = 'distmake-rig-';
const NEEDED = ['ip', 'unshare', 'nsenter', 'setpriv', 'ssh-keygen', '/usr/sbin/sshd'];

/** Folders carry the pid of the run that made them; those of dead runs are removed. */
function sweep() {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(FOLDER_PREFIX) ? Number.parseInt(name.slice(FOLDER_PREFIX.length), 10) : Number.NaN;
    if (!Number.isInteger(pid) || pid <= 0 || isAlive(pid)) continue;
    removeFolder(join(tmpdir(), name));
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return statSync(`/proc/${pid}`).isDirectory();
  } catch {
    return false;
  }
}

/** @param {string} folder */
function removeFolder(folder) {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // sshd's log belongs to root when we do not.
    runAsRoot(['rm', '-rf', '--', folder]);
  }
}

/** Real OpenSSH hosts in namespaces of this machine; see ssh-hosts.d.mts. */
export class SshHosts {
  /** @type {() => void} */ #atExit;

  /** @param {string} folder @param {NamespaceHost[]} hosts */
  constructor(folder, hosts) {
    this.folder = folder;
    this.hosts = hosts;
    this.#atExit = () => removeFolder(folder);
    process.once('exit', this.#atExit);
  }

  /** @param {import('./ssh-hosts.d.mts').SshHostsOptions} options */
  static async start({ hosts, cgroups }) {
    const why = whyNoRoot();
    if (why !== undefined) throw new Error(`test hosts: ${why}`);
    const needed = hosts.some(({ server }) => server === 'dropbear')
      ? [...NEEDED, 'dropbear', 'dropbearconvert']
      : NEEDED;
    const missing = needed.filter((tool) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', tool]).status !== 0);
    if (missing.length > 0) {
      throw new Error(
        `test hosts need ${missing.join(', ')}: install openssh-server, openssh-client, iproute2, util-linux, dropbear-bin`,
      );
    }
    sweep();
    const folder = mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
    chmodSync(folder, 0o755);
    const rig = new SshHosts(folder, []);
    try {
      const key = join(folder, 'client_key');
      const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'distmake-rig', '-f', key]);
      if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
      const clientKey = readFileSync(`${key}.pub`, 'utf8');
      const started = await Promise.allSettled(
        hosts.map((spec, i) => NamespaceHost.start(spec, { folder: join(folder, `host${i}`), clientKey, cgroups })),
      );
      for (const one of started) if (one.status === 'fulfilled') rig.hosts.push(one.value);
      for (const one of started) if (one.status === 'rejected') throw one.reason;
    } catch (error) {
      await rig.dispose();
      throw error;
    }
    return rig;
  }

  get privateKeyFile() {
    return join(this.folder, 'client_key');
  }

  get privateKey() {
    return readFileSync(this.privateKeyFile, 'utf8');
  }

  get matrix() {
    return this.hosts.map((h) => `${h.matrixLine()}\n`).join('');
  }

  get knownHosts() {
    return this.hosts.map((h) => `${h.knownHostsLine()}\n`).join('');
  }

  /** @param {string} name */
  host(name) {
    const found = this.hosts.find((h) => h.name === name);
    if (found === undefined) throw new Error(`no test host named ${name}`);
    return found;
  }

  async dispose() {
    await Promise.all(this.hosts.map((h) => h.dispose()));
    process.off('exit', this.#atExit);
    removeFolder(this.folder);
  }
}
