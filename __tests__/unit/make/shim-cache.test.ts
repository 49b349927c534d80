import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ShimCache } from '../../../src/make/shim-cache.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shim-cache-'));
  writeFileSync(join(folder, 'cc'), 'compiler');
  writeFileSync(join(folder, 'shim.c'), 'source');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (parent = join(folder, 'cache')) => ShimCache.open(join(folder, 'cc'), [join(folder, 'shim.c')], parent);
const names = () => readdirSync(join(folder, 'cache/distmake'));

test('what is written is read again, and nobody else can do either', async () => {
  const cache = await open();
  expect(await cache?.read()).toBeUndefined();
  await cache?.write(Buffer.from('program'));
  expect((await (await open())?.read())?.toString()).toBe('program');
  const [name = ''] = names();
  expect(lstatSync(join(folder, 'cache/distmake')).mode & 0o777).toBe(0o700);
  expect(lstatSync(join(folder, 'cache/distmake', name)).mode & 0o777).toBe(0o600);
});

test.each([
  ['source', 'shim.c'],
  ['compiler', 'cc'],
])('another %s is another program; the former is removed', async (_, file) => {
  await (await open())?.write(Buffer.from('old'));
  writeFileSync(join(folder, file), 'changed since');
  const cache = await open();
  expect(await cache?.read()).toBeUndefined();
  await cache?.write(Buffer.from('new'));
  expect(names()).toHaveLength(1);
  expect((await cache?.read())?.toString()).toBe('new');
});

test.each([
  ['a directory that others can write to', () => chmodSync(join(folder, 'cache/distmake'), 0o777)],
  [
    'a directory that is a link',
    () => {
      rmSync(join(folder, 'cache/distmake'), { recursive: true });
      mkdirSync(join(folder, 'elsewhere'));
      symlinkSync(join(folder, 'elsewhere'), join(folder, 'cache/distmake'));
    },
  ],
  [
    'a parent that is no directory',
    () => {
      rmSync(join(folder, 'cache'), { recursive: true });
      writeFileSync(join(folder, 'cache'), '');
    },
  ],
])('%s is no place', async (_, spoil) => {
  await (await open())?.write(Buffer.from('program'));
  spoil();
  expect(await open()).toBeUndefined();
});

test.each([
  ['that others can write to', (file: string) => chmodSync(file, 0o620)],
  [
    'that is a link',
    (file: string) => {
      rmSync(file);
      symlinkSync(join(folder, 'shim.c'), file);
    },
  ],
])('a program %s is not taken', async (_, spoil) => {
  const cache = await open();
  await cache?.write(Buffer.from('program'));
  spoil(join(folder, 'cache/distmake', names()[0] ?? ''));
  expect(await cache?.read()).toBeUndefined();
});
