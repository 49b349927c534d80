// `npm run bench`: what a distributed job costs, ours and others', side by side.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { SshHosts } from '../__tests__/rig/ssh-hosts.mjs';
import { installPackages, missingPackages } from '../scripts/packages.mjs';
import { competitors, writeSetting } from './competitors.mjs';
import { CpuMeter } from './cpu-meter.mjs';
import { median, ratios, renderTable } from './table.mjs';
import { Workload } from './workload.mjs';

const PACKAGES = ['make', 'parallel', 'rsync', 'openssh-client', 'openssh-server', 'iproute2', 'util-linux'];
const SLOTS = 4;
const HOSTS = ['bench1', 'bench2'];
const HELP = `usage: node bench/run.mjs [--runs N] [--targets N] [--only name,name…] [--strict]
  --runs     how often each competitor runs; medians are shown (5)
  --targets  how many targets (400)
  --only     some of: ${competitors.map((c) => c.name).join(' ')}
  --strict   fail when a ratio is not where it should be`;

/** @param {string | undefined} text @param {number} otherwise */
function count(text, otherwise) {
  const n = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(n) && n > 0) return n;
  throw new Error(`${text} is not a positive whole number\n${HELP}`);
}

function readOptions() {
  const text = { type: /** @type {const} */ ('string') };
  const flag = { type: /** @type {const} */ ('boolean') };
  const { values } = parseArgs({ options: { runs: text, targets: text, only: text, strict: flag, help: flag } });
  const names = values.only?.split(',') ?? competitors.map((c) => c.name);
  const unknown = names.filter((n) => !competitors.some((c) => c.name === n));
  if (unknown.length > 0) throw new Error(`no competitor named ${unknown.join(', ')}\n${HELP}`);
  const chosen = competitors.filter((c) => names.includes(c.name));
  return { ...values, chosen, runs: count(values.runs, 5), targets: count(values.targets, 400) };
}

/** The runner's environment without what would lead programs elsewhere. @param {string} home */
function environment(home) {
  const kept = ['PATH', 'LANG', 'LC_ALL', 'TMPDIR', 'USER', 'LOGNAME', 'NODE_OPTIONS'];
  return { ...Object.fromEntries(kept.map((k) => [k, process.env[k]])), HOME: home, SHELL: '/bin/sh' };
}

/**
 * One run of one competitor, in a fresh directory on hosts that hold nothing of earlier ones.
 *
 * @param {import('./competitors.mjs').Competitor} competitor
 * @param {{ setting: import('./competitors.mjs').Setting, rig: SshHosts, meter: CpuMeter, workload: Workload, folder: string }} stand
 */
async function runOnce(competitor, { setting, rig, meter, workload, folder }) {
  for (const host of rig.hosts) host.exec(`rm -rf /tmp/* /home/${host.login}/*`);
  const work = join(folder, 'work');
  mkdirSync(work);
  workload.write(work, setting.hosts);
  const where = { cwd: work, env: environment(setting.home) };
  try {
    if (competitor.before) await mustPass(meter.run(competitor.before(setting), where), `preparing ${competitor.name}`);
    try {
      const usage = await mustPass(meter.run(competitor.command(setting), where), competitor.name);
      const wrong = workload.check(work);
      if (wrong !== undefined) throw new Error(`${competitor.name}: ${wrong}\n${usage.output}`);
      return usage;
    } finally {
      if (competitor.after) await meter.run(competitor.after(setting), where);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** @param {Promise<import('./cpu-meter.mjs').Usage>} run @param {string} name */
async function mustPass(run, name) {
  const usage = await run;
  if (usage.status !== 0) throw new Error(`${name} failed with status ${usage.status}:\n${usage.output}`);
  return usage;
}

/** @param {ReturnType<typeof readOptions>} options */
async function measure({ chosen, runs, targets }) {
  const meter = new CpuMeter();
  const folder = mkdtempSync(join(tmpdir(), 'distmake-bench-'));
  const hosts = HOSTS.map((name) => ({ name, slots: SLOTS }));
  /** @type {SshHosts | undefined} */
  let rig;
  try {
    rig = await SshHosts.start({ hosts, cgroups: meter.hostGroups });
    const workload = new Workload(targets);
    const setting = { ...writeSetting(folder, rig), hosts: HOSTS, names: workload.names, slots: SLOTS };
    /** @type {Map<string, { samples: import('./cpu-meter.mjs').Usage[], failure?: string }>} */
    const results = new Map(chosen.map((c) => [c.name, { samples: [], failure: c.missing?.() }]));
    // Round by round, so that a slow minute of the machine meets all of them.
    for (let round = 1; round <= runs; round++) {
      for (const competitor of chosen) {
        const result = results.get(competitor.name);
        if (result.failure !== undefined) continue;
        process.stderr.write(`run ${round} of ${runs}: ${competitor.title}\n`);
        try {
          result.samples.push(await runOnce(competitor, { setting, rig, meter, workload, folder }));
        } catch (error) {
          result.failure = error instanceof Error ? error.message : String(error);
        }
      }
    }
    return { method: meter.method, results };
  } finally {
    await rig?.dispose();
    await meter.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main() {
  const options = readOptions();
  if (options.help) return void process.stdout.write(`${HELP}\n`);
  const missing = missingPackages(PACKAGES);
  if (missing.length > 0) {
    process.stdout.write(`To be installed, by apt-get: ${missing.join(' ')}\n`);
    installPackages(missing);
  }

  const { method, results } = await measure(options);
  const rows = options.chosen.map(({ name, title }) => {
    const { samples, failure } = results.get(name);
    const perJob = (/** @type {(u: import('./cpu-meter.mjs').Usage) => number | undefined} */ pick) => {
      const values = samples.map(pick).filter((v) => v !== undefined);
      return failure !== undefined || values.length === 0 ? undefined : median(values) / options.targets;
    };
    const [wall, cpu, hostCpu] = [perJob((u) => u.wallMs), perJob((u) => u.cpuMs), perJob((u) => u.hostCpuMs)];
    return { name, title, wall, cpu, hostCpu, failure, samples };
  });
  const compared = ratios(rows);

  const version = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, node ${process.version}`;
  process.stdout.write(`
${options.targets} targets, 10 KB in, 10 KB out, ${SLOTS * HOSTS.length} slots on ${HOSTS.length} hosts of this machine; medians of ${options.runs}
${machine}; CPU by ${method}

${renderTable(rows, compared)}`);

  const folder = fileURLToPath(new URL('results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const date = new Date().toISOString();
  const file = join(folder, `${date.replace(/[:.]/g, '-')}.json`);
  const strip = rows.map(({ samples, ...row }) => ({
    ...row,
    samples: samples.map(({ wallMs, cpuMs, hostCpuMs }) => ({ wallMs, cpuMs, hostCpuMs })),
  }));
  const { runs, targets } = options;
  const record = {
    date,
    version,
    machine,
    method,
    runs,
    targets,
    slots: SLOTS,
    hosts: HOSTS.length,
    rows: strip,
    ratios: compared,
  };
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  process.stdout.write(`\n${file}\n`);
  if (rows.some((r) => r.failure !== undefined)) process.exitCode = 1;
  if (options.strict && compared.some((r) => !r.met)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
