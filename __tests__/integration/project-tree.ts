import { expect } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fetchDebianSource } from '../../scripts/debian-source.mjs';
import { ActionRig, expectNothingLeft, inputsFor } from '../rig/action-rig.ts';
import { RunnerLog } from '../rig/runner-log.ts';
import type { SshdRig } from '../rig/sshd-rig.ts';
import { snapshot } from './command-rig.ts';

export const COMMAND = join(import.meta.dirname, '../../dist/cli/index.js');

export const MINUTES = 60_000;

export interface Project {
  /** Debian's source package, or text by path. Names and text are bytes in latin1; a path that ends in `.sh` becomes executable. */
  readonly source: string | Readonly<Record<string, string>>;
  /** Run once in the workspace, before the first make. */
  readonly configure?: readonly string[];
  /** For make: goals and variables. */
  readonly words: readonly string[];
  /** Which of the files that plain make makes are targets that must be made on hosts; by default every object. */
  readonly isMade?: (path: string) => boolean;
  /** What is not compared: files in which recipes write when and where they ran. */
  readonly leaveOut?: RegExp;
}

/** What one more make does to a tree that was built. */
export interface Rebuild {
  readonly tree: Record<string, string>;
  /** Files that it wrote, sorted. */
  readonly written: readonly string[];
}

/** Objects: by default, what must be made on hosts. */
export const isObject = (path: string): boolean => /\.l?o$/.test(path);

