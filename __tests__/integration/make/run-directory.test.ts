import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { findMake } from '../../../src/make/real-make.ts';
import { RunDirectory } from '../../../src/make/run-directory.ts';
import { UserError } from '../../../src/util/user-error.ts';
import { ASSETS } from './make-rig.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'run-test-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const create = (options: { parents: string[]; searchPath?: string; shim?: 'script'; cacheParent?: string }) =>
  RunDirectory.create({ assets: ASSETS, makeNames: ['make'], ...options });

test('the first directory that will do; private, and gone afterwards', async () => {
  const blank = join(parent, 'a b');
  mkdirSync(blank);
  const good = join(parent, 'good');
  mkdirSync(good);
  const run = await create({ parents: [blank, join(parent, 'none'), join(parent, 'x'.repeat(90)), good] });
  expect(run.path).toMatch(new RegExp(`^${good}/distmake-......$`));
  expect(lstatSync(run.path).mode & 0o777).toBe(0o700);
  expect(run.shim.fifo).toBeUndefined();
  await run.remove();
  expect(readdirSync(good)).toEqual([]);
});

test('no directory at all says which were tried and why', async () => {
  const error = await create({ parents: [join(parent, 'a b'), '/proc'] }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(/a b: a character .*; \/proc: E[A-Z]+\)\. Set TMPDIR/);
});

test.each([
  ['missing', undefined],
  ['broken', '#!/bin/sh\nexit 1\n'],
  ['for another machine', '#!/bin/sh\nwhile test "$1" != -o; do shift; done\necho x >$2; chmod +x $2\n'],
])('without a C compiler (%s) the shim is a script', async (_, compiler) => {
  for (const program of ['mkfifo', 'cat', 'perl']) symlinkSync(`/usr/bin/${program}`, join(parent, program));
  if (compiler !== undefined) writeFileSync(join(parent, 'cc'), compiler, { mode: 0o755 });
  const run = await create({ parents: [tmpdir()], searchPath: parent });
  expect(run.shim.fifo?.launcher[0]).toBe(join(parent, 'perl'));
  await run.remove();
  expect(existsSync(run.path)).toBe(false);
});

test('a compiled shim is kept for later runs, each with its own directory in it', async () => {
  const compiler = `#!/bin/sh\necho >>${parent}/compiled\nPATH=/usr/bin:/bin exec cc "$@"\n`;
  writeFileSync(join(parent, 'cc'), compiler, { mode: 0o755 });
  const options = { parents: [parent], searchPath: parent, cacheParent: parent };
  for (let times = 0; times < 2; times++) {
    const run = await create(options);
    expect(run.shim.fifo).toBeUndefined();
    expect(readFileSync(join(run.path, 'shim')).includes(`${run.path}\0`)).toBe(true);
    await run.remove();
  }
  expect(readFileSync(join(parent, 'compiled'), 'latin1')).toBe('\n');
  const [kept = ''] = readdirSync(join(parent, 'distmake'));
  writeFileSync(join(parent, 'distmake', kept), 'spoiled');
  const run = await create(options);
  expect(run.shim.fifo).toBeUndefined();
  await run.remove();
  expect(readFileSync(join(parent, 'compiled'), 'latin1')).toBe('\n\n');
});

test('neither compiler nor what the script needs', async () => {
  await expect(create({ parents: [tmpdir()], searchPath: parent })).rejects.toThrow(
    'There is no working C compiler (cc), and without one mkfifo is needed. Install cc.',
  );
});

test('a make that is none', async () => {
  const program = join(parent, 'mymake');
  await expect(findMake('nomake', '/bin')).rejects.toThrow('make: nomake is not on PATH (/bin)');
  await expect(findMake(program, '/bin')).rejects.toThrow('is not a program');
  writeFileSync(program, '#!/bin/sh\necho "GNU Make 3.81"\n');
  await expect(findMake(program, '/bin')).rejects.toThrow('is not a program');
  chmodSync(program, 0o755);
  expect(await findMake(program, '/bin')).toMatchObject({
    kind: 'other',
    obstacle: `${program} is not GNU make 4.0 or newer (--version says "GNU Make 3.81")`,
  });
  writeFileSync(program, '#!/bin/sh\necho "GNU Make 4.4.1"\n');
  expect(await findMake('mymake', `/none:${parent}`)).toEqual({
    name: 'mymake',
    path: program,
    kind: 'gnu',
    version: '4.4.1',
    obstacle: undefined,
  });
});

test('a $(shell) counts until a call is heard of that began behind it', async () => {
  const run = await create({ parents: [parent] });
  const mark = (): void => writeFileSync(join(run.path, 'expanded/7'), '');
  expect(run.takeExpanded(7, 0)).toBe(false);
  mark();
  expect([run.takeExpanded(7, 10), run.takeExpanded(7, 1000), run.takeExpanded(8, 1000)]).toEqual([true, true, false]);
  mark();
  expect([run.takeExpanded(7, 1500), run.takeExpanded(7, 3000)]).toEqual([true, true]);
  // However long it has run: one that is heard of much later, and none behind that.
  expect([run.takeExpanded(7, 9000), run.takeExpanded(7, 9001)]).toEqual([true, false]);
  await run.remove();
});
