import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_MARKS } from '../../../src/model/marks.ts';
import { readDataBase } from '../../../src/make/data-base.ts';
import { readMarkTexts } from '../../../src/make/mark-lines.ts';
import { parseMarks } from '../../../src/make/marks-parse.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'distmake-marks-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const { writes: _writes, ...PLAIN } = NO_MARKS;

/** The marks that a real make and its makefile tell together. */
function marksOf(text: string, waits = true) {
  writeFileSync(join(folder, 'Makefile'), text);
  const { stdout } = spawnSync('make', ['-pnq', '-f', 'Makefile', '--eval', '.SUFFIXES:'], {
    cwd: folder,
    encoding: 'latin1',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  const rules = readDataBase(stdout);
  if (!rules) throw new Error(`no data base in ${stdout}`);
  return parseMarks(rules, readMarkTexts([{ name: 'Makefile', text }]), { directory: folder, waits });
}

test('a makefile without marks has none', () => {
  expect(marksOf('all: a\na: ; cc\n')).toEqual(PLAIN);
});

test('lists are expanded; of several marks for a target the last counts', () => {
  const marks = marksOf(`V = a b
.DIST: %.o $(V) | c
.PARALLEL: $(V) x y
.NO_PARALLEL: x z
.LOCAL: b l
.PARALLEL: z
all: ;
`);
  expect(marks).toEqual({
    ...PLAIN,
    dist: ['%.o', 'a', 'b', 'c'],
    local: ['b', 'l'],
    parallel: ['a', 'y', 'z'],
    noParallel: ['b', 'l', 'x'],
    dmake: true,
  });
});

test.each([
  ['.PARALLEL:', { bare: 'parallel', dmake: true }],
  ['.NO_PARALLEL: $(NONE)', { bare: 'no-parallel', dmake: true }],
  ['.NO_PARALLEL:\n.NO_PARALLEL: x', { bare: 'no-parallel', dmake: true, noParallel: ['x'] }],
  ['.PARALLEL:\n.NO_PARALLEL:', { bare: 'parallel', dmake: true }],
  ['.LOCAL:', { bare: 'no-parallel', dmake: true }],
  ['.LOCAL: $(NONE)', {}],
  ['.LOCAL: x', { local: ['x'], noParallel: ['x'] }],
  ['ifdef NONE\n.NO_PARALLEL:\nendif', {}],
  ['.DIST:', { dist: [] }],
  ['define X\n\n.DIST: a\nendef', {}],
  ['x: .DIST', {}],
  ['.DISTCLEAN: a', {}],
])('%j', (lines, expected) => {
  expect(marksOf(`all: ;\n${lines}\n`)).toEqual({ ...PLAIN, ...expected });
});

test('groups by what they join, or by where their recipe stands; all dmake, and so are their nested makes', () => {
  const marks = marksOf(`all: ;
a + b c: d
\tcc
G = e f
$(firstword $(G)) + \\
 $(lastword $(G)):

# more
\tcc
define rule
$(1).h + $(1).c: $(1).y ; yacc
endef
$(eval $(call rule,y))
one: ; cc
d:
\t@echo
\t@cd d && \${MAKE} x
%.q: ; @make -C q
one.q: ; cc
`);
  expect(marks).toEqual({
    ...PLAIN,
    dmake: true,
    groups: [['a', 'b'], expect.arrayContaining(['e', 'f']), expect.arrayContaining(['y.h', 'y.c'])],
    nested: expect.arrayContaining(['d', '%.q']),
    notNested: ['one.q'],
  });
});

test('groups whose sign is in a variable', () => {
  const marks = marksOf(`all: ;
G = a + b
define H
c + d
endef
N = $(shell expr 1 + 2)
$(N) x: ; cc
$(G): in ; cc
\${H}:
\tcc
in: ;
`);
  expect(marks.groups).toEqual([expect.arrayContaining(['a', 'b']), expect.arrayContaining(['c', 'd'])]);
});

test('a recipe that says .WAIT itself keeps it', () => {
  const text =
    'all: a .WAIT b ; echo .WAIT\nx: a .WAIT\nx.y: .WAIT a\n%.y: ; echo ".WAIT"\nx: ; echo a.WAIT\n%.z: .WAIT a ; .WAIT\na b .WAIT: ;\n';
  expect(marksOf(text).waits).toEqual(['x']);
});

test('lists with .WAIT, where make takes that for a file', () => {
  const text = 'all: a .WAIT b\n%.x: a .WAIT ; cc\na b: ; cc\n.WAIT:\n';
  expect(marksOf(text)).toEqual({ ...PLAIN, waits: ['%.x', 'all'] });
  expect(marksOf(text, false)).toEqual(PLAIN);
});
