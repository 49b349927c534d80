// What all sections run on: two real hosts, a meter, and a folder that goes with them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SshHosts } from '../__tests__/rig/ssh-hosts.mjs';
import { writeSetting } from './competitors.mjs';
import { CpuMeter } from './cpu-meter.mjs';
import { SourceTree } from './source-tree.mjs';

export const SLOTS = 4;
const HOSTS = ['bench1', 'bench2'];

/**
 * @typedef {import('./cpu-meter.mjs').Usage} Usage
 * @typedef {import('./cpu-meter.mjs').RunOptions} RunOptions
 */

/** Hosts, their configuration for every competitor, and what the runs cost; `close()` when done. */
export class Stand {
  /** @type {Map<number, SourceTree & { root: string }>} */ #trees = new Map();

  /** @param {string} folder @param {CpuMeter} meter @param {SshHosts} rig */
  constructor(folder, meter, rig) {
    this.folder = folder;
    this.meter = meter;
    this.rig = rig;
    this.hosts = HOSTS;
    this.configuration = writeSetting(folder, rig);
  }

  static async start() {
    const folder = mkdtempSync(join(tmpdir(), 'distmake-bench-'));
    const meter = new CpuMeter();
    try {
      const hosts = HOSTS.map((name) => ({ name, slots: SLOTS }));
      const rig = await SshHosts.start({ hosts, cgroups: meter.hostGroups });
      return new Stand(folder, meter, rig);
    } catch (error) {
      await meter.close();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The runner's environment without what would lead programs elsewhere. */
  get environment() {
    const kept = ['PATH', 'LANG', 'LC_ALL', 'TMPDIR', 'USER', 'LOGNAME', 'NODE_OPTIONS'];
    const own = { HOME: this.configuration.home, SHELL: '/bin/sh' };
    return { ...Object.fromEntries(kept.map((k) => [k, process.env[k]])), ...own };
  }

  /** A directory with a source tree of so many files, made once. @param {number} files */
  tree(files) {
    const made = this.#trees.get(files);
    if (made) return made;
    const root = join(this.folder, `tree${files}`);
    mkdirSync(root);
    const tree = { root, ...SourceTree.write(root, files) };
    this.#trees.set(files, tree);
    return tree;
  }

  /** Removes from the hosts what earlier runs have left there. */
  emptyHosts() {
    for (const host of this.rig.hosts) host.exec(`rm -rf /tmp/* /home/${host.login}/*`);
  }

  /**
   * Runs a command to its end.
   *
   * @param {string[]} argv
   * @param {Omit<RunOptions, 'env'>} options
   * @returns {Promise<Usage>}
   * @throws {Error} with the end of its output when it fails
   */
  async run(argv, options) {
    const usage = await this.meter.run(argv, { ...options, env: this.environment });
    if (usage.status === 0) return usage;
    throw new Error(`${argv.join(' ').slice(0, 200)} failed with status ${usage.status}:\n${usage.output}`);
  }

  /** A file with the matrix of some hosts. @param {readonly string[]} hosts @param {number} [slots] */
  matrix(hosts, slots = SLOTS) {
    const file = join(this.folder, `${hosts.join('-')}.${slots}.hosts`);
    writeFileSync(file, hosts.map((h) => this.rig.host(h).matrixLine().replace(/\d+$/, `${slots}\n`)).join(''));
    return file;
  }

  /** The words before a command that is to run on a host over its control connection. @param {string} host */
  ssh(host) {
    return ['ssh', '-F', this.configuration.masterConfig, host];
  }

  /** Has control connections for as long as a function runs. @template T @param {() => Promise<T>} use @returns {Promise<T>} */
  async connected(use) {
    const cwd = this.folder;
    try {
      for (const host of this.hosts) await this.run([...this.ssh(host), ':'], { cwd });
      return await use();
    } finally {
      for (const host of this.hosts) {
        await this.meter.run([...this.ssh(host).slice(0, -1), '-O', 'exit', host], { cwd, env: this.environment });
      }
    }
  }

  async close() {
    await this.rig.dispose();
    await this.meter.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
