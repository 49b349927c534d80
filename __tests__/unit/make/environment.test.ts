import { expect, test } from '@jest/globals';

import { changeEnvironment, environmentValue, ownEnvironment, splitList } from '../../../src/make/environment.ts';

test('changes set and unset', () => {
  expect(changeEnvironment(['A=1', 'B=2=3', 'C='], ['B', 'C=x', 'D=y=z'])).toEqual(['A=1', 'C=x', 'D=y=z']);
});

test('a value may hold anything', () => {
  expect(environmentValue(['AB=0', 'A=1=2\n3'], 'A')).toBe('1=2\n3');
  expect(environmentValue(['AB=0'], 'A')).toBeUndefined();
});

test('our own environment has what was set since', () => {
  process.env['MAKE_TEST_OWN'] = 'caf\u00e9';
  try {
    expect(ownEnvironment()).toContain('MAKE_TEST_OWN=caf\xc3\xa9');
  } finally {
    delete process.env['MAKE_TEST_OWN'];
  }
});

test('fields may be empty', () => {
  expect(splitList('a\0\0b\0')).toEqual(['a', '', 'b']);
  expect(splitList('')).toEqual([]);
});
