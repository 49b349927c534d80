import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { withLastMakefile } from '../../../src/make/make-calls.ts';
import { waitTarget } from '../../../src/make/mark-rules.ts';
import { probeMarks, type MarksFound } from '../../../src/make/marks-probe.ts';
import { NO_MARKS } from '../../../src/model/marks.ts';
import { MakeRig, TRANSPORTS } from './make-rig.ts';

async function probe(
  files: Record<string, string>,
  words: string[],
  { transport = TRANSPORTS[0] ?? 'compiled', window = 1 } = {},
) {
  const rig = await MakeRig.create(transport, files);
  const found: MarksFound[] = [];
  const made: boolean[] = [];
  const answers: (readonly string[])[] = [];
  try {
    rig.onParse = async (call) => {
      const context = { directory: rig.directory, environment: [], lastMakefile: rig.run.lastMakefile };
      const full = await withLastMakefile(words, context);
      const { run, broker, make } = rig;
      found.push(await probeMarks({ run, broker, make, arguments: full, call, timeout: 2000 }));
      made.push(existsSync(join(rig.directory, 'made')) || existsSync(join(rig.directory, 'gen.mk')));
      const lines = found.at(-1)?.lines ?? [];
      answers.push(lines.map((line) => line.replaceAll(rig.run.path, '/run')));
      call.answer(lines);
    };
    const { outcome, output } = await rig.runMake(words, { window });
    return { found, made, outcome, output, answers };
  } finally {
    await rig.close();
  }
}

test.each(TRANSPORTS)('the list is expanded, and nothing is made or run for it (%s)', async (transport) => {
  const Makefile = [
    'O = a.o b.o',
    '-include gen.mk',
    'all: made',
    'made:',
    '\t@echo x >$@; $(MAKE) -v >/dev/null',
    'gen.mk:',
    '\t@echo G=1 >$@',
    'ifdef MORE',
    '.DIST: $(O) %.lo',
    'endif',
    '.DIST: tool',
    '',
  ].join('\n');
  const { found, made, outcome } = await probe({ Makefile }, ['MORE=1', '-j4', 'all'], { transport });
  const marks = { ...NO_MARKS, dist: ['a.o', 'b.o', '%.lo', 'tool'], nested: ['made'] };
  const list = { marks, lines: [], problem: undefined };
  // The second parse is that of make after it made gen.mk.
  expect(found).toMatchObject([list, list]);
  expect(made).toEqual([false, true]);
  expect(outcome).toEqual({ kind: 'exited', status: 0 });
});

test('the list may be in an included file, in a directory of its own', async () => {
  const files = { 'sub/Makefile': 'include x.mk\nall: ; @:\n', 'sub/x.mk': '.DIST:\n' };
  const { found } = await probe(files, ['-C', 'sub']);
  expect(found).toMatchObject([{ marks: { ...NO_MARKS, dist: [] }, lines: [], problem: undefined }]);
});

test('no list, nothing asked: $(shell) runs once', async () => {
  const { found, output } = await probe({ Makefile: '$(shell echo x >&2)\nall: ; @: # .DISTANCE\n' }, []);
  expect(found).toMatchObject([{ marks: NO_MARKS, lines: [], problem: undefined }]);
  expect(output.match(/x/g)).toHaveLength(1);
});

test.each([
  ['all: ; $(file >x,y)@:\n', true],
  ['define w\n${file >x,y}\nendef\nall: ; @:\n', true],
  ['file = 1\nall: ; @: $(file)\n', false],
])('whether make writes while it expands: %j, %j', async (Makefile, writes) => {
  const { found } = await probe({ Makefile }, []);
  expect(found).toMatchObject([{ marks: { writes } }]);
});

test('what takes too long is given up', async () => {
  const Makefile = '$(shell if test -e again; then sleep 20; fi; touch again)\nall: ; @:\n.DIST: a\n';
  const { found, outcome } = await probe({ Makefile }, []);
  expect(found).toMatchObject([
    { marks: NO_MARKS, problem: 'make -pnq showed no data base within 2 s: the marks in the makefile do not count' },
  ]);
  expect(outcome).toEqual({ kind: 'exited', status: 0 });
});

test('what a dry run finds by implicit rules waits as well, and nothing runs for that', async () => {
  const Makefile = [
    'all: a .WAIT b.o ; @echo $@',
    'a: ; @sleep 0.1; echo $@',
    '%.o: %.c ; @echo $@; touch $@',
    '%.c: ; @echo $@; touch $@',
    'a: sub',
    'sub: ; +@echo $@ >>ran; $(MAKE) -v >/dev/null',
    '',
  ].join('\n');
  const { answers, output } = await probe({ Makefile }, [], { window: 4 });
  expect(answers).toEqual([
    [
      ...waitTarget(false),
      '/run/wait.0: | a',
      '/run/wait.0: .EXTRA_PREREQS :=',
      '.PHONY: /run/wait.0',
      'b.o b.c: | /run/wait.0',
      '.INTERMEDIATE: b.c',
    ],
  ]);
  expect(output.split('\n').slice(0, 4)).toEqual(['a', 'b.c', 'b.o', 'all']);
});

test.each([
  'a: \\\n  .SHELLFLAGS = -c',
  'define own\na: $(1) = -c\nendef\n$(eval $(call own,.SHELLFLAGS))',
  'a: .SHELLFLAGS = -c\nMAKEFILE_LIST := \ninclude more.mk',
])('where a target has a shell of its own nothing runs: %j', async (lines) => {
  const Makefile = `all: a .WAIT b\na b: ; +@echo x >made\n${lines}\n`;
  const { found, made, outcome } = await probe({ Makefile, 'more.mk': '# .WAIT\n' }, []);
  expect(found).toMatchObject([{ problem: undefined, goals: ['all'] }]);
  expect(made).toEqual([false]);
  expect(outcome).toEqual({ kind: 'exited', status: 0 });
});

test('a makefile from standard input is read from the copy that make keeps', async () => {
  const rig = await MakeRig.create(TRANSPORTS[0] ?? 'compiled', { m: 'all: ; @:\n.DIST: x y\n' });
  try {
    const found: MarksFound[] = [];
    rig.onParse = async (call) => {
      const { run, broker, make } = rig;
      const copy = `${rig.directory}/GmAbc123`;
      rig.write({ GmAbc123: 'all: ; @:\n.DIST: x y\n' });
      const seen = { ...call, makefiles: copy };
      found.push(await probeMarks({ run, broker, make, arguments: ['-f', '-'], call: seen }));
      call.answer();
    };
    await rig.runMake(['-f', 'm']);
    expect(found).toMatchObject([{ marks: { dist: ['x', 'y'], writes: false } }]);
  } finally {
    await rig.close();
  }
});
