import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { changeEnvironment, ownEnvironment } from '../../../src/make/environment.ts';
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
    environment: changeEnvironment(
      own,
      environment.map((entry) => entry.replace('HERE', directory)),
    ),
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
  [
    'included by a pattern',
    { Makefile: 'include mk/*.mk mk/[y]\n', 'mk/a.mk': 'DMAKE_GROUP=a\n', 'mk/y': 'DMAKE_MODE=y\n' },
    [],
    [],
    { DMAKE_GROUP: 'a', DMAKE_MODE: 'y' },
  ],
  [
    'included by variables, on lines that go on',
    {
      Makefile: 'E := e\nD = d/$E# here\ninclude $(D)/${F} \\\n  y.mk # no.mk\n',
      'd/e/x.mk': 'DMAKE_GROUP=v\n',
      'y.mk': '',
    },
    ['F=x.mk'],
    [],
    { DMAKE_GROUP: 'v' },
  ],
  [
    'included with $(eval) and $(wildcard)',
    { Makefile: '$(eval include $(wildcard mk/*))\n', 'mk/a.mk': 'include b.mk\n', 'b.mk': 'DMAKE_GROUP=b\n' },
    [],
    ['DMAKE_MODE=serial'],
    { DMAKE_GROUP: 'b' },
  ],
  [
    'found by -I',
    { Makefile: 'include x.mk\n', 'mk/x.mk': 'include y.mk\n', 'more/y.mk': 'DMAKE_GROUP=i\n' },
    ['-I', 'mk'],
    ['MAKEFLAGS=-Imore'],
    { DMAKE_GROUP: 'i' },
  ],
  ['of MAKEFILES', { Makefile: 'all:\n', 'x.mk': 'DMAKE_GROUP=m\n' }, [], ['MAKEFILES=x.mk'], { DMAKE_GROUP: 'm' }],
  ['of --eval', { Makefile: 'all:\n' }, ['--eval', 'DMAKE_GROUP=x'], [], { DMAKE_GROUP: 'x' }],
  [
    'included by --eval',
    { Makefile: 'all:\n', 'x.mk': 'DMAKE_GROUP=x\n' },
    ['--eval=include x.mk'],
    [],
    { DMAKE_GROUP: 'x' },
  ],
  [
    'included by a function, where the environment speaks of dmake',
    { Makefile: 'include $(addsuffix .mk,x)\n', 'x.mk': 'DMAKE_GROUP=f\n' },
    [],
    ['DMAKE_MODE=serial'],
    { DMAKE_GROUP: 'f' },
  ],
  [
    'included by a function, where there is a .dmakerc',
    { Makefile: 'include $(addsuffix .mk,x)\n', 'x.mk': 'DMAKE_GROUP=f\n', '.dmakerc': '' },
    [],
    ['HOME=HERE'],
    { DMAKE_GROUP: 'f' },
  ],
  ['a device that is empty', { Makefile: 'include /dev/null\nDMAKE_GROUP=n\n' }, [], [], { DMAKE_GROUP: 'n' }],
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

test('makefiles that say nothing of dmake are read once only, by the real make', async () => {
  const parts = Object.fromEntries(['a', 'b'].map((name) => [`.deps/${name}.Po`, `${name}.o: ${name}.c\n`]));
  const files = {
    ...parts,
    Makefile:
      '$(shell echo >>read)\nDEPDIR = .deps\ninclude ./$(DEPDIR)/a.Po # marker\n-include $(OBJS:.o=.d)\n' +
      'include x.make\ninclude .deps/*.Po\n',
    'x.make': 'all:\n',
  };
  expect(await macros(files)).toEqual({});
  expect(readdirSync(directory)).not.toContain('read');
  // The same with the macro: it would have been seen.
  expect(await macros({ ...files, '.deps/b.Po': 'DMAKE_GROUP = b\n' })).toEqual({ DMAKE_GROUP: 'b' });
  expect(readFileSync(join(directory, 'read'), 'latin1')).toBe('\n');
});

test.each([
  ['given', ['-f', 'pipe'], 'all:\n'],
  ['by default', [], undefined],
  ['included', ['DMAKE_MODE=x'], 'include pipe\n'],
])('a pipe is left to the real make: %s', async (_how, words, makefile) => {
  execFileSync('mkfifo', [join(directory, makefile === undefined ? 'Makefile' : 'pipe')]);
  expect(await macros(makefile === undefined ? {} : { Makefile: `DMAKE_GROUP=d\n${makefile}` }, words)).toEqual({});
});

test('what standard input is for us, it is not for a make that is asked', async () => {
  expect(await macros({ Makefile: 'DMAKE_GROUP=d\ninclude /dev/stdin\n' })).toEqual({});
});

test('no temporary file stays', async () => {
  const before = process.env['TMPDIR'];
  const temporary = join(directory, 'tmp of mine');
  mkdirSync(temporary);
  process.env['TMPDIR'] = temporary;
  try {
    expect(await macros({ Makefile: 'DMAKE_GROUP=d\n' }, [], [`TMPDIR=${temporary}`])).toEqual({ DMAKE_GROUP: 'd' });
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
  expect(readdirSync(temporary)).toEqual([]);
});
