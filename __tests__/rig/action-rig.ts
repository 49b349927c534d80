import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { RunnerLog } from './runner-log.ts';
import type { SshdRig } from './sshd-rig.ts';

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..');
/** A step that takes longer hangs. Below jest's own limit, so that its log can be shown. */
const STEP_LIMIT_MS = 45_000;

export type Inputs = Readonly<Record<string, string>>;

export interface ActionRigOptions {
  /** By name, as in action.yml; the others have their defaults. */
  readonly inputs?: Inputs;
  /** The workspace: text by path. A path that ends in `.sh` becomes executable. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further variables of the runner. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where the folder of the rig is made; default /var/tmp, which no test host shares. */
  readonly parent?: string;
}

/** How a step ended. */
export interface StepResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Standard output and error as they came. */
  readonly text: string;
  readonly log: RunnerLog;
  readonly seconds: number;
}

/** The outputs of main, parsed. */
export interface Outputs {
  readonly remote: number;
  readonly local: number;
  readonly retried: number;
  readonly failedTargets: readonly string[];
  readonly hosts: readonly { readonly name: string; readonly jobs: number; readonly busySeconds: number }[];
  readonly elapsed: number;
}

/** A step that runs. */
export class RunningStep {
  readonly #child: ChildProcess;
  readonly result: Promise<StepResult>;
  #text = '';
  #end = '';

  constructor(child: ChildProcess, name: string) {
    this.#child = child;
    const begin = performance.now();
    const pieces: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        pieces.push(data);
        this.#text = Buffer.concat(pieces).toString();
      });
    }
    this.result = new Promise((done, fail) => {
      let hung = false;
      const limit = setTimeout(() => {
        hung = true;
        this.killAll();
      }, STEP_LIMIT_MS);
      child.once('error', fail);
      child.once('close', (status, signal) => {
        clearTimeout(limit);
        if (hung) fail(new Error(`${name} had not ended after ${STEP_LIMIT_MS / 1000} s`));
        const seconds = (performance.now() - begin) / 1000;
        this.#end = `, ended with ${signal ?? `status ${status}`} after ${seconds.toFixed(1)} s`;
        done({ status, signal, text: this.#text, log: new RunnerLog(this.#text), seconds });
      });
    });
    // Whoever waits for it hears of it; a test that has failed before does not.
    this.result.catch(() => undefined);
  }

  /** How it has ended, if it has, for people. */
  get end(): string {
    return this.#end;
  }

  /** What it has written so far. */
  get text(): string {
    return this.#text;
  }

  /** To the step's own process alone, as the runner does it. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The step and all that it has started in its process group. */
  killAll(): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // It is gone.
    }
  }
}

/**
 * One use of the action in a job on a runner of its own: a workspace, temporary directories, a home, the files and variables of
 * the runner's protocol. {@link main} and {@link post} run the bundles in dist/.
 */
export class ActionRig {
  readonly folder: string;
  readonly workspace: string;
  /** RUNNER_TEMP. */
  readonly temp: string;
  /** TMPDIR. */
  readonly tmp: string;
  readonly home: string;
  /** Every process below the action has it in its environment. */
  readonly trackingId = `e2e_${randomUUID()}`;
  inputs: Inputs;
  environment: Readonly<Record<string, string>>;
  readonly #steps: { readonly name: string; readonly step: RunningStep }[] = [];

  constructor({ inputs = {}, files = {}, environment = {}, parent = '/var/tmp' }: ActionRigOptions) {
    this.folder = realpathSync(mkdtempSync(join(parent, 'distmake-e2e-')));
    chmodSync(this.folder, 0o755);
    this.workspace = join(this.folder, 'work', 'project', 'project');
    this.temp = join(this.folder, 'work', '_temp');
    this.tmp = join(this.folder, 'tmp');
    this.home = join(this.folder, 'home');
    for (const directory of [this.workspace, this.temp, this.tmp, this.home]) mkdirSync(directory, { recursive: true });
    this.inputs = inputs;
    this.environment = environment;
    this.write(files);
  }

  /** Makes a rig for `body`; when that fails, the logs of its steps are printed. Nothing of the rig is left. */
  static async use<T>(options: ActionRigOptions, body: (action: ActionRig) => Promise<T>): Promise<T> {
    const action = new ActionRig(options);
    try {
      return await body(action);
    } catch (error) {
      process.stderr.write(action.#transcript());
      throw error;
    } finally {
      action.dispose();
    }
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      const path = join(this.workspace, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
    }
  }

  read(name: string): string {
    return readFileSync(join(this.workspace, name), 'utf8');
  }

  exists(name: string): boolean {
    return existsSync(join(this.workspace, name));
  }

  /** Every file of the workspace, sorted. */
  list(): string[] {
    return readdirSync(this.workspace, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.workspace.length + 1))
      .sort();
  }

  /** Runs the main step to its end. */
  main(inputs: Inputs = {}): Promise<StepResult> {
    return this.start(inputs).result;
  }

