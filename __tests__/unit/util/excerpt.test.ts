import { expect, test } from '@jest/globals';
import { excerpt } from '../../../src/util/excerpt.ts';

test.each([
  ['build1', '"build1"'],
  ['a b', '"a b"'],
  ['\x1b[31mred', '"\\x1b[31mred"'],
  ['one\ntwo', '"one\\x0atwo"'],
  ['4\u00a0', '"4\\xa0"'],
  ['\u202eevil', '"\\u{202e}evil"'],
  ['größe', '"größe"'],
])('%j is shown as %s', (text, shown) => {
  expect(excerpt(text)).toBe(shown);
});

test('long text is clipped, never inside a character', () => {
  expect(excerpt('😀'.repeat(50), 3)).toBe('"😀😀😀…"');
});
