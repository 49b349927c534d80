// What a distributed job costs, ours and others', side by side.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { SLOTS } from './stand.mjs';
import { median, ratios, renderTable } from './table.mjs';
import { Workload } from './workload.mjs';

/**
 * One run of one competitor, in a fresh directory on hosts that hold nothing of earlier ones.
 *
 * @param {import('./competitors.mjs').Competitor} competitor
 * @param {{ stand: import('./stand.mjs').Stand, setting: import('./competitors.mjs').Setting, workload: Workload }} what
 */
async function runOnce(competitor, { stand, setting, workload }) {
  stand.emptyHosts();
  const cwd = join(stand.folder, 'work');
  mkdirSync(cwd);
  workload.write(cwd, setting.hosts);
  try {
    if (competitor.before) await stand.run(competitor.before(setting), { cwd });
    try {
      const usage = await stand.run(competitor.command(setting), { cwd });
      const wrong = workload.check(cwd);
      if (wrong !== undefined) throw new Error(`${competitor.name}: ${wrong}\n${usage.output}`);
      return usage;
    } finally {
      if (competitor.after) await stand.meter.run(competitor.after(setting), { cwd, env: stand.environment });
    }
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** @type {import('./section.mjs').Section} */
export const jobs = {
  name: 'jobs',
  async run(stand, { runs, targets, chosen, progress }) {
    const workload = new Workload(targets);
    const setting = { ...stand.configuration, hosts: stand.hosts, names: workload.names, slots: SLOTS };
    /** @type {Map<string, { samples: import('./cpu-meter.mjs').Usage[], failure?: string }>} */
    const results = new Map(chosen.map((c) => [c.name, { samples: [], failure: c.missing?.() }]));
    // Round by round, so that a slow minute of the machine meets all of them.
    for (let round = 1; round <= runs; round++) {
      for (const competitor of chosen) {
        const result = results.get(competitor.name);
        if (result.failure !== undefined) continue;
        progress(`run ${round} of ${runs}: ${competitor.title}`);
        try {
          result.samples.push(await runOnce(competitor, { stand, setting, workload }));
        } catch (error) {
          result.failure = error instanceof Error ? error.message : String(error);
        }
      }
    }

    const rows = chosen.map(({ name, title }) => {
      const { samples, failure } = results.get(name);
      const perJob = (/** @type {(u: import('./cpu-meter.mjs').Usage) => number | undefined} */ pick) => {
        const values = samples.map(pick).filter((v) => v !== undefined);
        return failure !== undefined || values.length === 0 ? undefined : median(values) / targets;
      };
      const [wall, cpu, hostCpu] = [perJob((u) => u.wallMs), perJob((u) => u.cpuMs), perJob((u) => u.hostCpuMs)];
      return { name, title, wall, cpu, hostCpu, failure, samples };
    });
    const compared = ratios(rows);
    const what = `${targets} targets, 10 KB in, 10 KB out, ${SLOTS * stand.hosts.length} slots on ${stand.hosts.length} hosts`;
    const strip = rows.map(({ samples, ...row }) => ({
      ...row,
      samples: samples.map(({ wallMs, cpuMs, hostCpuMs }) => ({ wallMs, cpuMs, hostCpuMs })),
    }));
    return {
      text: `${what}; medians of ${runs}\n\n${renderTable(rows, compared)}`,
      record: { runs, targets, slots: SLOTS, hosts: stand.hosts.length, rows: strip, ratios: compared },
      failed: rows.some((r) => r.failure !== undefined),
      missed: compared.some((r) => !r.met),
    };
  },
};
