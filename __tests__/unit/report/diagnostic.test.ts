import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findDiagnostic, isMakeWarning, isNoteworthy } from '../../../src/report/diagnostic.ts';

const ROOT = '/w/repo';
const find = (output: string, directory = '/w/repo/src'): unknown => findDiagnostic(output, directory, ROOT);

describe('the first error that names a file below the root', () => {
  test.each([
    ['a.c:3:5: error: expected ;', { file: 'src/a.c', line: 3, column: 5, message: 'expected ;' }],
    ['a.c:3: error: x', { file: 'src/a.c', line: 3, column: undefined, message: 'x' }],
    [
      '../inc/a.h:1:10: fatal error: b.h: No such file',
      { file: 'inc/a.h', line: 1, column: 10, message: 'b.h: No such file' },
    ],
    ['/w/repo/x/y.cc:7:1: error: z', { file: 'x/y.cc', line: 7, column: 1, message: 'z' }],
    ['\x1b[1ma.c:3:5:\x1b[m \x1b[31merror: \x1b[mno', { file: 'src/a.c', line: 3, column: 5, message: 'no' }],
    [
      "/usr/bin/ld: a.c:12: undefined reference to `f'",
      { file: 'src/a.c', line: 12, message: "undefined reference to `f'" },
    ],
    ["/w/repo/m.c:3: undefined reference to `f'", { file: 'm.c', line: 3 }],
    [
      'Makefile:3: *** missing separator.  Stop.',
      { file: 'src/Makefile', line: 3, message: 'missing separator.  Stop.' },
    ],
    ['a.c:1:1: warning: w\na.c: In function f:\r\na.c:2:1: error: e\na.c:3:1: error: f', { line: 2 }],
    ['/usr/include/x.h:1:1: error: there\na.c:9:1: error: here', { file: 'src/a.c', line: 9 }],
    ['\xc3\xa9.c:1:1: error: \xe2\x80\x98x\xe2\x80\x99', { file: 'src/é.c', message: '‘x’' }],
  ])('%j', (output, expected) => {
    expect(find(output)).toMatchObject(expected);
  });

  test.each([
    ['/usr/include/x.h:1:1: error: outside'],
    ['../../other/a.c:1:1: error: outside'],
    ['a.c:1:1: warning: only that'],
    ['a.c:1:1: note: error: none'],
    ['error: no file'],
    [''],
  ])('none in %j', (output) => {
    expect(find(output)).toBeUndefined();
  });

  test('never leaves the root and never takes long, whatever is printed', () => {
    const piece = fc.constantFrom(':', '1', 'error: ', '*** ', '/', '..', 'a', '\n', ' ', 'ld: ', '\x1b[m', '\xff');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const found = findDiagnostic(pieces.join(''), '/w/repo/src', ROOT);
        expect(found?.file.startsWith('..') && !found.file.startsWith('...')).not.toBe(true);
        expect(found?.file.startsWith('/')).not.toBe(true);
      }),
      { numRuns: 1000 },
    );
    const start = performance.now();
    for (const text of ['ld: ', 'a:1', ':', '1', 'a.c:1:1: error: ']) find(text.repeat(1000));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('what log: failures shows of a recipe that passed', () => {
  test.each([
    ['a.c:1:1: warning: unused [-Wunused]', true],
    ['cc1: warning: x', true],
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
