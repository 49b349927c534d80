import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { bmakeDefaults } from '../../../src/make/bmake/defaults.ts';
import { bmakeMarks } from '../../../src/make/bmake/marks.ts';
import { bmakeArguments } from '../../../src/make/bmake/options.ts';
import { bmakeHandsOver } from '../../../src/make/bmake/run.ts';
import { BmakeTrace } from '../../../src/make/bmake/trace.ts';
import { bmakeVersion } from '../../../src/make/bmake/version.ts';
import { findProgram } from '../../../src/make/programs.ts';

const BMAKE = findProgram('bmake', process.env['PATH'] ?? '') ?? '';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bmake-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a bmake is known from other programs', async () => {
  expect(await bmakeVersion(BMAKE)).toMatch(/^20\d{6}$/);
  expect(await bmakeVersion(findProgram('make', process.env['PATH'] ?? '') ?? '')).toBeUndefined();
  expect(await bmakeVersion('/bin/echo')).toBeUndefined();
  expect(await bmakeVersion('bmake')).toBeUndefined();
});

test('options have their values, and may stand among goals', () => {
  const found = bmakeArguments(['-kj4', 'all', '-f', 'x.mk', 'A=b', '-D', 'X', '--', '-j9']);
  expect(found.options.map(({ letter, value }) => `${letter} ${String(value)}`)).toEqual([
    'k undefined',
    'j 4',
    'f x.mk',
    'D X',
  ]);
  expect(found.others).toEqual(['all', 'A=b', '-j9']);
});

test.each([
  [['-j4'], '', true],
  [['all'], ' -j 2 -J 15,16', true],
  [['all'], 'k', false],
  [['-k'], '', false],
  [['-V', '-j3'], '', false],
  [['-nj3'], '', false],
  [['-j3'], ' -n', false],
  [['-B', '-j3'], '', false],
  [['-f', '-j3'], '', false],
])('%j with the flags %j hands its recipes over: %j', (words, makeflags, expected) => {
  expect(bmakeHandsOver(words, [`MAKEFLAGS=${makeflags}`])).toBe(expected);
});

test.each<[string, Record<string, string>, string[], object]>([
  ['its defaults', { Makefile: '' }, [], { plainShell: true, makefile: 'Makefile' }],
  ['the other name', { makefile: '', Makefile: '' }, ['-r', '-j3'], { plainShell: true, makefile: 'makefile' }],
  ['another directory', { 'sub/Makefile': '' }, ['-C', 'sub'], { plainShell: true, makefile: 'Makefile' }],
  ['no makefile', {}, [], { plainShell: true, makefile: undefined }],
  [
    'a system that prefers other names',
    { 'mk/sys.mk': '.MAKE.MAKEFILE_PREFERENCE= BSDmakefile Makefile\n', BSDmakefile: '', Makefile: '' },
    ['-m', 'mk'],
    { plainShell: true, makefile: 'BSDmakefile' },
  ],
  [
    'a system with another shell',
    { 'mk/sys.mk': '.SHELL: name=sh path=/bin/bash\n', Makefile: '' },
    ['-mmk'],
    { plainShell: false, makefile: 'Makefile' },
  ],
  [
    'a system with the same shell, used otherwise',
    { 'mk/sys.mk': '.SHELL: name=sh path=/bin/sh hasErrCtl=yes check="set -e" ignore="set +e"\n', Makefile: '' },
    ['-mmk'],
    { plainShell: false, makefile: 'Makefile' },
  ],
])('without a word in a makefile: %s', async (_name, files, words, expected) => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const environment = [`PATH=${process.env['PATH'] ?? ''}`, 'MAKEFLAGS= -n -j 3'];
  const question = join(import.meta.dirname, '../../../src/assets/bmake-question.mk');
  expect(await bmakeDefaults({ make: BMAKE, words, directory, environment }, question)).toEqual(expected);
});

describe('the trace', () => {
  test('tells the target of a process, also of one that asks first', async () => {
    const file = join(directory, 'trace');
    writeFileSync(file, '1.5 0 BEG 10 /a b\n1.6 1 JOB 10 /a b x.o 11 1 b000001\n1.6 1 JOB 10 /a b su');
    const trace = new BmakeTrace(file);
    expect(await trace.take(11)).toEqual({ directory: '/a b', target: 'x.o', recursive: false });
    const late = trace.take(12);
    appendFileSync(file, 'b 12 0 b400201\n1.7 1 JOB 10 /a b echo-make 13 0 8400001\n');
    expect(await late).toEqual({ directory: '/a b', target: 'sub', recursive: true });
    expect(await trace.take(13)).toEqual({ directory: '/a b', target: 'echo-make', recursive: true });
  });

  test('forgets a process that has ended: its number may come again', async () => {
    const file = join(directory, 'trace');
    writeFileSync(file, '1.6 1 JOB 10 /a old 11 1 1\n1.6 1 DON 10 /a old 11 1 1\n');
    const late = new BmakeTrace(file).take(11);
    appendFileSync(file, '1.6 1 JOB 10 /a new 11 1 1\n');
    expect((await late)?.target).toBe('new');
  });
});

describe('.DIST and .LOCAL', () => {
  const read = (files: Record<string, string>, makefiles: string, words: string[] = [], makeflags = '') => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    mkdirSync(join(directory, 'scratch'));
    const environment = [`PATH=${process.env['PATH'] ?? ''}`, `MAKEFLAGS=${makeflags}`, 'MAKELEVEL=1'];
    const scratch = join(directory, 'scratch');
    return bmakeMarks({ make: BMAKE, arguments: words, directory, environment, makefiles, scratch });
  };

  test.each<[string, Record<string, string>, string, string[], string, string[] | undefined, string[]?]>([
    ['none', { Makefile: 'all:\n\ttouch ran\n' }, 'Makefile', [], '', undefined],
    [
      'by variables and loops, in more than one line',
      { Makefile: 'all: a.o\nN=x y\n.for n in ${N}\n.DIST: $n.o\n.endfor\n.DIST: lib/%.o\na.o:\n\ttouch ran\n' },
      '/usr/share/mk/sys.mk Makefile',
      [],
      '',
      ['x.o', 'y.o', 'lib/%.o'],
    ],
    [
      'in an included file, by a variable of the command line',
      { 'top.mk': '.include "dist.inc"\n', 'dist.inc': 'all:\n.DIST: ${WHICH} ${.MAKE.LEVEL}\n' },
      'top.mk dist.inc',
      ['-f', 'top.mk', '-j3', 'WHICH=one.o'],
      ' -j 3 -J 15,16 WHICH=one.o',
      ['one.o', '0'],
    ],
    [
      'what stays, alone',
      { Makefile: 'all:\n.LOCAL: x .WAIT .libs/y\n.LOCAL: %.txt\n' },
      'Makefile',
      [],
      '',
      undefined,
      ['x', '.libs/y', '%.txt'],
    ],
    ['only in a comment', { Makefile: '# .DIST\nall:\n' }, 'Makefile', [], '', undefined],
  ])('%s', async (_name, files, makefiles, words, makeflags, dist, local = []) => {
    expect(await read(files, makefiles, words, makeflags)).toEqual({ dist, local, problem: undefined });
    expect(readdirSync(directory).filter((name) => name === 'ran')).toEqual([]);
    expect(readdirSync(join(directory, 'scratch'))).toEqual([]);
  });
});
