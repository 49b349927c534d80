import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import type { Homecoming, Incoming, Stage, StagedTree } from '../../../src/engine/ports.ts';
import type { Output } from '../../../src/model/entry.ts';
import type { Job } from '../../../src/model/job.ts';
import { createStage } from '../../../src/stage/stage.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { apply, applyOutputs, differences, look, scratch, sleep } from './tree-copy.ts';

let root: Bytes;
let stage: Stage;

beforeEach(() => {
  root = scratch();
  stage = createStage(root, () => undefined);
  mkdirSync(`${root}/d/e`, { recursive: true });
  for (const path of ['f', 'g', 'd/f', 'd/e/f']) writeFileSync(`${root}/${path}`, 'old\n');
  symlinkSync('f', `${root}/l`);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const file = (path: Bytes, text = 'new\n', large = false): Output => {
  async function* pieces(): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }
  const content = large ? pieces() : Buffer.from(text);
  return { kind: 'file', path, mode: 0o644, time: 0n, size: text.length, content, timeIsSet: false };
};
const isWhole = (output: Output): boolean => output.kind !== 'file' || Buffer.isBuffer(output.content);
const directory = (path: Bytes, mode = 0o755): Output => ({ kind: 'directory', path, mode });
const removed = (path: Bytes): Output => ({ kind: 'removed', path });
const link = (path: Bytes, target: Bytes): Output => ({ kind: 'link', path, time: 0n, target });

let serial = 0;

/** A job in flight on a host of its own. */
class Flight {
  readonly job: Job;
  readonly tree: StagedTree;
  readonly incoming: Incoming;

  private constructor(job: Job, tree: StagedTree, incoming: Incoming) {
    this.job = job;
    this.tree = tree;
    this.incoming = incoming;
  }

  /** @param before a flight whose tree, or whose recipe too, this one shares */
  static async begin(target: Bytes, before?: { tree?: Flight; recipe?: Flight }): Promise<Flight> {
    const id = ++serial;
    const recipe = before?.recipe?.job.recipe ?? { id, make: 1, target, directory: root };
    const job: Job = {
      id,
      recipe,
      directory: root,
      argv: [],
      command: 'x',
      environment: [],
      umask: 0o22,
      prerequisites: undefined,
    };
    const tree = before?.tree?.tree ?? stage.tree();
    if (!before?.tree) for await (const _ of await tree.everything(() => undefined)) void _;
    const { version, visible } = await tree.missing(job);
    return new Flight(job, tree, stage.incoming({ job, version, visible, foreign: undefined }));
  }

  async end(...outputs: readonly Output[]): Promise<Homecoming> {
    for (const output of outputs) await this.incoming.add(output);
    const homecoming = await this.incoming.commit(this.tree, true);
    this.incoming.discard();
    return homecoming;
  }
}

const HOME = { kind: 'home' };

describe('two jobs on hosts that wrote the same', () => {
  const cases: [string, Output[], Output[], Bytes][] = [
    ['a file', [file('f', 'old\na\n')], [file('f', 'old\nb\n')], 'f'],
    ['a file, the same', [file('f', 'old\na\n')], [file('f', 'old\na\n')], 'f'],
    ['a large file', [file('f', 'a', true)], [file('f', 'b', true)], 'f'],
    ['a new file', [file('n')], [file('n')], 'n'],
    ['a new file in a directory that both made', [directory('n'), file('n/f')], [directory('n'), file('n/f')], 'n/f'],
    ['a file that the first removed', [removed('f')], [file('f')], 'f'],
    ['a file that the second removed', [file('f')], [removed('f')], 'f'],
    ['a link to something else', [link('n', 'f')], [link('n', 'g')], 'n'],
    ['a link instead of a file', [file('n')], [link('n', 'g')], 'n'],
    ['a directory and a file', [directory('n')], [file('n')], 'n'],
    ['a file and a directory', [file('n')], [directory('n')], 'n'],
    ['a file and a directory with something in it', [file('n')], [directory('n'), file('n/f')], 'n'],
    ['a directory with something in it and a file', [directory('n'), file('n/f')], [file('n')], 'n'],
    ['what is in a directory that the second removed', [file('d/e/f')], [removed('d')], 'd/e/f'],
    ['something new in a directory that the second removed', [file('d/n')], [removed('d')], 'd/n'],
    ['a new directory in one that the second removed', [directory('d/n')], [removed('d')], 'd/n'],
    [
      'what is in a directory that the second replaced by a file',
      [file('d/f')],
      [removed('d'), removed('d/f'), file('d')],
      'd/f',
    ],
    ['what is in a directory that the second made anew', [file('d/f')], [removed('d'), directory('d')], 'd/f'],
    [
      'what is in a directory that the second renamed',
      [file('d/f')],
      [removed('d'), directory('n'), file('n/f')],
      'd/f',
    ],
    ['what was in a directory that the first removed', [removed('d')], [file('d/f')], 'd'],
    ['something new in a directory that the first removed', [removed('d')], [file('d/n')], 'd'],
    ['the mode of a directory that the first removed', [removed('d')], [directory('d', 0o700)], 'd'],
    ['what is below a file that was a directory', [removed('d'), file('d')], [file('d/f')], 'd'],
    ['what is below a link that was a directory', [removed('d'), link('d', 'n')], [file('d/f')], 'd'],
    ['what went with what is a link now', [removed('d'), link('d', 'n')], [removed('d/f')], 'd'],
    ['what the first removed and the second made a directory', [removed('f')], [removed('f'), directory('f')], 'f'],
  ];

  test.each(cases)('%s', async (_, first, second, path) => {
    const [one, other] = [await Flight.begin('one'), await Flight.begin('other')];
    expect(await one.end(...first)).toEqual(HOME);
    const before = look(root);
    expect(await other.end(...second)).toEqual({ kind: 'conflict', path, other: one.job.recipe });
    expect(look(root)).toEqual(before);
    // What the host has of it is undone before the next job there.
    const copy = scratch();
    await apply(copy, await other.tree.everything(() => undefined));
    await applyOutputs(copy, second.filter(isWhole));
    await apply(copy, (await other.tree.missing(other.job)).entries);
    expect(differences(look(root), look(copy))).toEqual([]);
    rmSync(copy, { recursive: true });
    // It runs again on top of the first one's.
    const again = await Flight.begin('other', { recipe: other });
    expect(await again.end(file('f', 'again\n'))).toEqual(HOME);
  });

  test.each<[string, Output[], Output[]]>([
    ['different files', [file('f')], [file('g')]],
    ['a directory', [directory('n')], [directory('n')]],
    ['a directory, and different files in it', [directory('n'), file('n/a')], [directory('n'), file('n/b')]],
    ['removals of the same', [removed('f'), removed('d')], [removed('f'), removed('d')]],
    ['removals of what is in a directory, and of it', [removed('d/f'), removed('d/e')], [removed('d')]],
    ['removals of a directory, and of what was in it', [removed('d')], [removed('d/f'), removed('d/e/f')]],
    ['links to the same', [link('n', 'f')], [link('n', 'f')]],
    ['different files in a directory', [file('d/a')], [file('d/b')]],
    ['the mode of a directory, and a file in it', [directory('d', 0o700)], [file('d/b')]],
    ['a file instead of a directory, and something beside', [removed('d'), file('d')], [file('e')]],
  ])('no conflict: %s', async (_, first, second) => {
    const [one, other] = [await Flight.begin('one'), await Flight.begin('other')];
    expect(await one.end(...first)).toEqual(HOME);
    expect(await other.end(...second)).toEqual(HOME);
  });
});

test('a directory in place of a link in a circle, with something in it', async () => {
  symlinkSync('circle', `${root}/circle`);
  const one = await Flight.begin('one');
  expect(await one.end(removed('circle'), directory('circle'), file('circle/f'))).toEqual(HOME);
});

describe('what was there before the job began is no conflict', () => {
  test('another job wrote it, also in the same tree', async () => {
    const one = await Flight.begin('one');
    const early = await Flight.begin('early');
    expect(await one.end(file('f', 'old\na\n', true))).toEqual(HOME);
    for (const tree of [undefined, one]) {
      const other = await Flight.begin('other', tree && { tree });
      expect(await other.end(file('f', 'old\na\nb\n', true))).toEqual(HOME);
    }
    expect(await early.end(file('f', 'x'))).toMatchObject({ kind: 'conflict', path: 'f' });
  });

  test('an earlier line of the same recipe wrote it, and looks come meanwhile', async () => {
    for (let n = 0; n < 20; n++) {
      const first = await Flight.begin('one');
      expect(await first.end(file('f', `a${n}`, true))).toEqual(HOME);
      const second = await Flight.begin('one', { recipe: first, tree: first });
      // What was written only just now is listed again to be sure: that is no change.
      stage.touch();
      const third = await Flight.begin('third');
      expect(await second.end(file('f', `b${n}`, true))).toEqual(HOME);
      expect(await third.end(file('f', 'x'))).toMatchObject({ kind: 'conflict', path: 'f', other: first.job.recipe });
    }
  });

  test('a recipe on the runner wrote it', async () => {
    writeFileSync(`${root}/f`, 'changed');
    stage.touch();
    const one = await Flight.begin('one');
    stage.touch();
    await Flight.begin('another');
    expect(await one.end(file('f'))).toEqual(HOME);
  });
});

describe('on the runner, while the job ran on a host', () => {
  test.each<[string, () => void, Output[], Bytes]>([
    ['an edit', () => appendFileSync(`${root}/f`, 'x'), [file('f')], 'f'],
    ['an edit of the same size', () => writeFileSync(`${root}/f`, 'OLD\n'), [file('f')], 'f'],
    ['the same content', () => writeFileSync(`${root}/f`, 'old\n'), [file('f')], 'f'],
    ['another time', () => utimesSync(`${root}/f`, 1, 1), [file('f')], 'f'],
    ['another mode', () => chmodSync(`${root}/f`, 0o755), [file('f')], 'f'],
    ['a replacement', () => (writeFileSync(`${root}/t`, 'x'), renameSync(`${root}/t`, `${root}/f`)), [file('f')], 'f'],
    ['a removal', () => rmSync(`${root}/f`), [file('f')], 'f'],
    ['a new file', () => writeFileSync(`${root}/n`, ''), [file('n')], 'n'],
    ['a new link', () => symlinkSync('x', `${root}/n`), [file('n')], 'n'],
    ['a new directory', () => mkdirSync(`${root}/n`), [file('n')], 'n'],
    ['a new file in a directory', () => writeFileSync(`${root}/d/e/n`, ''), [removed('d')], 'd/e/n'],
    ['an edit in a directory', () => writeFileSync(`${root}/d/e/f`, ''), [removed('d'), directory('d')], 'd/e/f'],
    ['a removal of the directory', () => rmSync(`${root}/d`, { recursive: true }), [file('d/n')], 'd'],
    [
      'a link instead of the directory',
      () => (rmSync(`${root}/d`, { recursive: true }), symlinkSync('/', `${root}/d`)),
      [file('d/n')],
      'd',
    ],
    ['an edit of what is to be removed', () => writeFileSync(`${root}/f`, 'x'), [removed('f')], 'f'],
  ])('%s', async (_, change, outputs, path) => {
    for (const looked of [false, true]) {
      await sleep(12);
      const one = await Flight.begin('one');
      change();
      if (looked) {
        stage.touch();
        await Flight.begin('another');
      }
      const before = look(root);
      expect(await one.end(...outputs)).toEqual({ kind: 'conflict', path, other: undefined });
      expect(look(root)).toEqual(before);
      rmSync(root, { recursive: true });
      mkdirSync(root);
      mkdirSync(`${root}/d/e`, { recursive: true });
      for (const one of ['f', 'g', 'd/f', 'd/e/f']) writeFileSync(`${root}/${one}`, 'old\n');
      stage.touch();
    }
  });

  test.each<[string, () => void, Output[]]>([
    [
      'a removal of both',
      () => rmSync(`${root}/d`, { recursive: true }),
      [removed('d/f'), removed('d'), removed('d/e')],
    ],
    ['a directory of both', () => mkdirSync(`${root}/n`), [directory('n'), file('n/f')]],
    ['a link of both', () => symlinkSync('f', `${root}/n`), [link('n', 'f')]],
    ['something else', () => writeFileSync(`${root}/n`, ''), [file('f')]],
    ['what a look passes over', () => mkdirSync(`${root}/d/.git`), [file('d/f')]],
  ])('no conflict: %s', async (_, change, outputs) => {
    const one = await Flight.begin('one');
    change();
    expect(await one.end(...outputs)).toEqual(HOME);
  });

  test.each(['f', 'n', 'd/e/n'])(
    'unnoticed: what stands there now is sent before the job runs again: %s',
    async (path) => {
      const one = await Flight.begin('one');
      writeFileSync(`${root}/${path}`, 'of a process in the background');
      expect(await one.end(file(path))).toEqual({ kind: 'conflict', path, other: undefined });
      const copy = scratch();
      mkdirSync(`${copy}/d/e`, { recursive: true });
      await apply(copy, (await one.tree.missing(one.job)).entries);
      expect(readFileSync(`${copy}/${path}`, 'latin1')).toBe('of a process in the background');
      rmSync(copy, { recursive: true });
      const again = await Flight.begin('one', { recipe: one, tree: one });
      expect(await again.end(file(path))).toEqual(HOME);
    },
  );

  test('over what a job on a host wrote: it was the runner', async () => {
    const [one, other] = [await Flight.begin('one'), await Flight.begin('other')];
    expect(await one.end(file('f', 'a'))).toEqual(HOME);
    writeFileSync(`${root}/f`, 'changed');
    expect(await other.end(file('f', 'b'))).toEqual({ kind: 'conflict', path: 'f', other: undefined });
  });
});

test('what fails, is refused or is not wanted conflicts with nothing', async () => {
  const flights = [await Flight.begin('a'), await Flight.begin('b'), await Flight.begin('c')] as const;
  await flights[0].incoming.add(file('f', 'x'));
  expect(await flights[0].incoming.commit(flights[0].tree, false)).toEqual(HOME);
  expect(await flights[1].end(file('f', 'x'), { kind: 'special', path: 'fifo' })).toMatchObject({ kind: 'refused' });
  expect(await flights[2].end(file('f', 'y'))).toEqual(HOME);
  expect(readFileSync(`${root}/f`, 'latin1')).toBe('y');
});

test('who was sent what another has written, to a tree where a third wrote it over, is told', async () => {
  const over = await Flight.begin('over');
  const writer = await Flight.begin('writer');
  const early = await Flight.begin('early', { tree: over });
  expect(await writer.end(file('f', 'of the writer'))).toEqual(HOME);
  // It was promised what the writer wrote, but starts when what `over` wrote is in the tree already.
  const reader = await Flight.begin('reader', { tree: over });
  expect(await over.end(file('f', 'over'))).toMatchObject({ kind: 'conflict', path: 'f' });
  const late = await Flight.begin('late', { tree: over });
  expect(await reader.end(file('n'))).toEqual({ kind: 'conflict', path: 'f', other: over.job.recipe });
  expect(await early.end(file('m'))).toEqual(HOME);
  expect(await late.end(file('o'))).toEqual(HOME);
});
