// Runs the bundled action the way a runner does: inputs and files in the environment, state from main to post.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { LogView } from './log-view.mjs';

/**
 * What `GITHUB_OUTPUT` and `GITHUB_STATE` hold: `name=value`, or `name<<DELIMITER`, lines, `DELIMITER`.
 *
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function parseFileCommands(text) {
  const values = new Map();
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const [, name, operator, rest] = /^(.*?)(<<|=)(.*)$/.exec(lines[i]) ?? [];
    if (name === undefined) continue;
    if (operator === '=') {
      values.set(name, rest);
      continue;
    }
    const end = lines.indexOf(rest, i + 1);
    if (end < 0) throw new Error(`no end «${rest}» for ${name}`);
    values.set(name, lines.slice(i + 1, end).join('\n'));
    i = end;
  }
  return values;
}

/**
 * The inputs that action.yml declares, with their defaults; those without one are empty, as a runner has it.
 *
 * @param {string} text
 */
export function declaredInputs(text) {
  const section = /^inputs:\n((?:(?: .*)?\n)*)/m.exec(text)?.[1] ?? '';
  /** @type {Record<string, string>} */
  const inputs = {};
  let name = '';
  for (const line of section.split('\n')) {
    name = /^ {2}([a-z][a-z-]*):\s*$/.exec(line)?.[1] ?? name;
    if (name === '') continue;
    const value = /^ {4}default:\s*(.*?)\s*$/.exec(line)?.[1];
    inputs[name] = value === undefined ? (inputs[name] ?? '') : value.replace(/^(['"])(.*)\1$/, '$2');
  }
  return inputs;
}

/** One use of the action in a job: main, then post. */
export class ActionStep {
  #folder;
  #root;
  #environment;

  /**
   * @param {{ root: string, folder: string, workspace: string, inputs: Record<string, string> }} options `root`: of the action;
   *   `folder`: for what a runner keeps, made here
   */
  constructor({ root, folder, workspace, inputs }) {
    this.#root = root;
    this.#folder = folder;
    for (const part of ['temp', 'home']) mkdirSync(join(folder, part), { recursive: true });
    for (const part of ['output', 'state', 'summary', 'env', 'path']) writeFileSync(join(folder, part), '');
    const kept = ['PATH', 'LANG', 'LC_ALL', 'TERM', 'USER', 'LOGNAME'];
    const all = { ...declaredInputs(readFileSync(join(root, 'action.yml'), 'utf8')), ...inputs };
    this.#environment = {
      ...Object.fromEntries(kept.flatMap((k) => (process.env[k] === undefined ? [] : [[k, process.env[k]]]))),
      ...Object.fromEntries(Object.entries(all).map(([k, v]) => [`INPUT_${k.replaceAll(' ', '_').toUpperCase()}`, v])),
      HOME: join(folder, 'home'),
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTION: 'demo',
      GITHUB_JOB: 'demo',
      GITHUB_RUN_ID: '1',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_REPOSITORY: 'demo/calc',
      GITHUB_WORKSPACE: workspace,
      GITHUB_OUTPUT: join(folder, 'output'),
      GITHUB_STATE: join(folder, 'state'),
      GITHUB_STEP_SUMMARY: this.summaryFile,
      GITHUB_ENV: join(folder, 'env'),
      GITHUB_PATH: join(folder, 'path'),
      RUNNER_TEMP: join(folder, 'temp'),
      RUNNER_OS: 'Linux',
      RUNNER_NAME: 'demo',
    };
    this.workspace = workspace;
  }

  get summaryFile() {
    return join(this.#folder, 'summary');
  }

  /** What main put out. */
  outputs() {
    return parseFileCommands(readFileSync(join(this.#folder, 'output'), 'utf8'));
  }

  /** @param {(line: string) => void} print @param {boolean} colour */
  main(print, colour) {
    return this.#run('main', {}, new LogView(print, colour));
  }

  /** @param {(line: string) => void} print @param {boolean} colour */
  post(print, colour) {
    const saved = parseFileCommands(readFileSync(join(this.#folder, 'state'), 'utf8'));
    const state = Object.fromEntries([...saved].map(([k, v]) => [`STATE_${k}`, v]));
    return this.#run('post', state, new LogView(print, colour));
  }

  /**
   * @param {'main' | 'post'} name
   * @param {Record<string, string>} state
   * @param {LogView} view
   * @returns {Promise<{ status: number, annotations: LogView['annotations'] }>} the exit status; 128 and more: a signal
   */
  async #run(name, state, view) {
    const script = join(this.#root, 'dist', name, 'index.js');
    if (!existsSync(script))
      throw new Error(`${script} is not there; it belongs to every clone (npm run build makes it)`);
    const child = spawn(process.execPath, [script], {
      cwd: this.workspace,
      env: { ...this.#environment, ...state },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      const decoder = new StringDecoder('utf8');
      stream.on('data', (chunk) => view.write(decoder.write(chunk)));
    }
    const status = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
    });
    view.end();
    return { status, annotations: view.annotations };
  }
}
