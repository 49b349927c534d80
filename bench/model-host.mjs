// A test host as a machine of its own: so much processor time and no more, work of others on it, and its own load.
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { runAsRoot } from '../__tests__/rig/as-root.mjs';

const V1 = '/sys/fs/cgroup/cpu';
const V2 = '/sys/fs/cgroup';
const PERIOD_US = 20_000;
/** How often runnable processes are counted. The kernel does so every 5 s; runs of a bench are short. */
const SAMPLE_MS = 500;
/** Seconds over which the three load averages forget, as the kernel has it. */
const MEMORY = [60, 300, 900];

/**
 * A limit of its own for a host's processor time, and what /proc/loadavg and the list of processors say there. Those two
 * are not real: namespaces show the numbers of the whole machine. The first is kept up to date by the kernel's own
 * formula from the processes of that host that are runnable.
 */
export class ModelHost {
  #file = -1;
  /** @type {number[]} */ #averages = [0, 0, 0];
  /** @type {string[]} */ #others = [];
  /** @type {NodeJS.Timeout | undefined} */ #timer;

  /**
   * @param {import('../__tests__/rig/ssh-hosts.d.mts').NamespaceHost} host
   * @param {string} group folder of its control group
   */
  constructor(host, group) {
    this.host = host;
    this.group = group;
  }

  /**
   * @param {import('../__tests__/rig/ssh-hosts.d.mts').NamespaceHost} host
   * @param {string} folder that the host sees as /run/rig
   * @param {number} share of one processor
   * @throws {Error} where there are no control groups for processor time
   */
  static make(host, folder, share) {
    const isV1 = existsSync(join(V1, 'cpu.cfs_quota_us'));
    const group = join(isV1 ? V1 : V2, `distmake-bench-${process.pid}-${host.name}`);
    runAsRoot(['mkdir', group]);
    const model = new ModelHost(host, group);
    try {
      const quota = Math.round(PERIOD_US * share);
      const limit = isV1
        ? `echo ${PERIOD_US} >"$1/cpu.cfs_period_us" && echo ${quota} >"$1/cpu.cfs_quota_us"`
        : `echo "${quota} ${PERIOD_US}" >"$1/cpu.max"`;
      runAsRoot(['sh', '-c', limit, 'sh', group]);
      writeFileSync(join(folder, 'loadavg'), ''.padEnd(40));
      writeFileSync(join(folder, 'online'), '0\n');
      model.#file = openSync(join(folder, 'loadavg'), 'r+');
      // Whatever the host starts from now on is in the group too. Its pids are its own, and so is the view of who writes.
      host.exec(`for p in /proc/[0-9]*; do echo "\${p#/proc/}" >'${group}/cgroup.procs' 2>/dev/null || :; done
mount --bind /run/rig/loadavg /proc/loadavg
mount --bind /run/rig/online /sys/devices/system/cpu/online`);
      model.settle();
      model.#timer = setInterval(() => model.#sample(), SAMPLE_MS);
      return model;
    } catch (error) {
      model.close();
      throw error;
    }
  }

  /** Starts programs of others, which compute without end. @param {number} count */
  busy(count) {
    const one = `sh -c 'echo 0 >"$1/cgroup.procs"; while :; do :; done' sh '${this.group}' </dev/null >/dev/null 2>&1 & echo $!`;
    this.#others = this.host
      .exec(`${one}\n`.repeat(count))
      .split('\n')
      .filter((pid) => pid !== '');
    this.settle();
  }

  /** Ends them. */
  quiet() {
    if (this.#others.length > 0) this.host.exec(`kill -KILL ${this.#others.join(' ')}`);
    this.#others = [];
    this.settle();
  }

  /** The load averages are what they would be after hours without anything but the programs of others. */
  settle() {
    this.#averages = MEMORY.map(() => this.#others.length);
    this.#write();
  }

  close() {
    clearInterval(this.#timer);
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  /** When the host has ended. */
  remove() {
    this.close();
    runAsRoot(['rmdir', this.group]);
  }

  #sample() {
    const runnable = readFileSync(join(this.group, 'cgroup.procs'), 'utf8').split('\n').filter(isRunnable).length;
    this.#averages = this.#averages.map((average, i) => {
      const kept = Math.exp(-SAMPLE_MS / 1000 / MEMORY[i]);
      return average * kept + runnable * (1 - kept);
    });
    this.#write();
  }

  /** In place and of one length: whoever reads it finds it whole. */
  #write() {
    const text = `${this.#averages.map((n) => n.toFixed(2)).join(' ')} 1/100 1`;
    writeSync(this.#file, `${text.padEnd(39)}\n`, 0);
  }
}

/** @param {string} pid */
function isRunnable(pid) {
  if (pid === '') return false;
  try {
    return /\) [RD] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // It has ended.
    return false;
  }
}
