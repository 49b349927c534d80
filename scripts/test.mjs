/**
 * All that must hold before a change goes in, one stage after another: `node scripts/test.mjs [--full]`.
 * The first stage that fails ends it. The last line of the output is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './build.mjs';
import { environmentFor, jestArguments } from './jest.mjs';
import { setUp } from './setup.mjs';
import { tally } from './tally.mjs';

const results = join(root, 'build/test-results');
const full = process.argv.includes('--full');
if (full) Object.assign(process.env, { DISTMAKE_FULL: '1', DISTMAKE_SEEDS: '100000' });

const [tsc, prettier, eslint] = ['typescript/bin/tsc', 'prettier/bin/prettier.cjs', 'eslint/bin/eslint.js'].map(
  (path) => join(root, 'node_modules', path),
);

/** A stage is one or more runs of node; `minutes` is the time after which it is taken to hang. */
const stages = [
  { name: 'format', minutes: 10, runs: [[prettier, '--check', '.']] },
  { name: 'lint', minutes: 10, runs: [[eslint, '--max-warnings', '0', '.']] },
  {
    name: 'types',
    minutes: 10,
    runs: [
      ['-p', '.', '--noEmit'],
      ['-p', 'tsconfig.page.json'],
      ['-p', 'tsconfig.tests.json'],
    ].map((a) => [tsc, ...a]),
  },
  { name: 'dist', minutes: 10, runs: [['scripts/check-dist.mjs']] },
  // As a newcomer runs it, with the node that is there: the command has to work on the oldest that package.json allows.
  { name: 'demo', minutes: 10, runs: [['scripts/demo.mjs']], node: process.execPath },
  ...['unit', 'integration', 'e2e'].map((name) => ({
    name,
    minutes: full ? 180 : 45,
    runs: [jestArguments(name, ['--json', `--outputFile=${join(results, `${name}.json`)}`])],
    report: join(results, `${name}.json`),
  })),
  ...(full ? [{ name: 'bench', minutes: 180, runs: [['bench/run.mjs']] }] : []),
];

let total = { passed: 0, failed: 0 };
let failure;
try {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Error(`Node 20 or newer is needed; this is ${process.version}`);
  }
  const node = await timed('setup', () => setUp());
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  for (const stage of stages) await timed(stage.name, () => runStage(stage, stage.node ?? node));
} catch (error) {
  failure = error;
}
if (failure !== undefined) {
  console.log(`\n${failure.message}`);
  // A stage without tests that fails, or a run that died before it could count, is one failure.
  if (total.failed === 0) total = { ...total, failed: 1 };
  process.exitCode = 1;
}
console.log(`${total.passed} passed, ${total.failed} failed`);

async function timed(name, body) {
  const start = performance.now();
  console.log(`\n=== ${name}`);
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const value = await body();
    console.log(`=== ${name}: ok, ${seconds()}`);
    return value;
  } catch (error) {
    throw new Error(`=== ${name}: FAILED, ${seconds()}: ${error.message}`, { cause: error });
  }
}

async function runStage({ minutes, runs, report }, node) {
  let wrong;
  for (const args of runs) wrong ??= await runNode(node, args, minutes);
  if (report !== undefined) {
    const counts = tally(readReport(report));
    total = { passed: total.passed + counts.passed, failed: total.failed + counts.failed };
    wrong ??= counts.complaint;
  }
  if (wrong !== undefined) throw new Error(wrong);
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** What went wrong, or undefined. The run gets a process group of its own, so that nothing of it survives its end. */
function runNode(node, args, minutes) {
  const child = spawn(node, args, {
    cwd: root,
    env: environmentFor(node),
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It is gone already.
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  return new Promise((resolve) => {
    let hung = false;
    const limit = setTimeout(() => {
      hung = true;
      end('SIGTERM');
      setTimeout(end, 10_000, 'SIGKILL').unref();
    }, minutes * 60_000);
    const settle = (text) => {
      clearTimeout(limit);
      for (const signal of signals) process.off(signal, end);
      resolve(text);
    };
    for (const signal of signals) process.on(signal, end);
    child.on('error', (error) => settle(error.message));
    child.on('exit', (code, signal) => {
      if (hung) settle(`not done after ${minutes} minutes`);
      else if (signal !== null) settle(`ended by ${signal}`);
      else settle(code === 0 ? undefined : `exit status ${code}`);
    });
  });
}
