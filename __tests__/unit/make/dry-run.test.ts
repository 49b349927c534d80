import { expect, test } from '@jest/globals';
import { isDryRunSafe, writesWhenExpanded } from '../../../src/make/dry-run.ts';

test.each([
  'SHELL = /bin/bash\n.SHELLFLAGS := -ec\noverride SHELL := $(shell command -v sh)\nexport SHELL\n',
  'a: ; $(SHELL) ./configure CONFIG_SHELL="$$SHELL"\n\t$(MAKE) SHELL=/bin/bash\n',
  'ifdef SHELL\n# a: SHELL = x\nendif\nX := $(origin SHELL) ${.SHELLFLAGS} $(SHELL:/bin/%=%)\n',
  'MY_SHELL = x\na: SHELLS = x\n',
])('a dry run of %j is safe', (text) => {
  expect(isDryRunSafe(text, ['SHELL=/bin/bash', '-k'])).toBe(true);
});

test.each([
  'a: SHELL = /bin/bash\n',
  'a: \\\n  .SHELLFLAGS=-c\n',
  '%.o: private SHELL := x\n',
  'a: override .SHELLFLAGS += -c\n',
  'define rule\n$(1): SHELL = x\nendef\n',
  'define rule\n\t$(1): SHELL = x\nendef\n',
  '$(eval a: SHELL = x)\n',
  'all: ; @:\n\t$(eval a: SHELL=x)\n',
  'N = SHELL\na: $(N) = x\n',
  '$(call set,.SHELLFLAGS,-c)\n',
  'define SHELL\nx\nendef\n',
  '# $(eval a: SHELL = x)\n',
  'load mk_temp.so\n',
  '$(file >x)\n',
])('a dry run of %j is not', (text) => {
  expect(isDryRunSafe(text, [])).toBe(false);
});

test('a makefile in the arguments counts', () => {
  expect(isDryRunSafe('', ['--eval=a: SHELL = x'])).toBe(false);
  expect(isDryRunSafe('', ['X=1'])).toBe(true);
});

test.each([
  ['$(file >x,y)', true],
  ['${file\t<x}', true],
  ['$(call file,>x,y)', true],
  ['$(guile (f))', true],
  ['$(file) $(files x) $(call files,x)', false],
])('whether expanding %j writes: %j', (text, writes) => {
  expect(writesWhenExpanded(text)).toBe(writes);
});
