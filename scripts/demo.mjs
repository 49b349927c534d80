/** `npm run demo`: a small C project, built through the bundled action on two throwaway ssh hosts of this machine. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActionStep } from './demo/step.mjs';
import { ThrowawayHost, canHaveNamespaces, makeKey } from './demo/throwaway-host.mjs';
import { installPackages, missingPackages } from './packages.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROJECT = fileURLToPath(new URL('demo/project', import.meta.url));
const PACKAGES = ['openssh-server', 'openssh-client', 'make', 'gcc', 'libc6-dev', 'perl', 'util-linux', 'mount'];
const HOST_NAMES = ['demo-one', 'demo-two'];
const SLOTS = 4;

const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const print = (/** @type {string} */ line) => void process.stdout.write(`${line}\n`);
const heading = (/** @type {string} */ text) => print(`\n${colour ? `\u001b[1m=== ${text}\u001b[0m` : `=== ${text}`}`);

function installWhatIsMissing() {
  const missing = missingPackages(PACKAGES);
  if (missing.length === 0) return print('Everything that the demo needs is installed.');
  print(`The demo needs, and installs now with apt-get: ${missing.join(' ')}`);
  installPackages(missing);
}

/** @param {string} folder @param {string} keyFile */
async function startHosts(folder, keyFile) {
  const namespaces = canHaveNamespaces();
  print(
    namespaces
      ? 'Two ssh servers on 127.0.0.1, each with processes and a /tmp of its own.'
      : 'Two ssh servers on 127.0.0.1. (They share /tmp: this system allows no namespaces, or not to this user.)',
  );
  const clientKey = readFileSync(`${keyFile}.pub`, 'utf8');
  /** @type {ThrowawayHost[]} */
  const hosts = [];
  try {
    for (const name of HOST_NAMES) {
      hosts.push(await ThrowawayHost.start({ name, folder: join(folder, name), slots: SLOTS, clientKey, namespaces }));
    }
  } catch (error) {
    for (const host of hosts) await host.dispose();
    throw error;
  }
  for (const host of hosts) print(`  ${host.name}: ${host.matrixLine()}`);
  return hosts;
}

/**
 * main, the program's own check, post.
 *
 * @param {string} folder
 * @param {readonly ThrowawayHost[]} hosts
 * @param {string} keyFile
 */
async function build(folder, hosts, keyFile) {
  const workspace = join(folder, 'workspace');
  cpSync(PROJECT, workspace, { recursive: true });
  const step = new ActionStep({
    root: ROOT,
    folder: join(folder, 'runner'),
    workspace,
    inputs: {
      hosts: hosts.map((h) => `${h.matrixLine()}\n`).join(''),
      'known-hosts': hosts.map((h) => `${h.knownHostsLine()}\n`).join(''),
      'ssh-private-key': readFileSync(keyFile, 'utf8'),
      // All compile jobs to the hosts: that is what is to be seen here.
      'local-jobs': '0',
      report: join(folder, 'report'),
    },
  });

  heading('The step, as a workflow shows it');
  const start = performance.now();
  const main = await step.main(print, colour);
  const seconds = (performance.now() - start) / 1000;
  heading('Post');
  const post = await step.post(print, colour);

  heading('The program that was built');
  const program = join(workspace, 'calc');
  const check = existsSync(program)
    ? spawnSync(program, ['--self-check'], { encoding: 'utf8' })
    : { status: 1, stdout: `${program} is not there\n`, stderr: '' };
  print(`${check.stdout}${check.stderr}`.trimEnd());
  const outputs = step.outputs();
  /** @type {Array<{ name: string, jobs: number, busySeconds?: number }>} */
  const shares = JSON.parse(outputs.get('hosts') || '[]');
  const warnings = [...main.annotations, ...post.annotations].filter((a) => a.level !== 'notice').length;
  const passed = { main: main.status === 0, post: post.status === 0, check: check.status === 0 };
  return { passed, seconds, shares, outputs, warnings, summary: step.summaryFile };
}

/** @param {Awaited<ReturnType<typeof build>>} result @param {readonly ThrowawayHost[]} hosts @param {string} summary */
function showResult({ passed, seconds, shares, outputs, warnings }, hosts, summary) {
  const rows = [['host', 'jobs', 'busy']];
  for (const [i, { name, jobs, busySeconds }] of shares.entries()) {
    const host =
      hosts.find((h) => name.endsWith(`:${h.port}`)) ?? (shares.length === hosts.length ? hosts[i] : undefined);
    const title = host === undefined ? name : `${host.name} (127.0.0.1:${host.port})`;
    rows.push([title, String(jobs), busySeconds === undefined ? '' : `${busySeconds.toFixed(2)} s`]);
  }
  rows.push(['the runner', outputs.get('local-jobs') ?? '?', '']);
  const widths = [0, 1, 2].map((c) => Math.max(...rows.map((r) => r[c].length)));
  heading('Result');
  for (const [title, jobs, busy] of rows) {
    print(`  ${title.padEnd(widths[0])}   ${jobs.padStart(widths[1])}   ${busy.padStart(widths[2])}`.trimEnd());
  }
  const word = (/** @type {boolean} */ ok) => (ok ? 'ok' : 'FAILED');
  print('');
  print(
    `  build       ${word(passed.main)}, ${outputs.get('retried-jobs') ?? '?'} retried, ${warnings} warnings and errors`,
  );
  print(`  clean-up    ${word(passed.post)}`);
  print(`  self check  ${word(passed.check)}`);
  print(`  wall time   ${outputs.get('elapsed') ?? '?'} s the build, ${seconds.toFixed(2)} s the whole step`);
  print(`  summary     ${summary}`);
  print(`  report      ${outputs.get('report') ?? '?'}/report.html`);
}

async function demo() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Error(`Node 20 or newer is needed; this is ${process.version}`);
  heading('What is needed');
  installWhatIsMissing();

  const folder = mkdtempSync(join(tmpdir(), 'distmake-demo-'));
  // Ctrl-C reaches the step too, which ends by itself; post and the clean-up still follow.
  const patience = () => undefined;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, patience);
  let kept = false;
  try {
    // sshd may run as another user than the one who made the folder.
    chmodSync(folder, 0o755);
    heading('Hosts');
    const keyFile = join(folder, 'client_key');
    makeKey(keyFile);
    mkdirSync(join(folder, 'hosts'));
    const hosts = await startHosts(join(folder, 'hosts'), keyFile);
    try {
      const result = await build(folder, hosts, keyFile);
      const summary = join(folder, 'summary.md');
      copyFileSync(result.summary, summary);
      kept = true;
      showResult(result, hosts, summary);
      // Where nothing ran on a host, nothing was shown.
      const remote = Number(result.outputs.get('remote-jobs') ?? 0);
      if (remote === 0) print('\n  No job ran on a host: see the log above.');
      if (remote === 0 || Object.values(result.passed).includes(false)) process.exitCode = 1;
    } finally {
      for (const host of hosts) await host.dispose();
    }
  } finally {
    const keep = new Set(['summary.md', 'report']);
    for (const name of readdirSync(folder)) if (!keep.has(name)) removeTree(join(folder, name));
    if (!kept) removeTree(folder);
  }
}

/** @param {string} path */
function removeTree(path) {
  rmSync(path, { recursive: true, force: true });
}

try {
  await demo();
} catch (error) {
  process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
