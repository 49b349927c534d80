// CPU time of everything a command started, exact where control groups can be had.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runAsRoot } from '../__tests__/rig/as-root.mjs';

const V1 = '/sys/fs/cgroup/cpuacct';
const V2 = '/sys/fs/cgroup';

/** A control group of our own, or nothing where the system has none that we may use. */
class Group {
  /** @param {string} folder @param {1 | 2} version */
  constructor(folder, version) {
    this.folder = folder;
    this.version = version;
  }

  /** @param {string} name @returns {Group | undefined} */
  static make(name) {
    const version = existsSync(join(V1, 'cpuacct.usage'))
      ? 1
      : existsSync(join(V2, 'cgroup.controllers'))
        ? 2
        : undefined;
    if (version === undefined) return undefined;
    const folder = join(version === 1 ? V1 : V2, name);
    try {
      runAsRoot(['mkdir', folder]);
      return new Group(folder, version);
    } catch {
      return undefined;
    }
  }

  /** @returns {number} milliseconds used so far by all that is or was in it */
  used() {
    if (this.version === 1) return Number(readFileSync(join(this.folder, 'cpuacct.usage'), 'utf8')) / 1e6;
    return Number(/^usage_usec (\d+)/m.exec(readFileSync(join(this.folder, 'cpu.stat'), 'utf8'))?.[1]) / 1e3;
  }

  /** @param {number} pid */
  add(pid) {
    runAsRoot(['sh', '-c', 'echo "$1" >"$2/cgroup.procs"', 'sh', String(pid), this.folder]);
  }

  async remove() {
    // Processes leave a moment after their parent has seen them end.
    for (let i = 0; i < 100; i++) {
      if (this.#pids().length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Whatever still stands in it was started by a competitor that did not clean up.
    for (const pid of this.#pids()) runAsRoot(['sh', '-c', 'kill -KILL "$1" 2>/dev/null; sleep 0.05', 'sh', pid]);
    runAsRoot(['rmdir', this.folder]);
  }

  #pids() {
    return readFileSync(join(this.folder, 'cgroup.procs'), 'utf8')
      .split('\n')
      .filter((l) => l !== '');
  }
}

/**
 * What one run of a command took.
 *
 * @typedef {object} Usage
 * @property {number} wallMs
 * @property {number} cpuMs on the runner's side
 * @property {number | undefined} hostCpuMs on the hosts' side, where it can be told apart
 * @property {number | null} status exit status
 * @property {string} output the end of stdout and stderr
 */

/**
 * What has been used up to some moment, or from one moment to another.
 *
 * @typedef {Pick<Usage, 'wallMs' | 'cpuMs' | 'hostCpuMs'>} Cost
 *
 * @typedef {object} RunOptions
 * @property {string} cwd
 * @property {Record<string, string | undefined>} env
 * @property {number} [limitMs]
 * @property {(line: string) => void} [onLine] told of each whole line of stdout when it comes
 * @property {(shell: number) => void} [onStart] told the process whose only child will be the command
 */

/** From one moment of a run to a later one. @param {Cost} from @param {Cost} to @returns {Cost} */
export const between = (from, to) => ({
  wallMs: to.wallMs - from.wallMs,
  cpuMs: to.cpuMs - from.cpuMs,
  hostCpuMs: to.hostCpuMs === undefined || from.hostCpuMs === undefined ? undefined : to.hostCpuMs - from.hostCpuMs,
});

/** What each of `count` cost. @param {Cost} whole @param {number} count @returns {Cost} */
export const each = ({ wallMs, cpuMs, hostCpuMs }, count) => ({
  wallMs: wallMs / count,
  cpuMs: cpuMs / count,
  hostCpuMs: hostCpuMs === undefined ? undefined : hostCpuMs / count,
});

/** Runs commands and says what they cost; `close()` when done. */
export class CpuMeter {
  #runner = Group.make(`distmake-bench-${process.pid}-runner`);
  #hosts = Group.make(`distmake-bench-${process.pid}-hosts`);

  /** How the runner's side is measured, for the report. */
  get method() {
    if (this.#runner === undefined) return 'times(2) of the command and its children: control masters are not in it';
    return `control group v${this.#runner.version}: all processes, control masters too`;
  }

  /** Directories for processes of the hosts to join, blank-separated. */
  get hostGroups() {
    return this.#hosts?.folder ?? '';
  }

  /** @returns {Cost} by clocks that began at some time; without control groups CPU time is known of whole runs only */
  now() {
    return {
      wallMs: performance.now(),
      cpuMs: this.#runner?.used() ?? Number.NaN,
      hostCpuMs: this.#hosts?.used(),
    };
  }

  /**
   * Runs a command to its end. Background processes that it leaves stay in the runner's group.
   *
   * @param {string[]} argv
   * @param {RunOptions} options
   * @returns {Promise<Usage>}
   */
  async run(argv, { cwd, env, limitMs = 180_000, onLine, onStart }) {
    const folder = mkdtempSync(join(tmpdir(), 'distmake-bench-times-'));
    const times = join(folder, 'times');
    // It waits until it is in its group. `times` prints two lines: the shell's own, and its children's.
    const script = 'read -r _; "$@" </dev/null; status=$?; times >"$TIMES_FILE"; exit $status';
    const child = spawn('sh', ['-c', script, 'sh', ...argv], {
      cwd,
      env: { ...env, TIMES_FILE: times },
      detached: true,
    });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => (output = (output + chunk.toString()).slice(-4000));
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', resolve);
    });
    const limit = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGTERM'), limitMs);
    try {
      this.#runner?.add(/** @type {number} */ (child.pid));
      onStart?.(/** @type {number} */ (child.pid));
      const start = this.now();
      child.stdin.end('\n');
      const status = await exited;
      const whole = between(start, this.now());
      if (this.#runner === undefined) whole.cpuMs = childTimes(times);
      return { ...whole, status, output };
    } finally {
      clearTimeout(limit);
      rmSync(folder, { recursive: true });
    }
  }

  async close() {
    await this.#runner?.remove();
    await this.#hosts?.remove();
  }
}

/** @param {string} file what `times` printed @returns {number} milliseconds, NaN when there is none */
function childTimes(file) {
  const line = existsSync(file) ? (readFileSync(file, 'utf8').split('\n')[1] ?? '') : '';
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60_000 + Number(s) * 1000);
  return parts.length === 2 ? parts[0] + parts[1] : Number.NaN;
}
