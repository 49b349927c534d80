import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { graphDifference, parseGraph, type Graph } from '../../../src/make/dependency-graph.ts';
import { readCommand } from '../../../src/make/sub-make-command.ts';
import { callsMakeByPath, overlooked, parseTrial, planTrial, type Trial } from '../../../src/make/sub-make-trial.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'distmake-graph-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The graph that a real make tells, as the check asks it. */
function graphOf(makefile: string, words: readonly string[] = []): Graph {
  writeFileSync(join(folder, 'Makefile'), makefile);
  writeFileSync(join(folder, 'stop.mk'), '$(error stop)\n');
  const { stdout } = spawnSync('make', ['-pnq', '-f', 'Makefile', '-f', 'stop.mk', ...words], {
    cwd: folder,
    encoding: 'latin1',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  const graph = parseGraph(stdout);
  if (!graph) throw new Error(`no graph in ${stdout}`);
  return graph;
}

const asObject = (graph: Graph): Record<string, string[]> =>
  Object.fromEntries([...graph].map(([target, needed]) => [target, [...needed].sort()]));

describe('graph', () => {
  test('targets with their prerequisites, and nothing else of a data base', () => {
    const graph = graphOf(`
all: prog x | dir
prog: b.o a.o ; cc -o $@ $^
prog: c.o
%.o: %.c hdr.h | odir ; cc -c $<
%.o: %.S ; as $<
x:: a
	echo fake: one

x:: b
	echo x2
dir: ; mkdir $@
define LINES
abc: def

# Files
ghi: jkl
endef
t1: V = a: b
t1: private override W := c
define t2: X
one: two

three: four
endef
t1 t2: q
b.o: private W=1
.PHONY: all
odd: a c\\:d
`);
    expect(asObject(graph)).toEqual({
      '.DEFAULT_GOAL': ['all'],
      '.PHONY': ['all'],
      all: ['prog', 'x', '| dir'].sort(),
      prog: ['a.o', 'b.o', 'c.o'],
      '%.o': ['%.S', '%.c hdr.h | odir'],
      x: ['a', 'b'],
      dir: [],
      t1: ['q'],
      t2: ['q'],
      odd: ['a', 'c:d'],
    });
  });

  test('text that is no data base', () => {
    expect(parseGraph('make: *** No rule to make target\n')).toBeUndefined();
  });

  const difference = (there: string, here: string): string | undefined =>
    graphDifference(graphOf(there), graphOf(here));

  test.each([
    ['order and recipes', 'a: b c\n\tx\nd: e\n', 'a: c b ; y\nd: e\n', undefined],
    ['a target there', 'a: b\nhost: b\n', 'a: b\n', '"host" is a target there, not on the runner'],
    ['a target here', 'a: b\n', 'a: b\nz: b\ny: b\n', '"y" is a target on the runner, not there'],
    ['a prerequisite there', 'a: b c\n', 'a: b\n', '"a" needs "c" there, not on the runner'],
    ['a prerequisite here', 'a: b\n', 'a: b c\n', '"a" needs "c" on the runner, not there'],
    ['order-only is not normal', 'a: | b\n', 'a: b\n', '"a" needs "| b" there, not on the runner'],
    ['a pattern rule', '%.o: %.c\n\tcc\n', '%.o: %.c h\n\tcc\n', '"%.o" is made from "%.c" there, not on the runner'],
    [
      'what is made without a goal',
      'a: b\nc: b\n',
      'c: b\na: b\n',
      'without a goal it makes "a" there, "c" on the runner',
    ],
    ['several: the first by name', 'n: x\nb: x\n', 'n: y\nb: y\n', '"b" needs "x" there, not on the runner'],
  ])('%s', (_, there, here, expected) => {
    expect(difference(there, here)).toBe(expected);
  });

  test('names cannot do harm where they are shown', () => {
    const there = new Map([[`a\u001b[2J\n${'x'.repeat(500)}`, new Set<string>()]]);
    const text = graphDifference(there, new Map()) ?? '';
    expect(text).toMatch(/^"a\\x1b\[2J\\x0ax+…" is a target there/);
    expect(text.length).toBeLessThan(200);
  });
});

const SHELLS = [['dash'], ['bash'], ['busybox', 'sh']];

describe.each(SHELLS)('a trial in %s', (...shell) => {
  /** Every program that the trial starts by a plain name is the shell's own, or the system's. */
  function attempt(command: string): { readonly trial: Trial | undefined; readonly reason: string | undefined } {
    const argv = [...shell, '-c', command];
    const plan = planTrial({ argv, command }, { nonce: 'n0', lasting: false });
    if (typeof plan === 'string') return { trial: undefined, reason: plan };
    const [, , ...words] = plan.words;
    const [program = '', ...flags] = shell;
    mkdirSync(join(folder, 'tmp'), { recursive: true });
    const [text = '', ...rest] = words;
    // Detached: as a lane does, what a trial leaves is killed with its group.
    const { stdout, pid } = spawnSync('setsid', ['-w', program, ...flags, '-c', text, ...rest], {
      cwd: folder,
      env: { PATH: process.env['PATH'], TMPDIR: join(folder, 'tmp'), HOME: '/x' },
      encoding: 'latin1',
      timeout: 20_000,
    });
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has left nothing.
    }
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
    const trial = parseTrial(stdout);
    return { trial, reason: trial && overlooked(plan, trial) };
  }

  test('finds all makes where nothing else is done, with directories, words and environment', () => {
    mkdirSync(join(folder, 'sub'));
    const command = `set -e; for d in sub .; do (cd $d && A='b c
d' make all V="x  y" ''); done; unset HOME; exec gmake -k`;
    const { trial, reason } = attempt(command);
    expect(reason).toBeUndefined();
    expect(trial?.directory).toBe(folder);
    const calls = [...(trial?.calls ?? [])].sort((a, b) => (a.name + a.directory < b.name + b.directory ? -1 : 1));
    expect(calls).toEqual([
      { name: 'gmake', directory: folder, arguments: ['-k'], changes: ['HOME'] },
      { name: 'make', directory: folder, arguments: ['all', 'V=x  y', ''], changes: ['A=b c\nd'] },
      { name: 'make', directory: join(folder, 'sub'), arguments: ['all', 'V=x  y', ''], changes: ['A=b c\nd'] },
    ]);
  });

  test('stops at the first make where more is done', () => {
    writeFileSync(join(folder, 'Makefile'), 'all: ; touch built\n');
    const { trial, reason } = attempt('touch before; (make one | cat; touch behind) >out; touch after');
    expect(reason).toBeUndefined();
    expect(trial?.calls.map((call) => call.arguments)).toEqual([['one']]);
    expect(readdirSync(folder).sort()).toEqual(['Makefile', 'before', 'out', 'tmp']);
  });

  test('goes on where files are written, for they are thrown away', () => {
    mkdirSync(join(folder, 'a'));
    const { trial, reason } = attempt(
      'mkdir -p out/x; for d in a out; do make -C $d >out/"$d".log 2>&1 || exit 1; done; make z',
    );
    expect(reason).toBeUndefined();
    expect(trial?.calls.map((call) => [call.name, ...call.arguments].join(' ')).sort()).toEqual([
      'make -C a',
      'make -C out',
      'make z',
    ]);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['a.log', 'out.log', 'x']);
  });

  test.each([
    ['make a || make b', 'depends'],
    ['make a; [ -f out ] && make b; true', 'depends'],
    ['for d in . .; do make -C $d; done; [ -f out ] && make b; true', 'depends'],
    ['make a; cd made-by-it && make b', 'depends'],
    ['for d in . made-by-it; do cd $d && make || exit 1; done', 'depends'],
    ['[ -d none ] && make a; make b', undefined],
    ['false && make a && make b', undefined],
  ])('not all makes are found: %s', (command, expected) => {
    const { reason } = attempt(command);
    expect(reason).toEqual(expected && expect.stringContaining(expected));
  });

  test('a command that calls none, after all', () => {
    expect(attempt('false && make').trial?.calls).toEqual([]);
  });
});

