import { expect, test } from '@jest/globals';

import { makeflagsWords, namesJobserver, withoutJobWords } from '../../../src/make/makeflags.ts';

test.each([
  ['ks', ['-ks']],
  ['-k --no-print-directory', ['-k', '--no-print-directory']],
  ['w -j3 --jobserver-auth=3,4 -- A=b\\ c D=\\\\', ['-w', '-j3', '--jobserver-auth=3,4', '--', 'A=b c', 'D=\\']],
  ['A=b', ['A=b']],
  [' ', []],
])('%j is read as make reads it', (text, words) => {
  expect(makeflagsWords([`MAKEFLAGS=${text}`])).toEqual(words);
});

test.each([
  ['j8', undefined],
  ['kj8', '-k'],
  ['k -j3 --jobserver-auth=fifo:/tmp/x -Oline -- A=b\\ c', '-k -- A=b\\ c'],
  [' -j --jobserver-fds=3,4 --', undefined],
  ['rR --no-print-directory', '-rR --no-print-directory'],
])('%j without its jobs', (text, kept) => {
  expect(withoutJobWords(text)).toBe(kept);
});

test.each([
  ['w -j3 --jobserver-auth=3,4', true],
  [' -j --jobserver-fds=3,4', true],
  ['k -j3 -Oline', false],
  ['-- A=--jobserver-auth=3,4', false],
])('%j comes from a make with a jobserver: %j', (text, is) => {
  expect(namesJobserver(text)).toBe(is);
});
