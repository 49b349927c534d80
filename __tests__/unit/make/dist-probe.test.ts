import { expect, test } from '@jest/globals';

import { parseDist } from '../../../src/make/dist-probe.ts';

const FILES = '# Files\n\nall: a\n#  File does not exist.\n\n';

test('prerequisites, order-only ones too', () => {
  expect(parseDist(`${FILES}.DIST: a.o lib/%.o | b\n#  Phony\n`)).toEqual(['a.o', 'lib/%.o', 'b']);
});

test('an empty list is a list', () => {
  expect(parseDist(`${FILES}.DIST:\n`)).toEqual([]);
});

test.each([
  ['not there', FILES],
  ['only a prerequisite of something', `${FILES}# Not a target:\n.DIST:\n`],
  ['the text of a variable', `define X\n\n.DIST: a\nendef\n${FILES}`],
  ['another name', `${FILES}.DISTCLEAN: a\n`],
])('%s', (_, database) => {
  expect(parseDist(database)).toBeUndefined();
});
