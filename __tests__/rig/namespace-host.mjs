import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { asRoot, runAsRoot } from './as-root.mjs';
import { linkTo, plug } from './subnet.mjs';

/** The unprivileged user that exists on the test hosts, and nowhere else. */
export const TEST_USER = 'distmake-test';

const INIT = fileURLToPath(new URL('host-init.sh', import.meta.url));
const CLOCK = fileURLToPath(new URL('clock-off.c', import.meta.url));
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

/** @param {string} folder where clock-off.so is made @param {number} seconds */
function buildClock(folder, seconds) {
  const words = ['-O1', '-shared', '-fPIC', `-DOFFSET=${seconds}`, '-o', join(folder, 'clock-off.so'), CLOCK, '-ldl'];
  const built = spawnSync('cc', words, { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`clock-off.c: ${built.error?.message ?? built.stderr}`);
}

/** One test host; see {@link NamespaceHost.start}. */
export class NamespaceHost {
  /** @type {import('node:child_process').ChildProcess} */ #child;
  /** @type {string} */ #folder;
  /** @type {AsyncIterator<string>} */ #words;
  /** @type {Promise<unknown>} */ #closed;
  #stderr = '';
  /** @type {import('./subnet.mjs').Subnet | undefined} */ #subnet;
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
    environment.push(`TMP_OPTIONS=${spec.tmp ?? ''}`);
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

    if (spec.clockOff !== undefined) buildClock(this.#folder, spec.clockOff);
    await this.#power(spec);
  }

  /** @param {HostSpec} [spec] at the first time */
  async #power(spec) {
    const [file, ...args] = asRoot(['env', '-i', ...this.environment, 'unshare', '-m', '-u', '-i', '-n', '-p']);
    args.push('--fork', '--kill-child', '--propagation', 'private', 'sh', INIT);
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#closed = once(this.#child, 'close').catch(() => undefined);
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk) => (this.#stderr += chunk));
    this.#words = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

    this.initPid = Number((await this.#word('pid')).split(' ')[1]);
    if (spec) {
      this.#subnet = linkTo(this.initPid, { ipv6: spec.ipv6 ?? false });
      const { link, theirs, theirs6 } = this.#subnet;
      this.address = theirs;
      this.address6 = theirs6;
      this.link = link;
      this.#writeConfig(spec, theirs);
    } else plug(this.initPid, this.#subnet);
    this.#child.stdin.write(`${this.address} ${this.address6}\n`);
    await this.#word('up');
    await this.listen();
    // A host that is forgotten must not keep the process alive; without the process the host ends by itself.
    for (const one of [this.#child, ...this.#child.stdio]) one.unref?.();
  }

  /** @param {HostSpec} spec @param {string} address */
  #writeConfig(spec, address) {
    const config = [
      // Own lines first: sshd takes the first value that it sees.
      ...(spec.sshdConfig ?? []),
      ...(spec.clockOff === undefined ? [] : ['SetEnv LD_PRELOAD=/run/rig/clock-off.so']),
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

  /**
   * Waits on the host, as root, until a shell condition holds there, and runs a command at that moment. Asks a hundred times a second.
   *
   * @param {string} condition
   * @param {{ command?: string, signal?: AbortSignal }} [options] `signal`: it is waited for no longer
   * @returns {Promise<boolean>} false: the host has ended first, or nobody waits any more
   */
  async when(condition, { command = ':', signal } = {}) {
    const argv = ['nsenter', '-t', String(this.initPid), '-m', '-u', '-i', '-n', '-p', '-r', '-w', 'sh', '-c'];
    const [file, ...words] = asRoot([...argv, `until ${condition}; do sleep 0.01; done; ${command}`]);
    const child = spawn(file, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk) => (complaint += chunk));
    const stop = () => runAsRoot(['pkill', '-KILL', '-P', String(child.pid)]);
    signal?.addEventListener('abort', stop, { once: true });
    const [status, killer] = await once(child, 'close');
    signal?.removeEventListener('abort', stop);
    if (status === 0) return true;
    if (killer !== null || status > 128) return false;
    throw new Error(`on ${this.name}: ${command}: ${complaint.trim() || `exit status ${status}`}`);
  }

  /** Power off: every process of the host ends at once. */
  async kill() {
    try {
      runAsRoot(['kill', '-KILL', String(this.initPid)]);
    } catch {
      // Already gone.
    }
    await this.#ended();
  }

  /** After a power off: the host comes up with its address and its keys, and nothing else of what it held. */
  async boot() {
    this.#unplug();
    await this.#power();
  }

  /** The machine hangs: no process runs any more, while its kernel goes on acknowledging what it receives. */
  freeze() {
    this.exec('kill -STOP -1');
  }

  /** Its processes go on. */
  thaw() {
    this.exec('kill -CONT -1');
  }

  /** Kills the ssh server's sessions, not the one that listens: connections are reset. */
  dropSessions() {
    this.exec("pkill -KILL -f '^sshd: .*(@notty|\\[priv\\]|\\[net\\])'", { check: false });
  }

  /**
   * How much its link carries, in each direction.
   *
   * @param {number | undefined} megabits a second; undefined: as much as it can
   */
  limitRate(megabits) {
    const qdisc = (/** @type {string} */ link) =>
      megabits === undefined
        ? `tc qdisc del dev ${link} root 2>/dev/null || :`
        : `tc qdisc replace dev ${link} root tbf rate ${megabits}mbit burst 64k latency 400ms`;
    runAsRoot(['sh', '-c', qdisc(this.link)]);
    this.exec(qdisc('eth0'));
  }

  /** No byte more gets into /tmp: "No space left on device". */
  fillTmp() {
    // A limit of 0 would be none: one page more than there is, and a file that takes it.
    const limit = 'set -- $(df -k --output=used /tmp); mount -o remount,size="$(($2 + 4))k" /tmp';
    this.exec(`${limit}; head -c 4096 /dev/zero >/tmp/.full 2>/dev/null || :`);
  }

  /** There is room in /tmp again. */
  emptyTmp() {
    this.exec('mount -o remount,size=50% /tmp; rm -f /tmp/.full');
  }

  /** /tmp can be read and not written, or both again. @param {'ro' | 'rw'} how */
  remountTmp(how) {
    this.exec(`mount -o remount,${how} /tmp`);
  }

  /** None of the processes that logins have started can make another, and no new login succeeds; not for root. */
  forbidForks() {
    this.#limitProcesses('0');
  }

  /** They can again. */
  allowForks() {
    this.#limitProcesses('"$(prlimit --pid "$p" --nproc --noheadings --output HARD)"');
  }

  /** @param {string} limit in the shell; `$p` is the process */
  #limitProcesses(limit) {
    const each = `for p in "$@"; do prlimit --pid "$p" --nproc=${limit}: 2>/dev/null || :; done`;
    // Root may not set the limits of others everywhere; their owner may, but for the hard ones.
    const owner = `setpriv --reuid ${TEST_USER} --regid ${TEST_USER} --clear-groups`;
    this.exec(`set -- $(cat /run/rig/pid); ${each}`);
    this.exec(`${owner} sh -c '${each}' sh $(pgrep -u ${TEST_USER})`);
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
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.kill();
    this.#unplug();
  }

  async #ended() {
    for (const one of [this.#child, ...this.#child.stdio]) one.ref?.();
    await this.#closed;
  }

  #unplug() {
    if (this.link === '') return;
    // The kernel takes the network down later, by itself: not waiting for it makes "nothing is left" true now.
    try {
      runAsRoot(['ip', 'link', 'del', this.link]);
    } catch {
      // Already gone.
    }
  }
}
