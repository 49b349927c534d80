import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keepEnd, keepStart, padEnd, padStart, seen, widthOf } from '../../../../src/report/text-width.ts';

const CONTROL = /\p{Cc}/u;

describe('widthOf', () => {
  test.each([
    ['src/main.o', 10],
    ['', 0],
    ['日本.o', 6],
    ['e\u0301.o', 3],
    ['é.o', 3],
    ['한', 2],
    ['👍', 2],
  ])('%j', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });
});

describe('seen', () => {
  test.each([
    ['plain/name.o', 'plain/name.o'],
    ['a\nb', 'a b'],
    ['a\tb', 'a b'],
    ['\x1b[31mred\x1b[0m\x1b[2J\x1b]0;title\x07', 'red'],
    // A family of one glyph or of three, as the terminal likes.
    ['👩\u200d👩\u200d👦', '👩👩👦'],
    ['a\u202eb\u200bc', 'abc'],
    ['\ud800x', '\ufffdx'],
    ['a\u0301\u0301\u0301\u0301\u0301\u0301\u0301', 'a\u0301\u0301\u0301\u0301'],
  ])('%j', (text, shown) => {
    expect(seen(text)).toBe(shown);
  });

  test('a long name keeps its end', () => {
    const shown = seen(`${'directory/'.repeat(100_000)}main.o`);
    expect(shown).toMatch(/^\.\.\.[^]*directory\/main\.o$/);
    expect(shown.length).toBeLessThan(700);
  });

  test('never a control character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 30 }),
        fc.constantFrom('', '\x1b', '\x1b[', '\x1b[31m'),
        (a, b) => {
          expect(seen(a + b + a)).not.toMatch(CONTROL);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test.each([
  [keepStart, 'build-machine', 8, 'build...'],
  [keepStart, 'build', 5, 'build'],
  [keepStart, 'build', 2, '..'],
  [keepStart, '日本語日本語', 8, '日本...'],
  [keepEnd, 'src/core/main.o', 10, '...main.o'.padStart(10, '/').replace('/...', '.../')],
  [keepEnd, '日本語.o', 6, '....o'],
  [keepEnd, 'e\u0301e\u0301e\u0301e\u0301', 3, '...'],
  [keepEnd, 'main.o', 0, ''],
] as const)('%p %j in %d columns', (cut, text, columns, shown) => {
  expect(cut(text, columns)).toBe(shown);
});

test('what is cut fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(30), (name, columns) => {
      const text = seen(name);
      expect(widthOf(keepStart(text, columns))).toBeLessThanOrEqual(columns);
      expect(widthOf(keepEnd(text, columns))).toBeLessThanOrEqual(columns);
    }),
  );
});

test('blanks count columns', () => {
  expect([padEnd('日', 4), padStart('日', 4), padEnd('long', 2)]).toEqual(['日  ', '  日', 'long']);
});
