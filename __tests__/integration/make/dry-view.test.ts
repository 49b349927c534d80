import { readdirSync } from 'node:fs';

import { expect, test } from '@jest/globals';

import { WorkView } from '../../../src/build/work-view.ts';
import { dryView } from '../../../src/make/dry-view.ts';
import type { BuildEvent } from '../../../src/model/event.ts';
import { encode } from '../../../src/util/bytes.ts';
import { deferred } from '../../../src/util/deferred.ts';
import { fetchGnuMake } from '../../../scripts/gnu-make.mjs';
import { baseEnvironment, MakeRig } from './make-rig.ts';

const MAKES = [
  ['make', 'make'],
  ['make 4.4.1', fetchGnuMake('4.4.1')],
] as const;

/** What is found in a directory with these files, and what is there afterwards. */
async function look(
  files: Record<string, string>,
  words: readonly string[] = [],
  { make = 'make', makefiles = ' Makefile', ends = false } = {},
) {
  const rig = await MakeRig.create('compiled', files, { make });
  try {
    const { run, broker } = rig;
    const call = { directory: encode(rig.directory), environment: baseEnvironment(), makefiles };
    const end = new AbortController();
    const view = dryView({ run, broker, make: rig.make, arguments: words, call, lines: [], signal: end.signal });
    if (ends) end.abort();
    const found = await view;
    const left = readdirSync(run.path).filter((name) => name.startsWith('probe'));
    return { found, there: readdirSync(rig.directory).sort(), left };
  } finally {
    await rig.close();
  }
}

const Makefile = [
  'OS := $(shell uname)',
  '-include gen.mk',
  'all: a.o b.o sub/deep done empty old',
  '\t@echo all',
  '%.o: %.c',
  '\tcc -c $<; touch hit',
  'a.c b.c: ; @touch $@',
  'sub/deep:',
  '\t+touch hit-plus',
  '\t$(MAKE) -C nowhere',
  'done: ; echo "x.mk:1: target \'zz\' does not exist"',
  'empty: ; $(NOTHING)',
  'old: ;@:',
  'gen.mk: ; touch hit-remade',
  'other: ; touch hit',
  '.PHONY: all sub/deep done',
  '',
].join('\n');

test.each(MAKES)('the targets whose recipes make would run, and nothing is run for it (%s)', async (_, make) => {
  const { found, there, left } = await look({ Makefile, old: '' }, ['-j3', 'all'], {
    make,
    makefiles: ' Makefile gen.mk',
  });
  // Whether what remakes a makefile is among them depends on the make: it has been run by then.
  expect(found?.filter((target) => target !== 'gen.mk')).toEqual([
    'a.c',
    'a.o',
    'b.c',
    'b.o',
    'sub/deep',
    'done',
    'all',
  ]);
  expect(there).toEqual(['Makefile', 'old']);
  expect(left).toEqual([]);
});

test.each(MAKES)('-B, -W and variables change the work as they do for the make itself (%s)', async (_, make) => {
  const text = 'all: x y $(MORE)\nx y z: in\n\ttouch $@\nin: ;\n';
  const files = { Makefile: text, in: '', x: '', y: '' };
  const targets = async (...words: string[]) => (await look(files, words, { make })).found;
  const all = [['x', 'y', 'z']];
  expect([await targets('-B', 'MORE=z')]).toEqual(all);
  expect([await targets('-W', 'in', '--eval=MORE := z')]).toEqual(all);
});

test.each([
  ['a $(shell) that may write', 'X := $(shell touch hit)\nall: ; echo\n', []],
  ['one among the arguments', 'Y := $(X)\nall: ; echo\n', ['X=$(shell touch hit)']],
  ['a shell for one target', 'all: SHELL = /bin/bash\nall: ; +touch hit\n', []],
  ['$(file)', 'all: ; $(file >hit,x)\n', []],
  ['a makefile from standard input', 'all: ; echo\n', ['-f', '-', '-f', 'Makefile']],
  ['a makefile that is not among those that were read', 'all: ; echo\n', ['-f', 'other.mk']],
  ['a goal that cannot be made', 'all: missing ; +touch hit\n', []],
  ['a dry run', 'all: ; +touch hit\n', ['-n']],
])('nothing is told of %s, and nothing is run for it', async (_, text, words) => {
  const { found, there } = await look({ Makefile: text }, words);
  expect([found, there]).toEqual([undefined, ['Makefile']]);
});

test('a view that is ended tells nothing, and its make is gone', async () => {
  const { found, left } = await look({ Makefile: 'all: ; echo\n' }, [], { ends: true });
  expect([found, left]).toEqual([undefined, []]);
});

test('names are bytes', async () => {
  const { found } = await look({ Makefile: 'all: \u00e4\n\u00e4: ; echo\n' });
  expect(found).toEqual([encode('\u00e4')]);
});

test('beside a build: told once it is known, anew when make has read its makefiles again, and not after the end', async () => {
  const rig = await MakeRig.create('compiled', { Makefile: 'all: a b\na: ; echo\nb: ; echo\n' });
  try {
    const { run, broker, make } = rig;
    const call = { directory: encode(rig.directory), environment: baseEnvironment(), makefiles: ' Makefile' };
    const options = (goal: string) => ({ run, broker, make, arguments: [goal], call, lines: [] });
    const told: BuildEvent[] = [];
    const known = deferred<undefined>();
    const view = new WorkView((event) => {
      told.push(event);
      known.resolve(undefined);
    }, 0);
    view.begin(options('a'));
    view.begin(options('b'));
    await known.promise;
    view.begin(options('a'));
    view.stop();
    // What began later has ended by now, had it not been stopped the one before would have as well.
    const ended = new AbortController();
    await dryView({ ...options('all'), signal: ended.signal });
    expect(told).toEqual([{ type: 'work-known', targets: ['b'] }]);
  } finally {
    await rig.close();
  }
});
