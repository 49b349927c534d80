import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fetchDebianSource } from '../../scripts/debian-source.mjs';
import { ActionRig, expectNothingLeft, inputsFor, sweepHosts } from '../rig/action-rig.ts';
import { RunnerLog } from '../rig/runner-log.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { snapshot } from './command-rig.ts';

const COMMAND = join(import.meta.dirname, '../../dist/cli/index.js');
const MINUTES = 60_000;

interface Project {
  readonly source: string;
  readonly configure?: readonly string[];
  /** For make: goals and variables. */
  readonly words: readonly string[];
}

/** Objects of the project: what must have been made on hosts. */
const isObject = (path: string): boolean => /\.l?o$/.test(path);

function shell(directory: string, argv: readonly string[], environment: Record<string, string> = {}): string {
  const [file = '', ...words] = argv;
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', HOME: homedir(), ...environment };
  const done = spawnSync(file, words, { cwd: directory, env, encoding: 'utf8', maxBuffer: 64 << 20 });
  if (done.status !== 0) throw new Error(`${argv.join(' ')}: ${done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** A project in the workspace of an action, what plain make makes of it there, and the way back to the start. */
class Tree {
  readonly action: ActionRig;
  readonly project: Project;
  readonly expected: Record<string, string>;
  readonly #original: string;

  constructor(action: ActionRig, project: Project) {
    this.action = action;
    this.project = project;
    this.#original = join(action.folder, 'original');
    shell('/', ['cp', '-a', fetchDebianSource(project.source), this.#original]);
    this.reset();
    if (project.configure) {
      shell(action.workspace, project.configure);
      shell('/', ['rm', '-rf', this.#original]);
      shell('/', ['cp', '-a', action.workspace, this.#original]);
    }
    const before = snapshot(action.workspace);
    shell(action.workspace, ['make', '-j2', ...project.words]);
    this.expected = snapshot(action.workspace);
    // It does build something.
    expect(Object.keys(this.expected).length).toBeGreaterThan(Object.keys(before).length + 10);
    this.reset();
  }

  get objects(): number {
    return Object.keys(this.expected).filter((path) => isObject(path) && !path.startsWith('objs/')).length;
  }

  get built(): Record<string, string> {
    return snapshot(this.action.workspace);
  }

  reset(): void {
    shell('/', ['rm', '-rf', this.action.workspace]);
    shell('/', ['cp', '-a', this.#original, this.action.workspace]);
  }

  make(): string {
    return shell(this.action.workspace, ['make', '-j8', ...this.project.words], { HOME: this.action.home });
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
    });
  }

  inputs(sshd: SshdRig): Record<string, string> {
    const words = this.project.words.map((word) => `'${word}'`);
    return { ...inputsFor(sshd), 'local-jobs': '0', arguments: words.join(' ') };
  }
}

const withTree = (project: Project, body: (tree: Tree) => Promise<void>, parent = '/var/tmp'): Promise<void> =>
  ActionRig.use({ parent }, (action) => body(new Tree(action, project)));

const LUA: Project = { source: 'lua5.4', words: ['linux'] };
const ZLIB: Project = { source: 'zlib', configure: ['./configure'], words: [] };
/** Recursive makes, headers and sources made by programs that were just built, depfiles in directories of their own. */
const DASH: Project = { source: 'dash', configure: ['./configure', '-q'], words: ['CFLAGS=-O1'] };
/** Without the compiler's time. */
const QUICK_LUA: Project = { source: 'lua5.4', words: ['linux', 'MYCFLAGS=-O0'] };
const DEBUG_LUA: Project = { source: 'lua5.4', words: ['linux', 'MYCFLAGS=-g -O0'] };

describe('on hosts with sandboxes', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 4 },
        { name: 'beta', user: 'root', slots: 4 },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  // The workspace is not there on the hosts: not below their own /var/tmp, and not below a home that root alone may enter.
  test.each([
    ['lua', LUA, '/var/tmp'],
    ['zlib', ZLIB, homedir()],
    ['dash', DASH, '/var/tmp'],
  ] as const)(
    '%s is what plain make makes',
    (_name, project, parent) =>
      withTree(
        project,
        async (tree) => {
          const log = new RunnerLog(tree.command(sshd, ['--log', 'fold']));
          expect(tree.built).toEqual(tree.expected);
          expect(log.annotations).toEqual([]);
          const objects = log.titles.filter(({ target }) => isObject(target));
          expect(objects).toHaveLength(tree.objects);
          expect(new Set(objects.map(({ place }) => place))).toEqual(
            new Set(sshd.hosts.map(({ login, address, port }) => `${login}@${address}:${port}`)),
          );
          expect(tree.command(sshd)).toBe(tree.make());
          expect(tree.built).toEqual(tree.expected);

          tree.reset();
          const main = await tree.action.main(tree.inputs(sshd));
          expect(main).toMatchObject({ status: 0, signal: null });
          expect(tree.built).toEqual(tree.expected);
          expect(main.log.annotations).toEqual([]);
          expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0, failedTargets: [] });
          for (const { jobs } of tree.action.outputs.hosts) expect(jobs).toBeGreaterThan(0);
          expect((await tree.action.post()).status).toBe(0);
          const second = await tree.action.main(tree.inputs(sshd));
          expect(second.status).toBe(0);
          expect(second.log.shown.join('\n')).toMatch(/Nothing to be done for 'all(-am)?'/);
          expect(tree.action.outputs).toMatchObject({ remote: 0, retried: 0 });
          expect((await tree.action.post()).status).toBe(0);
          await expectNothingLeft(sshd);
        },
        parent,
      ),
    3 * MINUTES,
  );

  test(
    'debug information names the same directory',
    () =>
      withTree(DEBUG_LUA, async (tree) => {
        expect(await tree.action.main(tree.inputs(sshd))).toMatchObject({ status: 0 });
        expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0 });
        expect(tree.action.read('src/lua.o')).toContain(tree.action.workspace);
        expect(tree.built).toEqual(tree.expected);
        await tree.action.post();
        await expectNothingLeft(sshd);
      }),
    2 * MINUTES,
  );
});

describe('on hosts that refuse namespaces', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2, noUserNamespaces: true },
        { name: 'beta', user: 'root', slots: 2, noUserNamespaces: true },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test(
    'lua is what plain make makes',
    () =>
      withTree(QUICK_LUA, async (tree) => {
        const main = await tree.action.main(tree.inputs(sshd));
        expect(main).toMatchObject({ status: 0 });
        expect(tree.built).toEqual(tree.expected);
        expect(main.log.annotations).toEqual([]);
        expect(tree.action.outputs).toMatchObject({ remote: tree.objects, retried: 0 });
        await tree.action.post();
        await expectNothingLeft(sshd);
      }),
    2 * MINUTES,
  );

  test(
    'what names a directory of the host is made again on the runner',
    () =>
      withTree(DEBUG_LUA, async (tree) => {
        expect(await tree.action.main(tree.inputs(sshd))).toMatchObject({ status: 0 });
        expect(tree.built).toEqual(tree.expected);
        expect(tree.action.outputs.retried).toBeGreaterThan(0);
        expect(tree.action.outputs.remote + tree.action.outputs.retried).toBe(tree.objects);
        await tree.action.post();
        await expectNothingLeft(sshd);
      }),
    2 * MINUTES,
  );
});
