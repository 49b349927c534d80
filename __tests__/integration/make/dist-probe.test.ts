import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { probeDist, type DistList } from '../../../src/make/dist-probe.ts';
import { withLastMakefile } from '../../../src/make/make-calls.ts';
import { MakeRig, TRANSPORTS } from './make-rig.ts';

async function probe(files: Record<string, string>, words: string[], transport = TRANSPORTS[0] ?? 'compiled') {
  const rig = await MakeRig.create(transport, files);
  const lists: DistList[] = [];
  const made: boolean[] = [];
  try {
    rig.onParse = async (call) => {
      const context = { directory: rig.directory, environment: [], lastMakefile: rig.run.lastMakefile };
      const full = await withLastMakefile(words, context);
      const { run, broker, make } = rig;
      lists.push(await probeDist({ run, broker, make: make.path, arguments: full, call, timeout: 2000 }));
      made.push(existsSync(join(rig.directory, 'made')) || existsSync(join(rig.directory, 'gen.mk')));
      call.answer();
    };
    const { outcome, output } = await rig.runMake(words);
    return { lists, made, outcome, output };
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
  const { lists, made, outcome } = await probe({ Makefile }, ['MORE=1', '-j4', 'all'], transport);
  const list = { writes: false, present: true, patterns: ['a.o', 'b.o', '%.lo', 'tool'], problem: undefined };
  // The second parse is that of make after it made gen.mk.
  expect(lists).toEqual([list, list]);
  expect(made).toEqual([false, true]);
  expect(outcome).toEqual({ kind: 'exited', status: 0 });
});

test('the list may be in an included file, in a directory of its own', async () => {
  const files = { 'sub/Makefile': 'include x.mk\nall: ; @:\n', 'sub/x.mk': '.DIST:\n' };
  const { lists } = await probe(files, ['-C', 'sub']);
  expect(lists).toEqual([{ writes: false, present: true, patterns: [], problem: undefined }]);
});

test('no list, nothing asked: $(shell) runs once', async () => {
  const { lists, output } = await probe({ Makefile: '$(shell echo x >&2)\nall: ; @: # .DISTANCE\n' }, []);
  expect(lists).toEqual([{ writes: false, present: false, patterns: [], problem: undefined }]);
  expect(output.match(/x/g)).toHaveLength(1);
});

test.each([
  ['all: ; $(file >x,y)@:\n', true],
  ['define w\n${file >x,y}\nendef\nall: ; @:\n', true],
  ['file = 1\nall: ; @: $(file)\n', false],
])('whether make writes while it expands: %j, %j', async (Makefile, writes) => {
  const { lists } = await probe({ Makefile }, []);
  expect(lists).toMatchObject([{ writes }]);
});

test('what takes too long is given up', async () => {
  const Makefile = '$(shell if test -e again; then sleep 20; fi; touch again)\nall: ; @:\n.DIST: a\n';
  const { lists, outcome } = await probe({ Makefile }, []);
  expect(lists).toMatchObject([{ present: false, problem: 'make -pnq did not show .DIST within 2 s' }]);
  expect(outcome).toEqual({ kind: 'exited', status: 0 });
});
