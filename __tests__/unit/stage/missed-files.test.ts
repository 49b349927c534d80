import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Stage, Text } from '../../../src/engine/ports.ts';
import { complaints } from '../../../src/stage/view/missed-files.ts';
import { createStage } from '../../../src/stage/stage.ts';
import { fsPath, type Bytes } from '../../../src/util/bytes.ts';
import { job, scratch } from './tree-copy.ts';

describe('what tools say', () => {
  test.each<[string, Bytes]>([
    ['cat: x.txt: No such file or directory', 'x.txt'],
    ['cat: with: colon: No such file or directory', 'with: colon'],
    ["cat: 'with blank': No such file or directory", 'with blank'],
    ["ls: cannot access 'x.txt': No such file or directory", 'x.txt'],
    ["cp: cannot stat 'd/x.txt': No such file or directory", 'd/x.txt'],
    ['cp: cannot stat \xe2\x80\x98x.txt\xe2\x80\x99: No such file or directory', 'x.txt'],
    ["sed: can't read x.txt: No such file or directory", 'x.txt'],
    ['grep: x.txt: No such file or directory', 'x.txt'],
    ['sh: 1: cannot open x.txt: No such file', 'x.txt'],
    ['/bin/sh: 1: ./gen.sh: not found', './gen.sh'],
    ['bash: line 1: ./gen.sh: No such file or directory', './gen.sh'],
    ['awk: cannot open x.awk (No such file or directory)', 'x.awk'],
    ['mawk: cannot open x.txt (No such file or directory)', 'x.txt'],
    ["awk: cmd. line:1: fatal: cannot open file `x.txt' for reading: No such file or directory", 'x.txt'],
    ['src/a.c:3:10: fatal error: config.h: No such file or directory', 'config.h'],
    ["src/a.c:3:10: fatal error: 'config.h' file not found", 'config.h'],
    ['cc1: fatal error: src/a.c: No such file or directory', 'src/a.c'],
    ['gcc: error: a.o: No such file or directory', 'a.o'],
    ["clang: error: no such file or directory: 'a.o'", 'a.o'],
    ['/usr/bin/ld: cannot find a.o: No such file or directory', 'a.o'],
    ['/usr/bin/ld: cannot find -lfoo: No such file or directory', 'libfoo.a'],
    ['/usr/bin/ld: cannot find -lfoo', 'libfoo.so'],
    ['/usr/bin/ld: cannot find -l:libfoo.so.1', 'libfoo.so.1'],
    ['/usr/bin/ld: cannot open linker script file x.ld: No such file or directory', 'x.ld'],
    ['ar: a.o: No such file or directory', 'a.o'],
    ["python3: can't open file '/w/gen.py': [Errno 2] No such file or directory", '/w/gen.py'],
    ["FileNotFoundError: [Errno 2] No such file or directory: 'x.txt'", 'x.txt'],
    [`Can't open perl script "gen.pl": No such file or directory`, 'gen.pl'],
    ["Can't locate My/Module.pm in @INC (you may need to install the My::Module module)", 'My/Module.pm'],
    ["Error: ENOENT: no such file or directory, open 'x.txt'", 'x.txt'],
    ["Error: Cannot find module '/w/gen.js'", '/w/gen.js'],
    ['cat: \xe9\xff: No such file or directory', '\xe9\xff'],
  ])('%s', (line, name) => {
    expect(complaints(`before\n${line}\nbehind\n`).map((one) => one.name)).toContain(name);
  });

  test.each([
    "make: *** No rule to make target 'x.txt', needed by 'all'.  Stop.",
    'a.c:1:5: error: unknown type name x.txt',
    'x.txt',
    'sh: 1: gen: not found',
  ])('nothing exact: %s', (line) => {
    expect(complaints(line)).toEqual([]);
  });
});

