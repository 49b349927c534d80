import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Homecoming, Stage } from '../../../src/engine/ports.ts';
import type { Output } from '../../../src/model/entry.ts';
import type { Job, Prerequisites, Recipe } from '../../../src/model/job.ts';
import { createStage } from '../../../src/stage/stage.ts';
import { fsPath, type Bytes } from '../../../src/util/bytes.ts';
import { look, scratch } from './tree-copy.ts';

let root: Bytes;
let stage: Stage;

beforeEach(() => {
  root = scratch();
  stage = createStage(root, () => undefined, { declared: true });
  mkdirSync(`${root}/src/sub`, { recursive: true });
  for (const path of ['a', 'b', 'src/a', 'src/b', 'src/sub/a']) writeFileSync(`${root}/${path}`, 'x');
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

interface Declares {
  readonly normal?: readonly Bytes[];
  readonly orderOnly?: readonly Bytes[];
  readonly target?: Bytes;
  readonly directory?: Bytes;
  readonly recipe?: Recipe;
}

let serial = 0;

function jobOf({ normal = [], orderOnly = [], target = 'none', directory = root, recipe }: Declares): Job {
  const id = ++serial;
  return {
    id,
    recipe: recipe ?? { id, make: 1, target, directory },
    directory,
    argv: [],
    command: 'x',
    environment: [],
    umask: 0o22,
    prerequisites: { normal, orderOnly } satisfies Prerequisites,
  };
}

async function visible(declares: Declares): Promise<Bytes[] | undefined> {
  const found = (await stage.tree().missing(jobOf(declares))).visible;
  return found && [...found].sort();
}

describe('what a job sees', () => {
  test('nothing is known of what it needs: no view can be had', async () => {
    expect((await stage.tree().missing({ ...jobOf({}), prerequisites: undefined })).visible).toBeUndefined();
  });

  test('without `declared`: everything', async () => {
    const tree = createStage(root, () => undefined).tree();
    expect((await tree.missing(jobOf({ normal: ['a'] }))).visible).toBeUndefined();
  });

  test.each<[string, Declares, Bytes[]]>([
    ['nothing', {}, []],
    ['files', { normal: ['a', 'src/b', 'missing'] }, ['a', 'src/b']],
    ['names that are written otherwise', { normal: ['./a', 'src/../b', './src//sub/../a'] }, ['a', 'b', 'src/a']],
    ['from below', { normal: ['a', '../b', 'sub/a'], directory: 'src' }, ['b', 'src/a', 'src/sub/a']],
    ['outside', { normal: ['/etc/passwd', '../x', '../../../../../etc/passwd', '/', ''] }, []],
    ['a directory: all that is below it', { normal: ['src/sub'] }, ['src/sub/']],
    ['one with a slash', { normal: ['src/sub/'] }, ['src/sub/']],
    ['the workspace itself', { normal: ['.'] }, ['a', 'b', 'src/']],
    ['order-only: a file', { orderOnly: ['a'] }, ['a']],
    ['order-only: a directory is there anyway', { orderOnly: ['src', 'src/'] }, []],
    ['the target', { target: 'src/b' }, ['src/b']],
    ['a target that is a directory', { target: 'src/sub' }, ['src/sub/']],
    ['a member of an archive', { normal: ['a(member.o)'] }, ['a']],
  ])('%s', async (_, declares, expected) => {
    const directory = declares.directory === undefined ? root : `${root}/${declares.directory}`;
    expect(await visible({ ...declares, directory })).toEqual(expected);
  });

  test('absolute names', async () => {
    expect(await visible({ normal: [`${root}/a`, `${root}/src/./sub/../b`, `${root}x/a`] })).toEqual(['a', 'src/b']);
  });

  test('names that are no UTF-8, with blanks and newlines', async () => {
    const names = ['\xe9 \xff', 'new\nline', "quote's"];
    for (const name of names) writeFileSync(fsPath(`${root}/${name}`), '');
    expect(await visible({ normal: names })).toEqual([...names].sort());
  });

  test.each<[string, Declares, Bytes[]]>([
    ['to a file', { normal: ['to-file'] }, ['src/a', 'to-file']],
    ['to a link', { normal: ['to-link'] }, ['src/a', 'to-file', 'to-link']],
    ['to a directory', { normal: ['to-directory'] }, ['src/sub/', 'to-directory']],
    ['to a directory, order-only', { orderOnly: ['to-directory'] }, ['to-directory']],
    ['above a file', { normal: ['to-directory/a'] }, ['src/sub/a', 'to-directory']],
    ['up from behind a link', { normal: ['to-directory/../b'] }, ['src/b', 'to-directory']],
    ['absolute', { normal: ['absolute'] }, ['absolute', 'src/sub/a']],
    ['to nothing', { normal: ['dangling'] }, ['dangling']],
    ['out of the workspace', { normal: ['out', 'out/passwd'] }, ['out']],
    ['in a circle', { normal: ['circle', 'circle/x'] }, ['circle', 'circle2']],
    ['in the name of the target', { target: 'to-directory/a' }, ['src/sub/a', 'to-directory']],
  ])('links: %s', async (_, declares, expected) => {
    symlinkSync('src/a', `${root}/to-file`);
    symlinkSync('./to-file', `${root}/to-link`);
    symlinkSync('src/sub', `${root}/to-directory`);
    symlinkSync(`${root}/to-directory/a`, `${root}/absolute`);
    symlinkSync('nowhere', `${root}/dangling`);
    symlinkSync('/etc', `${root}/out`);
    symlinkSync('circle2', `${root}/circle`);
    symlinkSync('circle', `${root}/circle2`);
    const found = await visible(declares);
    expect(found).toEqual([...(declares.normal?.[0] === 'absolute' ? ['to-directory'] : []), ...expected].sort());
  });
});

const file = (path: Bytes): Output => {
  const content = Buffer.from('x');
  return { kind: 'file', path, mode: 0o644, time: 0n, size: 1, content, timeIsSet: false };
};

async function run(job: Job, ...outputs: Output[]): Promise<Homecoming> {
  const tree = stage.tree();
  const delta = await tree.missing(job);
  const incoming = stage.incoming({ job, version: delta.version, visible: delta.visible, foreign: undefined });
  for (const output of outputs) await incoming.add(output);
  const homecoming = await incoming.commit(tree, true);
  incoming.discard();
  return homecoming;
}

test('what earlier lines of the recipe brought home, as far as it is still there', async () => {
  const first = jobOf({});
  const again = (): Job => ({ ...jobOf({}), recipe: first.recipe });
  const made = [file('n'), { kind: 'directory', path: 'd', mode: 0o755 } as const, file('d/a'), file('d/b')];
  expect(await run(first, ...made, { kind: 'link', path: 'l', time: 0n, target: 'src' })).toEqual({ kind: 'home' });
  expect((await stage.tree().missing(again())).visible).toEqual(['n', 'd/a', 'd/b', 'l']);
  expect(await run(again(), { kind: 'removed', path: 'd' }, { kind: 'removed', path: 'l' })).toEqual({ kind: 'home' });
  expect((await stage.tree().missing(again())).visible).toEqual(['n']);
  expect((await stage.tree().missing(jobOf({}))).visible).toEqual([]);
});

describe('a job that removed what it was not shown', () => {
  const removed = (path: Bytes): Output => ({ kind: 'removed', path });
  const directory = (path: Bytes): Output => ({ kind: 'directory', path, mode: 0o755 });

  test.each<[string, Output[], Declares, string]>([
    ['a directory', [removed('src')], {}, 'src, in which there is src/'],
    ['a directory made anew', [removed('src/sub'), directory('src/sub')], {}, 'src/sub, in which there is src/sub/a'],
    ['a directory that is a file now', [removed('src/sub'), file('src/sub')], {}, 'there is src/sub/a'],
    ['a file over a directory', [file('src/sub')], {}, 'there is src/sub/a'],
    ['one of which it saw a part', [removed('src')], { normal: ['src/sub', 'src/a'] }, 'there is src/b'],
    ['a file', [removed('a')], { normal: ['b'] }, 'a, which it was not shown'],
  ])('%s', async (_, outputs, declares, words) => {
    const before = look(root);
    expect(await run(jobOf(declares), ...outputs)).toEqual({
      kind: 'refused',
      reason: expect.stringContaining(words),
    });
    expect(look(root)).toEqual(before);
  });

  test.each<[string, Output[], Declares]>([
    ['a directory of which it saw all', [removed('src')], { normal: ['src'] }],
    ['one of which it saw each file', [removed('src/sub')], { normal: ['src/sub/a'] }],
    ['a file that it saw', [removed('a')], { normal: ['a'] }],
    ['a file that it wrote without having seen it', [file('b')], { normal: ['a'] }],
  ])('not: %s', async (_, outputs, declares) => {
    expect(await run(jobOf(declares), ...outputs)).toEqual({ kind: 'home' });
  });

  test('a compile that does not see objects, where everything is staged', async () => {
    stage = createStage(root, () => undefined);
    const compile = (name: string): Job => ({
      ...jobOf({ target: `src/sub/${name}.o` }),
      command: `cc -c ${name}.c -o src/sub/${name}.o`,
    });
    rmSync(`${root}/src/sub/a`);
    expect(await run(compile('x'), file('src/sub/x.o'))).toEqual({ kind: 'home' });
    expect(await run(compile('y'), removed('src/sub'))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('in which there is src/sub/x.o'),
    });
    expect(await run(compile('x'), removed('src/sub'))).toEqual({ kind: 'home' });
  });

  test('what is never staged: git, and what is excluded', async () => {
    stage = createStage(root, () => undefined, { exclude: ['*.big'] });
    mkdirSync(`${root}/module/.git`, { recursive: true });
    mkdirSync(`${root}/data`);
    writeFileSync(`${root}/data/x.big`, '');
    expect(await run(jobOf({}), removed('module'))).toMatchObject({ reason: expect.stringContaining('module/.git') });
    expect(await run(jobOf({}), removed('data'))).toMatchObject({ reason: expect.stringContaining('data/x.big') });
    expect(await run(jobOf({}), removed('src'))).toEqual({ kind: 'home' });
  });
});

describe("another recipe's target", () => {
  const [mine, theirs]: Recipe[] = [
    { id: 1001, make: 1, target: 'mine', directory: '/' },
    { id: 1002, make: 1, target: 'theirs', directory: '/' },
  ];
  const recipes = new Map<Bytes, Recipe[]>([
    ['mine', [mine as Recipe]],
    ['theirs', [theirs as Recipe]],
    ['both', [theirs as Recipe, mine as Recipe]],
  ]);

  beforeEach(() => {
    stage = createStage(root, () => undefined, { recipesOf: (path) => recipes.get(path) ?? [] });
  });

  const job = (): Job => jobOf({ recipe: mine as Recipe });

  test('is refused', async () => {
    const link: Output = { kind: 'link', path: 'theirs', time: 0n, target: 'x' };
    for (const output of [file('theirs'), link]) {
      const homecoming = await run(job(), file('mine'), output);
      expect(homecoming).toEqual({ kind: 'refused', reason: 'theirs is the target of another recipe' });
    }
    expect(look(root).has('mine')).toBe(false);
  });

  test('its own, a common one, one of nobody, and directories are taken', async () => {
    const directory: Output = { kind: 'directory', path: 'theirs', mode: 0o755 };
    expect(await run(job(), file('mine'), file('both'), file('nobodys'), directory)).toEqual({ kind: 'home' });
  });

  test('what an earlier line of it made is its own', async () => {
    expect(await run(job(), file('later'))).toEqual({ kind: 'home' });
    recipes.set('later', [theirs as Recipe]);
    expect(await run(job(), file('later'))).toEqual({ kind: 'home' });
  });
});
