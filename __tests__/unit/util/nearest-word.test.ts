import { expect, test } from '@jest/globals';
import { nearestWord } from '../../../src/util/nearest-word.ts';

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

test('letters are the same large and small, and the word comes as it is', () => {
  expect(nearestWord('startp', ['STARTUP', 'COLOR'])).toBe('STARTUP');
  expect(nearestWord('COLR', ['STARTUP', 'COLOR'])).toBe('COLOR');
});

test('a long text is near nothing, even its own twin', () => {
  const long = 'f'.repeat(200_000);
  expect(nearestWord(`${long}x`, [long])).toBeUndefined();
});

test('no letter is like another', () => {
  expect(nearestWord('a', ['b'])).toBeUndefined();
});
