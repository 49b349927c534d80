import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ownEnvironment } from '../../../src/make/environment.ts';
import { makefileMacros } from '../../../src/make/makefile-macros.ts';
import { findMake } from '../../../src/make/real-make.ts';
import { encode } from '../../../src/util/bytes.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'macros-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function macros(
  files: Record<string, string>,
  words: readonly string[] = [],
  environment: readonly string[] = [],
): Promise<Record<string, string>> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const own = ownEnvironment().filter((entry) => !/^(?:DMAKE_|MAKE)/.test(entry));
  const found = await makefileMacros(['DMAKE_GROUP', 'DMAKE_MODE'], {
    make: await findMake('make', encode(process.env['PATH'] ?? '')),
    arguments: words,
    directory,
    environment: [...own, ...environment],
  });
  return Object.fromEntries(found);
}

test.each<[string, Record<string, string>, string[], string[], Record<string, string>]>([
  ['none', { Makefile: 'all: ; touch ran\n' }, [], [], {}],
  ['no makefile at all', {}, [], [], {}],
  [
    'expanded',
    { Makefile: 'A = fast\nDMAKE_GROUP := $(A) ones # really\nall:\n' },
    [],
    [],
    { DMAKE_GROUP: 'fast ones' },
  ],
  ['the last one counts', { makefile: 'DMAKE_MODE = a\nDMAKE_MODE = b\n' }, [], [], { DMAKE_MODE: 'b' }],
  ['of the command line', { Makefile: 'all:\n' }, ['DMAKE_GROUP=x'], [], { DMAKE_GROUP: 'x' }],
  ['which is above the makefile', { Makefile: 'DMAKE_GROUP=a\n' }, ['DMAKE_GROUP=x'], [], { DMAKE_GROUP: 'x' }],
  ['not of the environment', { Makefile: '# DMAKE_GROUP\nall:\n' }, [], ['DMAKE_GROUP=x'], {}],
  ['nor where -e puts that first', { Makefile: 'DMAKE_GROUP=a\nall:\n' }, ['-e'], ['DMAKE_GROUP=x'], {}],
  [
    'set where the environment says nothing',
    { Makefile: 'DMAKE_MODE ?= d\n' },
    [],
    ['DMAKE_GROUP=x'],
    { DMAKE_MODE: 'd' },
  ],
  [
    'in an included file',
    { Makefile: 'include a/b.mk\n', 'a/b.mk': '-include c.mk\n', 'c.mk': 'DMAKE_GROUP=c\n' },
    [],
    [],
    { DMAKE_GROUP: 'c' },
  ],
  [
    'files that include each other',
    { Makefile: 'ifndef X\nX=1\ninclude Makefile\nendif\nDMAKE_GROUP=m\n' },
    [],
    [],
    { DMAKE_GROUP: 'm' },
  ],
  [
    'another makefile, another directory',
    { 'd/x.mk': 'DMAKE_GROUP=d\n' },
    ['-C', 'd', '-fx.mk', 'goal'],
    [],
    { DMAKE_GROUP: 'd' },
  ],
  [
    'with what it prints besides',
    { Makefile: '$(info hello)\nDMAKE_GROUP=d\n$(warning ho)\n' },
    ['-s', '-j4'],
    [],
    { DMAKE_GROUP: 'd' },
  ],
  ['behind an error nothing is known', { Makefile: 'DMAKE_GROUP=d\n$(error no)\n' }, [], [], {}],
  ['from standard input it cannot be told', { Makefile: 'DMAKE_GROUP=d\n' }, ['-f', '-'], [], {}],
  ['nothing is asked for --version', { Makefile: 'DMAKE_GROUP=d\n' }, ['--version'], [], {}],
])('%s', async (_what, files, words, environment, expected) => {
  expect(await macros(files, words, environment)).toEqual(expected);
});

test('nothing is made or remade', async () => {
  const files = { Makefile: 'DMAKE_GROUP=d\ninclude x.mk\nall: ; touch ran\nx.mk: ; touch remade; echo >x.mk\n' };
  expect(await macros(files)).toEqual({ DMAKE_GROUP: 'd' });
  expect(readdirSync(directory)).toEqual(['Makefile']);
});