describe('what of it a job was not shown', () => {
  let root: Bytes;
  let stage: Stage;

  beforeEach(async () => {
    root = scratch();
    stage = createStage(root, () => undefined, { declared: true });
    for (const path of ['include/sub', 'd', 'one', 'two', 'three', 'four']) {
      mkdirSync(`${root}/${path}`, { recursive: true });
    }
    for (const path of ['x.txt', 'd/x.txt', 'd/own.txt', 'include/sub/config.h', 'libfoo.a', '\xe9\xff']) {
      writeFileSync(fsPath(`${root}/${path}`), '');
    }
    for (const path of ['one', 'two', 'three', 'four']) writeFileSync(`${root}/${path}/many.h`, '');
    for (const path of ['one', 'two']) writeFileSync(`${root}/${path}/few.h`, '');
    symlinkSync('x.txt', `${root}/link`);
    await stage.survey();
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const missed = (text: Bytes, visible: Bytes[] = [], directory = root): readonly Bytes[] => {
    const output: Text[] = [{ descriptor: 2, data: Buffer.from(text, 'latin1') }];
    return stage.missed({ ...job('x'), directory }, visible, output);
  };
  const none = (name: Bytes): Bytes => `cat: ${name}: No such file or directory\n`;

  test('by its path from where the job ran', () => {
    expect(missed(none('x.txt'))).toEqual(['x.txt']);
    expect(missed(none('x.txt'), [], `${root}/d`)).toEqual(['d/x.txt']);
    expect(missed(none('../x.txt') + none('./own.txt'), [], `${root}/d`)).toEqual(['x.txt', 'd/own.txt']);
    expect(missed(none(`${root}/d/x.txt`))).toEqual(['d/x.txt']);
    expect(missed(none('\xe9\xff') + none('link'))).toEqual(['\xe9\xff', 'link']);
  });

  test('not what it was shown, what is not there, what is outside, directories', () => {
    expect(missed(none('x.txt'), ['x.txt'])).toEqual([]);
    expect(missed(none('d/x.txt'), ['d/'])).toEqual([]);
    expect(missed(none('nothing') + none('own.txt') + none('/etc/passwd') + none('../x.txt') + none('d'))).toEqual([]);
  });

  test('headers and libraries wherever they are, when few are meant', () => {
    expect(missed('a.c:1:2: fatal error: config.h: No such file or directory')).toEqual(['include/sub/config.h']);
    expect(missed("a.c:1:2: fatal error: 'sub/config.h' file not found")).toEqual(['include/sub/config.h']);
    expect(missed('a.c:1:2: fatal error: onfig.h: No such file or directory')).toEqual([]);
    expect(missed('a.c:1:2: fatal error: few.h: No such file or directory')).toEqual(['one/few.h', 'two/few.h']);
    expect(missed('a.c:1:2: fatal error: few.h: No such file or directory', ['one/few.h'])).toEqual(['two/few.h']);
    expect(missed('a.c:1:2: fatal error: many.h: No such file or directory')).toEqual([]);
    expect(missed('ld: cannot find -lfoo: No such file or directory')).toEqual(['libfoo.a']);
  });

  test('each once, over pieces, errors first; megabytes are looked at in part', () => {
    const text = none('x.txt') + none('./x.txt');
    const pieces: Text[] = [...text].map((letter) => ({ descriptor: 2, data: Buffer.from(letter) }));
    expect(stage.missed({ ...job('x'), directory: root }, [], pieces)).toEqual(['x.txt']);
    const noise: Text = { descriptor: 1, data: Buffer.alloc(5 << 20, 'noise\n') };
    const error: Text = { descriptor: 2, data: Buffer.from(none('x.txt')) };
    const plain = { ...job('x'), directory: root };
    expect(stage.missed(plain, [], [noise, error])).toEqual(['x.txt']);
    expect(stage.missed(plain, [], [noise, { ...error, descriptor: 1 }])).toEqual([]);
  });

  test('a line without an end takes no time', () => {
    const begin = performance.now();
    for (const text of [
      `: ${"'x ".repeat(300_000)}`,
      'cannot open '.repeat(80_000),
      `${': '.repeat(500_000)}no such file or directory`,
    ]) {
      missed(text);
    }
    expect(performance.now() - begin).toBeLessThan(20_000);
  });

  test.each([
    'cat x.txt',
    'cp x.txt y',
    'sed p x.txt',
    'grep x x.txt',
    'sort x.txt',
    '. ./x.txt',
    './x.txt',
    'cat <x.txt',
    'perl x.txt',
    'ls x.txt',
    'wc -c x.txt',
    'head x.txt',
    'tar cf y x.txt',
    'cmp x.txt x.txt',
    'python3 x.txt',
    'cc -c -x c x.txt',
    'echo \'#include "x.txt"\' | cc -E -x c -',
    'cc x.txt',
    'ar rc lib.a x.txt',
    'awk 1 x.txt',
    'awk -f x.txt',
  ])('as this machine says it: %s', (command) => {
    const there = scratch();
    try {
      execFileSync('sh', ['-c', `command -v ${command.split(' ')[0]}`]);
    } catch {
      // A tool that this machine has not says nothing.
      return;
    }
    const { stderr } = spawnSync('sh', ['-c', command], { cwd: there });
    rmSync(there, { recursive: true });
    // Some say where they looked.
    expect(missed(stderr.toString('latin1').replaceAll(there, root))).toEqual(['x.txt']);
  });
});
