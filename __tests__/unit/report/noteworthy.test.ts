import { describe, expect, test } from '@jest/globals';
import { isMakeWarning, isNoteworthy } from '../../../src/report/noteworthy.ts';

describe('what log: failures shows of a recipe that passed', () => {
  test.each([
    ['a.c:1:1: warning: unused [-Wunused]', true],
    ['cc1: warning: x', true],
    ['\x1b[01m\x1b[Ka.c:1:1:\x1b[m\x1b[K \x1b[01;35m\x1b[Kwarning: \x1b[m\x1b[Kunused', true],
    [`a.c:1:1: warning: ${'x'.repeat(10_000)}`, true],
    ['ld: warning: x.o: missing .note', true],
    ['WARNING: old', true],
    ['make[1]: *** [Makefile:1: x] Error 1', true],
    ['make: [Makefile:1: x] Error 1 (ignored)', true],
    ['cc -c -Werror -Wno-error=x a.c', false],
    ['error.c', false],
    ['12:30:10: done', false],
  ])('%s: %s', (line, expected) => {
    expect(isNoteworthy(line)).toBe(expected);
  });

  test('of make itself also $(warning)', () => {
    expect(isMakeWarning('Makefile:3: set FOO')).toBe(true);
    expect(isMakeWarning("make: Nothing to be done for 'all'.")).toBe(false);
  });
});