  /** Starts the main step, with fresh files for outputs, state and summary as the runner makes them for every step. */
  start(inputs: Inputs = {}): RunningStep {
    this.inputs = { ...this.inputs, ...inputs };
    for (const name of ['output', 'state', 'summary', 'env', 'path']) writeFileSync(join(this.folder, name), '');
    return this.#start('main', {});
  }

  /** Runs the post step to its end, with the state that main has saved. */
  post(): Promise<StepResult> {
    const state = [...this.state].map(([name, value]) => [`STATE_${name}`, value]);
    return this.#start('post', Object.fromEntries(state)).result;
  }

  /** What main has saved for post. */
  get state(): ReadonlyMap<string, string> {
    return parseFileCommands(readFileSync(join(this.folder, 'state'), 'utf8'));
  }

  /** The hosts of the saved state with this run's staging directories there. */
  get saved(): readonly { readonly host: { readonly name: string }; readonly directories: readonly string[] }[] {
    const state = JSON.parse(this.state.get('run') ?? '{"hosts":[]}') as { readonly hosts: ActionRig['saved'] };
    return state.hosts;
  }

  /** What the names of all of this run's staging directories begin with, by the saved state. */
  get staging(): string {
    const [name] = this.saved.flatMap(({ directories }) => directories);
    if (name === undefined) throw new Error('the saved state names no staging directory');
    return name.replace(/-[0-9a-f]+$/, '');
  }

  /** Throws when main has not written all of them. */
  get outputs(): Outputs {
    const values = parseFileCommands(readFileSync(join(this.folder, 'output'), 'utf8'));
    const value = (name: string): string => {
      const text = values.get(name);
      if (text === undefined) throw new Error(`there is no output ${name}`);
      return text;
    };
    return {
      remote: Number(value('remote-jobs')),
      local: Number(value('local-jobs')),
      retried: Number(value('retried-jobs')),
      failedTargets: JSON.parse(value('failed-targets')),
      hosts: JSON.parse(value('hosts')),
      elapsed: Number(value('elapsed')),
    };
  }

  get summary(): string {
    return readFileSync(join(this.folder, 'summary'), 'utf8');
  }

