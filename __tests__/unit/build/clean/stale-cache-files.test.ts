import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sweepCacheFiles } from '../../../../src/build/clean/stale-cache-files.ts';

const NEW = 'new-8a1b0c9d-0000-4000-8000-00000000000';
let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'stale-cache-'));
  mkdirSync(join(cache, 'distmake/times'), { recursive: true, mode: 0o700 });
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

function put(name: string, age: number): void {
  const path = join(cache, 'distmake', name);
  writeFileSync(path, '');
  utimesSync(path, Date.now() / 1000 - age, Date.now() / 1000 - age);
}

test('what was being written when its run was killed goes', async () => {
  for (const [name, age] of [
    [`${NEW}1`, 100],
    [`times/${NEW}2`, 100],
    [`${NEW}3`, 10],
    ['new-thing', 100],
    ['shim-0123', 100],
    ['times/0123.json', 100],
  ] as const)
    put(name, age);
  expect(await sweepCacheFiles(cache, 1000)).toEqual([]);
  const gone = [`${NEW}1`, `times/${NEW}2`].map((name) => join(cache, 'distmake', name));
  expect(await sweepCacheFiles(cache, 0)).toEqual(gone);
  expect(readdirSync(join(cache, 'distmake')).sort()).toEqual([`${NEW}3`, 'new-thing', 'shim-0123', 'times']);
  expect(readdirSync(join(cache, 'distmake/times'))).toEqual(['0123.json']);
});

test('not in a directory that others can write to, and it need not be there', async () => {
  put(`${NEW}1`, 100);
  chmodSync(join(cache, 'distmake'), 0o777);
  expect(await sweepCacheFiles(cache, 0)).toEqual([]);
  expect(await sweepCacheFiles(join(cache, 'nowhere'), 0)).toEqual([]);
  expect(readdirSync(join(cache, 'distmake'))).toContain(`${NEW}1`);
});
