import { expect, test } from '@jest/globals';

import { withLastMakefile } from '../../../src/make/make-calls.ts';

const LAST = '/run/last.mk';

function full(
  words: readonly string[],
  makefiles: Record<string, string> = { '/w': 'Makefile', '/w/sub': 'makefile' },
) {
  const call = { directory: '/w', environment: ['HOME=/home/me'], lastMakefile: LAST };
  return withLastMakefile(words, call, (directory) => Promise.resolve(makefiles[directory]));
}

test.each([
  [[], ['-f', 'Makefile', '-f', LAST]],
  [
    ['all', '-k'],
    ['all', '-k', '-f', 'Makefile', '-f', LAST],
  ],
  [
    ['-C', 'sub'],
    ['-C', 'sub', '-f', 'makefile', '-f', LAST],
  ],
  [
    ['-C', 'sub', '-C', '..'],
    ['-C', 'sub', '-C', '..', '-f', 'Makefile', '-f', LAST],
  ],
  [
    ['-f', 'x'],
    ['-f', 'x', '-f', LAST],
  ],
  [['-f-'], ['-f-', '-f', LAST]],
  [
    ['--', '-x'],
    ['-f', 'Makefile', '-f', LAST, '--', '-x'],
  ],
])('%j', async (words, expected) => {
  expect(await full(words)).toEqual(expected);
});

test.each([[['-f', 'Makefile', '-f', LAST]], [['--version']], [['-h']], [['-C', 'elsewhere']], [['-f']], [['--bad']]])(
  '%j stays',
  async (words) => {
    expect(await full(words)).toEqual(words);
  },
);