test('a trial that broke off is none', () => {
  expect(parseTrial('')).toBeUndefined();
  expect(parseTrial('/w\0A=1\0\0make\0')).toBeUndefined();
});

test.each<[string, string, number, boolean?]>([
  ['make', 'none', 1],
  ['cd sub && make -j4 all', 'none', 1],
  ['A=1 make \'x;y\' "z" 2>&1 >/dev/null', 'none', 1],
  ['for d in a b; do make -C $d || exit 1; done', 'none', 1, true],
  ['if [ -f ${X} ]; then exec nice make; fi', 'none', 1],
  ['cd sub && \\\n make', 'none', 1],
  ['echo "it\'s; make"; make; echo \'"\'; make "$A" $?', 'none', 2],
  ['make > log', 'files', 1],
  ['mkdir -p out && make >>out/"$X" 2>&1; printf x >y', 'files', 1],
  ['make > /etc/log', 'more', 1],
  ['make && cp a b', 'more', 1],
  ['echo "it\'s"; rm a; echo "that\'s"; make', 'more', 1],
  ['make | tee log; make', 'more', 2],
  ['make `pwd`', 'more', 1],
  ['make "$(pwd)"', 'more', 1],
  ['nice touch x; make', 'more', 1],
  ['env A=1 sh x; make', 'more', 1],
  ["make 'a", 'more', 1],
  ['make $(x)', 'more', 1],
  ['case x in y) make;; esac', 'more', 1],
  ['make # x', 'more', 1],
  ['make a & make b & wait', 'more', 2],
  ['eval make', 'more', 1],
  ['make <<E\ntouch x\nE', 'more', 1],
  ['echo "make x"; touch y; make', 'more', 1],
  ['cd make && touch x; nice make', 'more', 1],
  ["sh -ec 'make a; make b'", 'more', 2],
  ['touch x; make; "$MAKE" b', 'more', 2],
  ['f() { make $1; }; f a; f b', 'more', 1, true],
  ['echo a b | xargs -n1 make -C', 'more', 1, true],
  ['while read d; do make -C $d; done <list', 'more', 1, true],
])('what a command does: %s', (command, effect, calls, repeats = false) => {
  const text = readCommand(command);
  expect({ ...text, calls: text.calls.length }).toEqual({ effect, calls, repeats });
  for (const { at, name } of text.calls) expect(command.slice(at, at + name.length)).toBe(name);
});

test.each([
  ['mkdir -p out; for d in a b; do make -C $d | cat; done', false, /again behind what cannot be tried/],
  ['make -C a | tee log; make -C b', false, /Put each make on a line of its own, or keep the target out of dist$/],
  ['echo line >>out; make -C sub', true, /with staging none it would do that twice/],
  ['mv src moved && make', true, /with staging none/],
])('what is not tried: %s', (command, lasting, expected) => {
  expect(planTrial({ argv: ['/bin/sh', '-c', command], command }, { nonce: 'n0', lasting })).toMatch(expected);
});

test('with staging none, what only calls make is tried all the same', () => {
  const command = 'cd sub && make -k >/dev/null';
  const plan = planTrial({ argv: ['/bin/sh', '-c', command], command }, { nonce: 'n0', lasting: true });
  expect(plan).toMatchObject({ numbered: 0, words: expect.arrayContaining([command]) });
});

test.each([
  ['make', false],
  ['cd /usr/make && make', false],
  ['cp /usr/bin/make x && make', false],
  ['/usr/bin/make all', true],
  ['make && ./gmake', true],
])('by a path: %s %s', (command, expected) => {
  expect(callsMakeByPath(command)).toBe(expected);
});