  /** Processes on this machine that the action has started and that still run, `pid command line`. */
  processes(): string[] {
    const found: string[] = [];
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(this.trackingId)) continue;
        found.push(`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()}`);
      } catch {
        // It has ended meanwhile.
      }
    }
    return found;
  }

  /** Names of what is left in the temporary directories, but for reports, which are for later steps. */
  leftovers(): string[] {
    const names = [...readdirSync(this.tmp), ...readdirSync(this.temp)];
    return names.filter((name) => !name.startsWith('distmake-report-'));
  }

  dispose(): void {
    for (const { step } of this.#steps) step.killAll();
    // As the runner does at the end of a job.
    for (const line of this.processes()) {
      try {
        process.kill(Number.parseInt(line, 10), 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What plain make does in the workspace: exit status, and both streams as one text. */
  plainMake(words: readonly string[]): { readonly status: number | null; readonly text: string } {
    const done = spawnSync('sh', ['-c', 'exec make "$@" 2>&1', 'sh', '-O', '--no-print-directory', ...words], {
      cwd: this.workspace,
      env: this.#variables({}),
      encoding: 'utf8',
    });
    return { status: done.status, text: done.stdout };
  }

  #start(name: 'main' | 'post', state: Record<string, string>): RunningStep {
    const script = join(ROOT, 'dist', name, 'index.js');
    if (!existsSync(script)) throw new Error(`${script} is not there: npm run build makes it`);
    const child = spawn(process.execPath, [script], {
      cwd: this.workspace,
      env: { ...this.#variables(this.inputs), ...state },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const step = new RunningStep(child, name);
    this.#steps.push({ name, step });
    return step;
  }

  #variables(inputs: Inputs): Record<string, string> {
    const all = { ...declaredInputs(), ...inputs };
    const unknown = Object.keys(inputs).find((name) => !(name in declaredInputs()));
    if (unknown !== undefined) throw new Error(`action.yml has no input ${unknown}`);
    const named = Object.entries(all).map(([name, value]) => [
      `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
      value,
    ]);
    return {
      PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: this.home,
      TMPDIR: this.tmp,
      CI: 'true',
      ...(Object.fromEntries(named) as Record<string, string>),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION: '__run',
      GITHUB_JOB: 'build',
      GITHUB_RUN_ID: '4711',
      GITHUB_REPOSITORY: 'someone/project',
      GITHUB_WORKSPACE: this.workspace,
      GITHUB_OUTPUT: join(this.folder, 'output'),
      GITHUB_STATE: join(this.folder, 'state'),
      GITHUB_STEP_SUMMARY: join(this.folder, 'summary'),
      GITHUB_ENV: join(this.folder, 'env'),
      GITHUB_PATH: join(this.folder, 'path'),
      RUNNER_TEMP: this.temp,
      RUNNER_OS: 'Linux',
      RUNNER_NAME: 'e2e',
      RUNNER_TRACKING_ID: this.trackingId,
      ...this.environment,
    };
  }

  #transcript(): string {
    const texts = this.#steps.map(({ name, step }) => `----- log of ${name}${step.end}:\n${step.text}\n`);
    return `\n${texts.join('')}----- end of logs\n`;
  }
}

/** The inputs that make the action use all hosts of a rig. */
export function inputsFor(sshd: SshdRig): Record<string, string> {
  return { hosts: sshd.matrix, 'ssh-private-key': sshd.privateKey, 'known-hosts': sshd.knownHosts };
}

/** Waits for something that comes about by itself; throws when it does not within a few seconds. */
export async function until(what: () => boolean, name: string, seconds = 10): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!what()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${name}`);
    await sleep(25);
  }
}

/** What there is on a host that the rig has not put there: staging directories and processes. */
export function leftOn(sshd: SshdRig, name: string): string[] {
  const host = sshd.host(name);
  const directories = host.exec('ls -dA /tmp/make-* 2>/dev/null', { check: false }).split('\n');
  const processes = host.exec('ps -eo pid=,ppid=,args=').split('\n');
  const foreign = processes.filter((line) => {
    const [, pid, parent, args = ''] = /^ *(\d+) +(\d+) (.*)$/.exec(line) ?? [];
    // The rig's own: the first process, its loop, the listening sshd, and this very command, which has no parent here.
    const own = pid === '1' || parent === '0' || args.startsWith('ps -eo') || /host-init\.sh$|^sshd: \/usr/.test(args);
    return pid !== undefined && !own;
  });
  return [...directories, ...foreign].map((line) => line.trim()).filter((line) => line !== '');
}

/** Waits until nothing of any run is left on the hosts: sessions need a moment to end. Throws with what is left. */
export async function expectNothingLeft(sshd: SshdRig, names = sshd.hosts.map(({ name }) => name)): Promise<void> {
  for (const name of names) {
    let left: string[] = [];
    await until(() => (left = leftOn(sshd, name)).length === 0, 'a clean host').catch(() => {
      throw new Error(`left on ${name}:\n${left.join('\n')}`);
    });
  }
}

/** Removes what a test that failed may have left on the hosts. */
export function sweepHosts(sshd: SshdRig): void {
  for (const host of sshd.hosts) host.exec('rm -rf /tmp/make-*', { check: false });
}

/** Connections that sshd on a host has taken since it was started. */
export function connectionsTo(sshd: SshdRig, name: string): number {
  return sshd.log(name).match(/^Connection from /gm)?.length ?? 0;
}

/** How many of these spans of time overlap at most. */
export function mostAtOneTime(spans: readonly { readonly begin: number; readonly end: number }[]): number {
  const edges = spans.flatMap(({ begin, end }) => [
    { at: begin, step: 1 },
    { at: end, step: -1 },
  ]);
  edges.sort((a, b) => a.at - b.at || a.step - b.step);
  let now = 0;
  return edges.reduce((most, { step }) => Math.max(most, (now += step)), 0);
}

/** A recipe line that takes some seconds and writes `HOST BEGIN END` (in seconds) to a file. */
export function timedRecipe(seconds: number, file = '$@'): string {
  return `@b=$$(date +%s.%N); sleep ${seconds}; echo "$$(hostname) $$b $$(date +%s.%N)" >${file}`;
}

/** What {@link timedRecipe} has written. */
export function readTimed(text: string): { readonly host: string; readonly begin: number; readonly end: number } {
  const [host = '', begin, end] = text.trim().split(' ');
  return { host, begin: Number(begin), end: Number(end) };
}

/** What GITHUB_OUTPUT and GITHUB_STATE hold: `name=value`, or `name<<DELIMITER`, lines, `DELIMITER`. */
function parseFileCommands(text: string): Map<string, string> {
  const values = new Map<string, string>();
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const [, name, operator, rest = ''] = /^(.*?)(<<|=)(.*)$/.exec(lines[i] ?? '') ?? [];
    if (name === undefined) continue;
    const end = operator === '=' ? i : lines.indexOf(rest, i + 1);
    if (end < 0) throw new Error(`no end "${rest}" for ${name}`);
    values.set(name, operator === '=' ? rest : lines.slice(i + 1, end).join('\n'));
    i = end;
  }
  return values;
}

let declared: Record<string, string> | undefined;

/** The inputs that action.yml declares, with their defaults; those without one are empty, as the runner has it. */
function declaredInputs(): Record<string, string> {
  if (declared !== undefined) return declared;
  const text = readFileSync(join(ROOT, 'action.yml'), 'utf8');
  const section = /^inputs:\n((?:(?: .*)?\n)*)/m.exec(text)?.[1] ?? '';
  const inputs: Record<string, string> = {};
  let name = '';
  for (const line of section.split('\n')) {
    name = /^ {2}([a-z][a-z-]*):\s*$/.exec(line)?.[1] ?? name;
    if (name === '') continue;
    const value = /^ {4}default:\s*(.*?)\s*$/.exec(line)?.[1];
    inputs[name] = value === undefined ? (inputs[name] ?? '') : value.replace(/^(['"])(.*)\1$/, '$2');
  }
  declared = inputs;
  return inputs;
}
