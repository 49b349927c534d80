import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { asRoot, runAsRoot } from './as-root.mjs';
import { linkTo } from './subnet.mjs';

/** The unprivileged user that exists on the test hosts, and nowhere else. */
export const TEST_USER = 'distmake-test';

const INIT = fileURLToPath(new URL('host-init.sh', import.meta.url));
const PORT = 2022;

/** @typedef {import('./ssh-hosts.d.mts').HostSpec} HostSpec */

/**
 * The account files of a host: the machine's, so that owners keep their names, plus the test user. Passwords are `*`:
 * sshd takes `!` for a locked account.
 *
 * @param {string} folder
 * @param {string} shell
 */
function writeAccounts(folder, shell) {
  const lines = (/** @type {string} */ path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((l) => l !== '');
  const users = lines('/etc/passwd').filter((l) => !l.startsWith(`${TEST_USER}:`));
  const groups = lines('/etc/group').filter((l) => !l.startsWith(`${TEST_USER}:`));
  const taken = new Set([...users, ...groups].map((l) => Number(l.split(':')[2])));
  let id = 990;
  while (taken.has(id)) id--;
  const passwd = users.map((l) => (l.startsWith('root:') ? l.replace(/[^:]*$/, shell) : l));
  passwd.push(`${TEST_USER}:x:${id}:${id}::/home/${TEST_USER}:${shell}`);
  const shadow = passwd.map((l) => `${l.split(':')[0]}:*:19000:0:99999:7:::`);
  writeFileSync(join(folder, 'passwd'), `${passwd.join('\n')}\n`);
  writeFileSync(join(folder, 'group'), `${[...groups, `${TEST_USER}:x:${id}:`].join('\n')}\n`);
  writeFileSync(join(folder, 'shadow'), `${shadow.join('\n')}\n`, { mode: 0o600 });
}

/** One test host; see {@link NamespaceHost.start}. */
export class NamespaceHost {
  /** @type {import('node:child_process').ChildProcess} */ #child;
  /** @type {string} */ #folder;
  /** @type {AsyncIterator<string>} */ #words;
  /** @type {Promise<unknown>} */ #closed;
  #stderr = '';
  initPid = 0;
  address = '';
  address6 = '';
  link = '';

  /** @param {HostSpec} spec @param {string} folder @param {string | undefined} cgroups */
  constructor(spec, folder, cgroups) {
    this.name = spec.name;
    this.slots = spec.slots ?? 4;
    this.login = spec.user === 'root' ? 'root' : TEST_USER;
    this.port = spec.port ?? PORT;
    this.#folder = folder;
    const environment = [`RIG=${folder}`, `NAME=${spec.name}`, `TMPFS=${(spec.hide ?? []).join(' ')}`];
    environment.push(`SERVER=${spec.server ?? 'sshd'}`, `PORT=${this.port}`);
    environment.push(`JAILED=${spec.noUserNamespaces ? 'yes' : ''}`, `CGROUP=${cgroups ?? ''}`);
    environment.push('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
    this.environment = environment;
  }

  /**
   * Boots a host and its sshd: own network, process, mount, uts and ipc namespaces; /tmp, /var/tmp, /dev/shm, /run, /home
   * and /root of its own; the rest of the file system is the machine's.
   *
   * @param {HostSpec} spec
   * @param {{ folder: string, clientKey: string, cgroups?: string | undefined }} where `folder` must not exist;
   *   `clientKey` is the public key that may log in
   */
  static async start(spec, { folder, clientKey, cgroups }) {
    const host = new NamespaceHost(spec, folder, cgroups);
    try {
      await host.#boot(spec, clientKey);
    } catch (error) {
      await host.dispose();
      throw error;
    }
    return host;
  }

  /** @param {HostSpec} spec @param {string} clientKey */
  async #boot(spec, clientKey) {
    mkdirSync(this.#folder, { mode: 0o755 });
    writeAccounts(this.#folder, spec.loginShell ?? '/bin/sh');
    writeFileSync(join(this.#folder, 'authorized_keys'), clientKey);
    writeFileSync(join(this.#folder, 'log'), '');
    const key = join(this.#folder, 'host_key');
    const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', spec.name, '-f', key], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(`ssh-keygen: ${made.error?.message ?? made.stderr}`);

    if (spec.server === 'dropbear') {
      const words = ['openssh', 'dropbear', key, join(this.#folder, 'dropbear_key')];
      const converted = spawnSync('dropbearconvert', words, { encoding: 'utf8' });
      if (converted.status !== 0) throw new Error(`dropbearconvert: ${converted.error?.message ?? converted.stderr}`);
    }

    const [file, ...args] = asRoot(['env', '-i', ...this.environment, 'unshare', '-m', '-u', '-i', '-n', '-p']);
    args.push('--fork', '--kill-child', '--propagation', 'private', 'sh', INIT);
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close').catch(() => undefined);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk) => (this.#stderr += chunk));
    this.#words = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

    this.initPid = Number((await this.#word('pid')).split(' ')[1]);
    const subnet = linkTo(this.initPid, { ipv6: spec.ipv6 ?? false });
    this.address = subnet.theirs;
    this.address6 = subnet.theirs6;
    this.link = subnet.link;
    this.#writeConfig(spec, subnet.theirs);
    this.#child.stdin.write(`${subnet.theirs} ${subnet.theirs6}\n`);
    await this.#word('up');
    await this.listen();
    // A host that is forgotten must not keep the process alive; without the process the host ends by itself.
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.unref?.();
  }

  /** @param {HostSpec} spec @param {string} address */
  #writeConfig(spec, address) {
    const config = [
      // Own lines first: sshd takes the first value that it sees.
      ...(spec.sshdConfig ?? []),
      `Port ${this.port}`,
      `ListenAddress ${address}`,
      ...(this.address6 === '' ? [] : [`ListenAddress ${this.address6}`]),
      'HostKey /run/rig/host_key',
      'PidFile /run/rig/pid',
      'AuthorizedKeysFile /run/rig/authorized_keys',
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      'UseDNS no',
      'PrintMotd no',
      'PrintLastLog no',
      'MaxStartups 100',
      'Subsystem sftp internal-sftp',
      'LogLevel VERBOSE',
    ];
    writeFileSync(join(this.#folder, 'sshd_config'), `${config.join('\n')}\n`);
    chmodSync(join(this.#folder, 'sshd_config'), 0o644);
  }

  /** @param {string} expected the first word of the next line that the host says @returns {Promise<string>} the line */
  async #word(expected) {
    const { value, done } = await this.#words.next();
    if (done) await this.#closed;
    if (!done && value.split(' ')[0] === expected) return value;
    throw new Error(
      `test host ${this.name} did not come up: ${value ?? ''} ${this.#stderr.trim()} ${this.log().trim()}`,
    );
  }

  /** Starts the ssh server (again, after {@link stopListening}). */
  async listen() {
    this.#child.stdin.write('listen\n');
    await this.#word('listening');
    for (let i = 0; i < 250; i++) {
      if (/Server listening on|Running in background/.test(this.log())) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`the ssh server on test host ${this.name} does not listen: ${this.log()}`);
  }

  /** Ends sshd's listening process alone: connections that stand go on, new ones are refused. */
  stopListening() {
    writeFileSync(join(this.#folder, 'log'), '');
    this.exec('read -r p </run/rig/pid; kill "$p"; while kill -0 "$p" 2>/dev/null; do sleep 0.02; done');
  }

  /**
   * Runs a shell command on the host as root, past ssh and past all restrictions of logins, and waits for it.
   *
   * @param {string} command
   * @param {{ check?: boolean }} [options] `check: false`: a failure does not throw
   * @returns {string} its stdout
   */
  exec(command, { check = true } = {}) {
    const argv = ['nsenter', '-t', String(this.initPid), '-m', '-u', '-i', '-n', '-p', '-r', '-w', 'sh', '-c'];
    return runAsRoot([...argv, check ? command : `{ ${command}\n} || true`]);
  }

  /** Power off: every process of the host ends at once. */
  async kill() {
    try {
      runAsRoot(['kill', '-KILL', String(this.initPid)]);
    } catch {
      // Already gone.
    }
    await this.#closed;
  }

  /** Cable pulled: packets vanish in both directions, connections stand but nothing is heard. */
  cut() {
    // A known neighbour: otherwise the kernel here would soon find out and say "no route to host".
    const mac = this.exec('ip -o link show eth0').match(/(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/);
    runAsRoot(['ip', 'neigh', 'replace', this.address, 'lladdr', mac?.[0] ?? '', 'dev', this.link, 'nud', 'permanent']);
    this.exec('ip link set eth0 down');
  }

  /** The cable is put back. */
  mend() {
    this.exec('ip link set eth0 up');
  }

  /** @returns {string} what sshd logged since it was started last */
  log() {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  /** @returns {string} line for a known_hosts file */
  knownHostsLine() {
    const key = readFileSync(join(this.#folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    return `${this.port === 22 ? this.address : `[${this.address}]:${this.port}`} ${key}`;
  }

  /** @returns {string} line for a host matrix */
  matrixLine() {
    return `${this.login}@${this.address}:${this.port} ${this.slots}`;
  }

  /** Ends the host and waits until the kernel has taken it down. */
  async dispose() {
    if (this.#child === undefined) return;
    this.#child.ref();
    this.#child.stdin.end();
    await this.#closed;
    if (this.link === '') return;
    // The kernel takes the network down later, by itself: not waiting for it makes "nothing is left" true now.
    try {
      runAsRoot(['ip', 'link', 'del', this.link]);
    } catch {
      // Already gone.
    }
  }
}