/** Runs a program to its end; what it printed, on either descriptor. Throws when it fails. */
export function shell(directory: string, argv: readonly string[], environment: Record<string, string> = {}): string {
  const [file = '', ...words] = argv;
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', HOME: homedir(), ...environment };
  const done = spawnSync(file, words, { cwd: directory, env, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status !== 0) throw new Error(`${argv.join(' ')}: ${done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout + done.stderr;
}

/** A project in the workspace of an action, what plain make makes of it there, and the way back to the start. */
export class Tree {
  readonly action: ActionRig;
  readonly project: Project;
  readonly expected: Record<string, string>;
  /** After plain make has run once more: CMake's notes what the compiler has told of headers only then. */
  readonly expectedAgain: Record<string, string>;
  /** What plain make says when it makes everything, see {@link saidBy}. */
  readonly said: readonly string[];
  /** What it says then. */
  readonly saidAgain: readonly string[];
  readonly #original: string;
  readonly #objects: readonly string[];

  constructor(action: ActionRig, project: Project) {
    this.action = action;
    this.project = project;
    this.#original = join(action.folder, 'original');
    if (typeof project.source === 'string') copy(fetchDebianSource(project.source), action.workspace);
    else writeBytes(action.workspace, project.source);
    if (project.configure) shell(action.workspace, project.configure);
    copy(action.workspace, this.#original);
    const before = this.built;
    this.said = saidBy(this.make('-j2'));
    this.expected = this.built;
    this.saidAgain = saidBy(this.make('-j2'));
    this.expectedAgain = this.built;
    const made = Object.keys(this.expected).filter((path) => before[path] === undefined);
    // It does build something.
    expect(made.length).toBeGreaterThan(10);
    this.#objects = made.filter(project.isMade ?? isObject);
    this.reset();
  }

  /** Makes a tree for `body`, in a workspace below `parent`; nothing is left of it. */
  static use(project: Project, body: (tree: Tree) => Promise<void>, parent = '/var/tmp'): Promise<void> {
    return ActionRig.use({ parent }, (action) => body(new Tree(action, project)));
  }

  /** How many targets must be made on hosts. */
  get objects(): number {
    return this.#objects.length;
  }

  get built(): Record<string, string> {
    return snapshot(this.action.workspace, this.project.leaveOut);
  }

  reset(): void {
    copy(this.#original, this.action.workspace);
  }

  make(...words: readonly string[]): string {
    return shell(this.action.workspace, ['make', ...words, ...this.project.words], { HOME: this.action.home });
  }

  command(sshd: SshdRig, words: readonly string[] = []): string {
    const { home, folder, workspace } = this.action;
    mkdirSync(join(home, '.ssh'), { recursive: true });
    writeFileSync(join(home, '.ssh/id_ed25519'), sshd.privateKey, { mode: 0o600 });
    writeFileSync(join(home, '.ssh/known_hosts'), sshd.knownHosts);
    writeFileSync(join(folder, 'hosts'), sshd.matrix);
    const own = ['-c', join(folder, 'hosts'), '--local-jobs', '0', ...words];
    return shell(workspace, [process.execPath, COMMAND, ...own, '-j8', ...this.project.words], {
      HOME: home,
      TMPDIR: this.action.tmp,
      ...this.action.environment,
    });
  }

  inputs(sshd: SshdRig): Record<string, string> {
    const words = this.project.words.map((word) => `'${word}'`);
    return { ...inputsFor(sshd), 'local-jobs': '0', arguments: words.join(' ') };
  }

  /** What happens when `edit` has changed the workspace and `build` runs then. */
  async rebuild(edit: () => void, build: () => unknown): Promise<Rebuild> {
    edit();
    const before = timesOf(this.action.workspace);
    await build();
    const after = timesOf(this.action.workspace);
    const written = [...after].filter(([path, time]) => before.get(path) !== time).map(([path]) => path);
    return { tree: this.built, written: written.sort() };
  }

  /** The same by plain make; the workspace is then as it was before. */
  async plainRebuild(edit: () => void): Promise<Rebuild> {
    const saved = join(this.action.folder, 'saved');
    copy(this.action.workspace, saved);
    const rebuild = await this.rebuild(edit, () => this.make('-j2'));
    copy(saved, this.action.workspace);
    return rebuild;
  }
}

/** What the command says itself in its log. */
const OWN = /^workspace: \d|: ready in \d/;

/**
 * What makes say, sorted, as sub-makes speak in any order; without CMake's percentages, which follow that order, without
 * control characters, which a log drops, and without what -w adds: where it only follows from `-C`, a make that says
 * nothing else leaves it out.
 */
function saidBy(output: string): string[] {
  const lines = output
    .split(/[\r\n]+/)
    .filter((line) => line !== '' && !/: (?:Entering|Leaving) directory /.test(line) && !OWN.test(line));
  return lines.map((line) => line.replace(/^\[ *\d+%\] |\p{Cc}/gu, '')).sort();
}

/** The hosts of a rig as folds name them. */
export const placesOf = (sshd: SshdRig): string[] =>
  sshd.hosts.map(({ login, address, port }) => `${login}@${address}:${port}`);

/** The command builds what plain make builds, on all hosts, and finds nothing to do then. */
export function expectAlikeByCommand(tree: Tree, sshd: SshdRig): void {
  const log = new RunnerLog(tree.command(sshd, ['--log', 'fold']));
  expect(tree.built).toEqual(tree.expected);
  expect(saidBy(log.shown.join('\n'))).toEqual(tree.said);
  expect(log.annotations).toEqual([]);
  const objects = log.titles.filter(({ place }) => placesOf(sshd).includes(place));
  expect(objects).toHaveLength(tree.objects);
  expect(new Set(objects.map(({ place }) => place))).toEqual(new Set(placesOf(sshd)));
  expect(saidBy(tree.command(sshd))).toEqual(tree.saidAgain);
  expect(tree.built).toEqual(tree.expectedAgain);
}

/** By the command; by the action too where there is time. */
export async function expectAlike(tree: Tree, sshd: SshdRig): Promise<void> {
  expectAlikeByCommand(tree, sshd);
  if (process.env['DISTMAKE_FULL'] === undefined) return;
  tree.reset();
  await expectAlikeByAction(tree, sshd);
}

/** So does the action; what it leaves on hosts is nothing. */
export async function expectAlikeByAction(tree: Tree, sshd: SshdRig): Promise<void> {
  const main = await tree.action.main(tree.inputs(sshd));
  expect(main).toMatchObject({ status: 0, signal: null });
  expect(tree.built).toEqual(tree.expected);
  expect(main.log.annotations).toEqual([]);
  expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0, failedTargets: [] });
  for (const { jobs } of tree.action.outputs.hosts) expect(jobs).toBeGreaterThan(0);
  expect((await tree.action.post()).status).toBe(0);
  const second = await tree.action.main(tree.inputs(sshd));
  expect(second.status).toBe(0);
  expect(second.log.shown).toEqual(expect.arrayContaining(tree.saidAgain.filter((line) => line.startsWith('make'))));
  expect(tree.action.outputs).toMatchObject({ remote: 0, retried: 0 });
  expect(tree.built).toEqual(tree.expectedAgain);
  expect((await tree.action.post()).status).toBe(0);
  await expectNothingLeft(sshd);
}

/** Files with their times, by path. */
function timesOf(directory: string): Map<string, bigint> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' });
  const paths = files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(directory.length + 1), lstatSync(path, { bigint: true }).mtimeNs]));
}

/** With modes, links and times, in place of what is there. */
function copy(from: string, to: string): void {
  shell('/', ['rm', '-rf', to]);
  shell('/', ['cp', '-a', from, to]);
}

function writeBytes(directory: string, files: Readonly<Record<string, string>>): void {
  const pathOf = (name: string): Buffer => Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(name, 'latin1')]);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(pathOf(dirname(name)), { recursive: true });
    writeFileSync(pathOf(name), Buffer.from(text, 'latin1'), { mode: name.endsWith('.sh') ? 0o755 : 0o644 });
  }
}
