// `npm run bench`: what distmake costs, always beside what others cost on the same machine in the same run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installPackages, missingPackages } from '../scripts/packages.mjs';
import { competitors } from './competitors.mjs';
import { dispatch } from './dispatch.mjs';
import { jobs } from './jobs.mjs';
import { load } from './load.mjs';
import { sandboxes } from './sandboxes.mjs';
import { staging } from './staging.mjs';
import { Stand } from './stand.mjs';

const PACKAGES = ['make', 'parallel', 'rsync', 'openssh-client', 'openssh-server', 'iproute2', 'util-linux'];
const SECTIONS = [jobs, staging, dispatch, sandboxes, load];
const HELP = `usage: node bench/run.mjs [--runs N] [--targets N] [--only name,name…] [--quick] [--strict]
  --runs     how often each competitor of the jobs runs; medians are shown (5)
  --targets  how many targets the jobs have (400)
  --only     some of: ${SECTIONS.map((s) => s.name).join(' ')}; or jobs of these alone: ${competitors.map((c) => c.name).join(' ')}
  --quick    small numbers: shows that the bench works, not what distmake costs
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
  const { values } = parseArgs({
    options: { runs: text, targets: text, only: text, quick: flag, strict: flag, help: flag },
  });
  const names = values.only?.split(',') ?? SECTIONS.map((s) => s.name);
  const unknown = names.filter((n) => ![...SECTIONS, ...competitors].some(({ name }) => name === n));
  if (unknown.length > 0) throw new Error(`neither a section nor a competitor: ${unknown.join(', ')}\n${HELP}`);
  const named = competitors.filter((c) => names.includes(c.name));
  const quick = values.quick === true;
  return {
    help: values.help === true,
    strict: values.strict === true,
    quick,
    chosen: named.length > 0 ? named : competitors,
    sections: SECTIONS.filter((s) => names.includes(s.name) || (s === jobs && named.length > 0)),
    runs: count(values.runs, quick ? 1 : 5),
    targets: count(values.targets, quick ? 40 : 400),
    progress: (/** @type {string} */ what) => void process.stderr.write(`${what}\n`),
  };
}

async function main() {
  const options = readOptions();
  if (options.help) return void process.stdout.write(`${HELP}\n`);
  const missing = missingPackages(PACKAGES);
  if (missing.length > 0) {
    process.stdout.write(`To be installed, by apt-get: ${missing.join(' ')}\n`);
    installPackages(missing);
  }

  const date = new Date().toISOString();
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, node ${process.version}`;
  /** @type {Record<string, unknown>} */ const sections = {};
  const stand = await Stand.start();
  const { method } = stand.meter;
  try {
    process.stdout.write(`${machine}; the hosts are on this machine too; CPU by ${method}\n`);
    for (const section of options.sections) {
      const start = performance.now();
      try {
        const { text, record, failed, missed } = await section.run(stand, options);
        process.stdout.write(`\n--- ${section.name}\n${text}`);
        sections[section.name] = { seconds: (performance.now() - start) / 1000, ...record };
        if (failed || (options.strict && missed)) process.exitCode = 1;
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        process.stdout.write(`\n--- ${section.name}\ndid not run: ${failure}\n`);
        sections[section.name] = { failure };
        process.exitCode = 1;
      }
    }
  } finally {
    await stand.close();
  }

  const folder = fileURLToPath(new URL('results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${date.replace(/[:.]/g, '-')}.json`);
  const record = { date, version, machine, method, quick: options.quick, sections };
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  process.stdout.write(`\n${file}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
