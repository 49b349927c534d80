import { describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Diagnostic, Spot } from '../../../../src/report/annotations/diagnostic.ts';
import { directoriesOf, makesOf } from '../../../../src/report/annotations/command-directories.ts';
import { Locator } from '../../../../src/report/annotations/locator.ts';

const spot = (file: string, line = 1): Spot => ({ file, line, column: undefined });
const STAGING = '/tmp/make-w-20260101';

function locator(...files: string[]): Locator {
  const there = new Set(files.map((file) => (file.startsWith('/') ? file : `/w/repo/${file}`)));
  const made = new Locator('/w/repo', (path) => there.has(path));
  made.addStaging(STAGING);
  return made;
}

function problem(at: Spot | undefined, via: Spot[] = [], directory: string | undefined = '/w/repo'): Diagnostic {
  return { severity: 'error', spot: at, via, message: 'x', notes: [], origin: 'tool', directory };
}

describe('a file', () => {
  test.each([
    ['a.c', ['/w/repo/src'], 'src/a.c'],
    ['../inc/a.h', ['/w/repo/src'], 'inc/a.h'],
    ['a.c', ['/w/repo/none', '/w/repo/src'], 'src/a.c'],
    ['/w/repo/src/a.c', ['/'], 'src/a.c'],
    [`${STAGING}/l12/tree/src/a.c`, ['/'], 'src/a.c'],
    [`${STAGING}/tree/src/a.c`, ['/'], 'src/a.c'],
    ['src/a.c', ['/w/repo/other'], 'src/a.c'],
    ['src/a.o', ['/w/repo'], 'src/a.c'],
  ])('%s from %j is %s', (file, bases, expected) => {
    expect(locator('src/a.c', 'inc/a.h').file(spot(file), bases)).toBe(expected);
  });

  test.each([
    ['/etc/passwd'],
    ['../../../../etc/passwd'],
    ['/w/repository/a.c'],
    [`${STAGING}/r1/a.c`],
    [`${STAGING}/l1/tree/../../../etc/passwd`],
    ['none.c'],
    ['.'],
    ['/w/repo'],
  ])('%s is none of the repository', (file) => {
    const all = new Locator('/w/repo', (path) => path !== '/w/repo/none.c');
    all.addStaging(STAGING);
    expect(all.file(spot(file), ['/w/repo'])).toBe(undefined);
  });

  test('relative to a make that has run, if to one only', () => {
    const made = locator('d/a.c', 'd/b.c', 'e/b.c');
    made.addMake('/w/repo/d');
    made.addMake('/w/repo/e');
    expect(made.file(spot('a.c'), ['/w/repo'])).toBe('d/a.c');
    expect(made.file(spot('b.c'), ['/w/repo'])).toBe(undefined);
  });

  test('of which a linker knows the last part alone stands beside its object', () => {
    expect(locator('lib/a.c', 'a.c').file({ ...spot('a.c'), object: 'lib/a.o' }, ['/w/repo'])).toBe('lib/a.c');
  });
});

describe('a problem', () => {
  test('outside of the repository is at the nearest place inside from which the tool came', () => {
    const found = locator('a.c', 'b.h').locate(
      problem(spot('/usr/x.h'), [spot('/usr/y.h'), spot('b.h', 2), spot('a.c', 3)]),
      [],
    );
    expect(found).toEqual({ file: 'b.h', line: 2, column: undefined, indirect: true });
  });

  test('starts from where make was, before all else', () => {
    const found = locator('d/a.c', 'e/a.c').locate(problem(spot('a.c', 7), [], '/w/repo/e'), ['/w/repo/d']);
    expect(found).toMatchObject({ file: 'e/a.c', line: 7, indirect: false });
  });

  test('of which no place is known', () => {
    expect(locator('a.c').locate(problem(undefined), ['/w/repo'])).toBe(undefined);
  });
});

describe('a name that some make has said', () => {
  const said: Diagnostic = { ...problem(spot('Makefile', 4)), directory: undefined };
  const located = (made: Locator): string | undefined => made.locate(said, [])?.file;
  /** Files by the number of their lines. */
  function makes(lengths: Record<string, number>): Locator {
    const made = new Locator('/w/repo', (path, line = 0) => line <= (lengths[path.slice('/w/repo/'.length)] ?? -1));
    for (const one of ['/w/repo', '/w/repo/d', '/w/repo/e']) made.addMake(one);
    return made;
  }

  test('is a place where one of them alone has such a line', () => {
    expect(located(makes({ Makefile: 3, 'd/Makefile': 4 }))).toBe('d/Makefile');
    expect(located(makes({ Makefile: 4, 'd/Makefile': 4 }))).toBe(undefined);
    expect(located(makes({ Makefile: 3, 'd/Makefile': 3 }))).toBe(undefined);
  });

  test('is none where one ran nobody knows where', () => {
    const made = makes({ 'd/Makefile': 4 });
    made.addMakeElsewhere();
    expect(located(made)).toBe(undefined);
  });
});

test('only files are places, and lines that they have', async () => {
  const root = await mkdtemp(join(tmpdir(), 'locator-'));
  try {
    await mkdir(join(root, 'lib'));
    await writeFile(join(root, 'a.c'), 'one\ntwo');
    const made = new Locator(root);
    expect([made.file(spot('lib'), [root]), made.file(spot('a.c/b'), [root])]).toEqual([undefined, undefined]);
    expect([2, 3].map((line) => made.fileIn(root, spot('a.c', line)))).toEqual(['a.c', undefined]);
  } finally {
    await rm(root, { recursive: true });
  }
});

test.each([
  ['cc make.c', []],
  ['make all', ['/w/repo']],
  ['make -C sub all', ['/w/repo', '/w/repo/sub']],
  ['/usr/bin/gmake -kCsub', ['/w/repo', '/w/repo/sub']],
  ["make --directory='my sub'", ['/w/repo', '/w/repo/my sub']],
  ['cd a && make -C ../b', ['/w/repo', '/w/repo/a', '/w/b', '/w/repo/b']],
  ['for d in a b; do make -C $d; done', undefined],
  ['for d in a b; do (cd "$d" && make); done', undefined],
  ['make -C sub$x', undefined],
  [`make${'('.repeat(60_000)}`, []],
])('makes of %j', (command, expected) => {
  expect(makesOf(command, '/w/repo')).toEqual(expected);
});

test.each([
  ['cd sub && cc a.c', ['/w/repo/sub']],
  ["cd 'my sub' ; cd -- ../x && cc a.c", ['/w/repo/x', '/w/repo/my sub']],
  ['(cd /abs; cc a.c)', ['/abs']],
  ['for d in a b; do cd $d; make; done', []],
  ['abcd sub', []],
  ['cd - && cd', []],
  ['\n'.repeat(60_000), []],
])('directories of %j', (command, expected) => {
  expect(directoriesOf(command, '/w/repo')).toEqual(expected);
});
