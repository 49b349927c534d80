import { expect, test } from '@jest/globals';
import { nearestWord } from '../../../src/action/nearest-word.ts';

const words = ['fold', 'failures', 'plain'];

test.each([
  ['fold', 'fold'],
  ['Fold', 'fold'],
  ['flod', 'fold'],
  ['fol', 'fold'],
  ['foldd', 'fold'],
  ['failure', 'failures'],
  ['fialuers', 'failures'],
  ['plian', 'plain'],
  ['on', undefined],
  ['x', undefined],
  ['', undefined],
  ['verbose', undefined],
  ['f'.repeat(100_000), undefined],
])('%.20s: %s', (text, word) => {
  expect(nearestWord(text, words)).toBe(word);
});
