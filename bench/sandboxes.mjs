// Thousands of sandboxes one after another on one host: what each costs and what is left of them.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CLI } from './competitors.mjs';
import { each } from './cpu-meter.mjs';
import { GatedRun } from './gated-run.mjs';
import { census, sameCensus, settledCensus } from './host-census.mjs';
import { renderColumns } from './table.mjs';

/** @typedef {import('./cpu-meter.mjs').Cost} Cost */

/** @param {number} count @param {string} remote what stands before a command that is to run on the host */
const makefile = (count, remote) => (/** @type {string} */ gate) => {
  const jobs = Array.from({ length: count }, (_, i) => `job${i + 1}`).join(' ');
  const order = `begin gate1 begin2 ${jobs} end gate2`;
  return `.PHONY: all ${order}
all: ${order}
begin begin2:
\t@${remote}echo begin
${jobs}:
\t@${remote}echo job
end:
\t@${remote}echo end
gate1 gate2:
\t${gate}
`;
};

/**
 * Jobs one after another between two gates.
 *
 * @param {import('./stand.mjs').Stand} stand
 * @param {{ count: number, argv: string[], remote?: string, atGate?: () => void }} what
 * @returns {Promise<Cost>} of one job
 */
async function jobs(stand, { count, argv, remote = '', atGate }) {
  const cwd = join(stand.folder, 'sandboxed');
  mkdirSync(cwd);
  const run = new GatedRun(stand, {
    name: 'sandboxes',
    argv: [...argv, '-j1'],
    cwd,
    makefile: makefile(count, remote),
  });
  try {
    await run.toGate();
    atGate?.();
    const cost = await run.toNextGate();
    atGate?.();
    await run.finish();
    if (run.jobs !== count) throw new Error(`${run.jobs} jobs ran instead of ${count}`);
    return each(cost, count + 1);
  } finally {
    await run.close();
    rmSync(cwd, { recursive: true });
  }
}

/** @type {import('./section.mjs').Section} */
export const sandboxes = {
  name: 'sandboxes',
  async run(stand, { quick, progress }) {
    const count = quick ? 200 : 5000;
    const few = Math.ceil(count / 10);
    const host = stand.rig.host(stand.hosts[0]);
    stand.emptyHosts();
    const before = census(host);

    progress('sandboxes: plain exec');
    const cwd = stand.folder;
    const [loop, overSsh] = await stand.connected(async () => {
      const script = `i=0; while [ $i -lt ${count} ]; do sh -c 'echo job' || exit; i=$((i+1)); done`;
      const whole = await stand.run([...stand.ssh(host.name), script], { cwd });
      return [
        each(whole, count),
        await jobs(stand, { count: few, argv: ['make'], remote: `${stand.ssh(host.name).join(' ')} ` }),
      ];
    });
    const here = await jobs(stand, { count, argv: ['make'] });

    progress(`sandboxes: ${count}`);
    await settledCensus(host, before);
    /** @type {ReturnType<typeof census>[]} */ const during = [];
    const argv = [
      process.execPath,
      CLI,
      '-c',
      stand.matrix([host.name], 1),
      '--local-jobs',
      '0',
      '--fallback',
      'never',
    ];
    argv.push('--dist', '*', '--local', 'gate%');
    const ours = await jobs(stand, { count, argv, atGate: () => during.push(census(host)) });
    const after = await settledCensus(host, before);

    const rows = [
      { title: `sh on the host, no sandbox, ${count} in one loop`, cost: loop },
      { title: `make here, no host, ${count}`, cost: here },
      { title: `make and ssh, one control connection, ${few}`, cost: overSsh },
      { title: `distmake, a sandbox each, ${count}`, cost: ours },
    ];
    const cell = (/** @type {number | undefined} */ n) => n?.toFixed(2) ?? '-';
    const costs = [['one after another', 'ms each', 'CPU ms here', 'on host']];
    for (const { title, cost } of rows) costs.push([title, ...[cost.wallMs, cost.cpuMs, cost.hostCpuMs].map(cell)]);
    const ratio = {
      ssh: ours.wallMs / overSsh.wallMs,
      hostCpuSsh: ours.hostCpuMs / overSsh.hostCpuMs,
      hostCpuLoop: ours.hostCpuMs / loop.hostCpuMs,
    };
    costs.push(['distmake / make and ssh', cell(ratio.ssh), cell(ours.cpuMs / overSsh.cpuMs), cell(ratio.hostCpuSsh)]);
    const counted = [['on the host', 'before', 'after 1 job', `after ${count + 3} jobs`, 'after the run']];
    const censuses = [before, ...during, after];
    for (const kind of /** @type {const} */ (['mounts', 'entries', 'processes'])) {
      counted.push([
        kind === 'entries' ? 'files and directories in /tmp' : kind,
        ...censuses.map((c) => String(c[kind])),
      ]);
    }
    const clean = during.length === 2 && sameCensus(during[0], during[1]) && sameCensus(before, after);
    return {
      text: `${renderColumns(costs)}\n${renderColumns(counted)}\nNothing is left: ${clean ? 'so it is' : 'NOT so'}\n`,
      record: { count, rows, ratio, before, during, after },
      failed: !clean,
      missed: false,
    };
  },
};
