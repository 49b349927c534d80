// The first staging of a large tree, against tar over ssh.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CLI } from './competitors.mjs';
import { between } from './cpu-meter.mjs';
import { GatedRun } from './gated-run.mjs';
import { median, renderColumns } from './table.mjs';

/**
 * @typedef {import('./stand.mjs').Stand} Stand
 * @typedef {import('./cpu-meter.mjs').Cost} Cost
 * @typedef {Cost & { peak: number }} Sample
 */

/**
 * Everything up to make's first recipe, which make runs here when all hosts are ready; then looks whether the files are on them.
 *
 * @param {Stand} stand @param {string} tree @param {readonly string[]} hosts @param {number} files
 * @returns {Promise<Sample>}
 */
async function untilReady(stand, tree, hosts, files) {
  stand.emptyHosts();
  const run = new GatedRun(stand, {
    name: 'staging',
    argv: [process.execPath, CLI, '-c', stand.matrix(hosts), '--root', tree],
    cwd: tree,
    makefile: (gate) => `all:\n\t${gate}\n`,
  });
  try {
    const cost = await run.toGate();
    for (const host of hosts) {
      const found = stand.rig.host(host).exec('find /tmp/make-*/tree -type f | wc -l').trim();
      if (Number(found) !== files) throw new Error(`distmake: ${found} files on ${host}, not ${files}`);
    }
    await run.finish();
    return { ...cost, peak: run.peak };
  } finally {
    await run.close();
  }
}

/** @param {Stand} stand @param {string} tree @param {readonly string[]} hosts @param {number} files @returns {Promise<Sample>} */
async function byTar(stand, tree, hosts, files) {
  stand.emptyHosts();
  const one = (/** @type {string} */ host) =>
    `{ tar cf - . | ${stand.ssh(host).join(' ')} 'mkdir stage && tar xf - -C stage' || kill $$; } &`;
  const usage = await stand.run(['sh', '-c', `${hosts.map(one).join('\n')}\nwait`], { cwd: tree });
  for (const host of hosts.map((name) => stand.rig.host(name))) {
    const found = host.exec(`find /home/${host.login}/stage -type f | wc -l`).trim();
    if (Number(found) !== files) throw new Error(`tar: ${found} files on ${host.name}, not ${files}`);
  }
  const { wallMs, cpuMs, hostCpuMs } = usage;
  return { wallMs, cpuMs, hostCpuMs, peak: Number.NaN };
}

/** @param {readonly Sample[]} samples @returns {Sample} */
const middle = (samples) => ({
  wallMs: median(samples.map((s) => s.wallMs)),
  cpuMs: median(samples.map((s) => s.cpuMs)),
  hostCpuMs: median(samples.map((s) => s.hostCpuMs ?? Number.NaN)),
  peak: median(samples.map((s) => s.peak)),
});

/** @type {import('./section.mjs').Section} */
export const staging = {
  name: 'staging',
  async run(stand, { quick, progress }) {
    const runs = quick ? 1 : 2;
    const empty = join(stand.folder, 'empty');
    mkdirSync(empty);
    progress('staging: writing the tree');
    const tree = stand.tree(quick ? 2000 : 80_000);
    const { root } = tree;
    try {
      return await stand.connected(async () => {
        const rows = [];
        for (const hosts of [stand.hosts.slice(0, 1), stand.hosts.slice(0, 2)]) {
          /** @type {{ tar: Sample[], distmake: Sample[], startUp: Sample[] }} */
          const samples = { tar: [], distmake: [], startUp: [] };
          for (let round = 1; round <= runs; round++) {
            progress(`staging: ${round} of ${runs}, ${hosts.length} host(s)`);
            samples.tar.push(await byTar(stand, root, hosts, tree.files));
            samples.startUp.push(await untilReady(stand, empty, hosts, 0));
            samples.distmake.push(await untilReady(stand, root, hosts, tree.files));
          }
          const [tar, whole, startUp] = [middle(samples.tar), middle(samples.distmake), middle(samples.startUp)];
          const ours = { ...between(startUp, whole), peak: whole.peak };
          const ratio = {
            wall: ours.wallMs / tar.wallMs,
            cpu: ours.cpuMs / tar.cpuMs,
            hostCpu: ours.hostCpuMs / tar.hostCpuMs,
          };
          rows.push({ hosts: hosts.length, tar, distmake: ours, startUp, ratio, samples });
        }
        stand.emptyHosts();
        return { text: render(tree, rows, runs), record: { ...tree, runs, rows }, failed: false, missed: false };
      });
    } finally {
      rmSync(empty, { recursive: true });
    }
  },
};

/** @param {ReturnType<Stand['tree']>} tree @param {readonly any[]} rows @param {number} runs */
function render(tree, rows, runs) {
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(0);
  const lines = [['', 's', 'MB/s', 'files/s', 'CPU s here', 'on hosts', 'peak MB here']];
  for (const { hosts, tar, distmake, startUp, ratio } of rows) {
    const where = hosts === 1 ? '1 host' : `${hosts} hosts in parallel`;
    for (const [name, sample] of /** @type {[string, Sample][]} */ ([
      ['tar over ssh', tar],
      ['distmake', distmake],
    ])) {
      const seconds = sample.wallMs / 1000;
      const rate = [(tree.bytes * hosts) / 1e6 / seconds, (tree.files * hosts) / seconds];
      const cpu = [sample.cpuMs, sample.hostCpuMs].map((ms) => (ms / 1000).toFixed(1));
      const peak = Number.isNaN(sample.peak) ? '' : `${megabytes(sample.peak)} (empty tree ${megabytes(startUp.peak)})`;
      lines.push([`${name}, ${where}`, seconds.toFixed(1), ...rate.map((r) => r.toFixed(0)), ...cpu, peak]);
    }
    const { wall, cpu, hostCpu } = ratio;
    lines.push(['  ratio', wall.toFixed(2), '', '', cpu.toFixed(2), hostCpu.toFixed(2), '']);
  }
  const what = `First staging of ${tree.files} files, ${megabytes(tree.bytes)} MB, ${tree.directories} directories, connections and start of programs not counted`;
  return `${what}; medians of ${runs}\n\n${renderColumns(lines)}`;
}
