import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Survey } from '../../../src/engine/ports.ts';
import { createStage } from '../../../src/stage/stage.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { scratch } from './tree-copy.ts';

let root: Bytes;

beforeEach(() => {
  root = scratch();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes files of these sizes and looks at them. */
async function survey(files: Record<Bytes, number>, exclude: string[] = []): Promise<Survey> {
  for (const [path, size] of Object.entries(files)) {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true });
    writeFileSync(`${root}/${path}`, '');
    truncateSync(`${root}/${path}`, size);
  }
  return createStage(root, () => undefined, { exclude }).survey();
}

/** `path files bytes` of each directory. */
const named = ({ directories }: Survey): string[] =>
  directories.map(({ path, files, bytes }) => `${path} ${files} ${bytes}`);

test('counts regular files and their bytes', async () => {
  symlinkSync('a', `${root}/l`);
  mkdirSync(`${root}/empty`);
  expect(await survey({ a: 3, 'd/b': 4, 'd/e/c': 0 })).toMatchObject({ files: 3, bytes: 7 });
  expect(await createStage('/nowhere', () => undefined).survey()).toEqual({ files: 0, bytes: 0, directories: [] });
});

test('names the directories that hold most, the biggest first, each with a twentieth of all at least', async () => {
  const sizes = { 'src/a': 30, 'node_modules/a/x': 400, 'node_modules/b/x': 400, 'build/x': 120, 'doc/x': 50 };
  expect(named(await survey(sizes))).toEqual([
    'node_modules 2 800',
    'node_modules/a 1 400',
    'node_modules/b 1 400',
    'build 1 120',
    'doc 1 50',
  ]);
});

test('names the deepest directory that holds nearly all of the one above', async () => {
  const sizes = {
    'third_party/README': 5,
    'third_party/boost/libs/x/a': 500,
    'third_party/boost/libs/y/a': 450,
    main: 45,
  };
  expect(named(await survey(sizes))).toEqual([
    'third_party/boost/libs 2 950',
    'third_party/boost/libs/x 1 500',
    'third_party/boost/libs/y 1 450',
  ]);
});

test('names a directory in a named one only where it is much of that', async () => {
  const packages = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`node_modules/p${n}/x`, 60]));
  expect(named(await survey({ ...packages, '.cache/x': 55, main: 100 }))).toEqual([
    'node_modules 10 600',
    '.cache 1 55',
  ]);
});

test('names five at most', async () => {
  const sizes = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`d${n}/x`, 100 + n]));
  expect(named(await survey(sizes)).map((one) => one.split(' ')[0])).toEqual(['d8', 'd7', 'd6', 'd5', 'd4']);
});

test('does not count what is excluded', async () => {
  const sizes = { 'node_modules/x': 900, 'src/a': 10, 'src/b.log': 5 };
  expect(await survey(sizes, ['node_modules/', '*.log'])).toEqual({
    files: 1,
    bytes: 10,
    directories: [{ path: 'src', files: 1, bytes: 10 }],
  });
});
