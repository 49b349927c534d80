import { expect, test } from '@jest/globals';
import { Exclusion } from '../../../src/stage/look/exclusion.ts';
import { encode } from '../../../src/util/bytes.ts';

test.each<[string[], string, boolean]>([
  [[], 'a', false],
  [['*.o'], 'd/x.o', true],
  [['*.o'], 'd/x.O', false],
  [['/build'], 'build', true],
  [['/build'], 'src/build', false],
  [['build/'], 'build', false],
  [['build/'], 'build/', true],
  [['build/'], 'src/build/deep/x', true],
  [['*.log', '!keep.log'], 'keep.log', false],
  [['logs/', '!logs/keep.log'], 'logs/keep.log', true],
  [['logs/*', '!logs/keep.log'], 'logs/keep.log', false],
  [['a/**/z'], 'a/b/c/z', true],
  [['# no pattern', '', '\\#x'], '#x', true],
  [['trailing   '], 'trailing', true],
  [['café*'], 'd/cafés', true],
  [['voilà'], 'voilà', true],
  [['with space'], 'with space', true],
  [['?'], '\n', true],
])('%j and %j: %j', (patterns, path, expected) => {
  const isDirectory = path.endsWith('/');
  const name = encode(isDirectory ? path.slice(0, -1) : path);
  expect(new Exclusion(patterns).excludes(name, isDirectory)).toBe(expected);
});

test('names that are no UTF-8 are matched byte by byte', () => {
  const exclusion = new Exclusion(['a*z', 'é']);
  expect(['a\xff\xfez', '\xe9', '\xc3\xa9'].map((path) => exclusion.excludes(path, false))).toEqual([
    true,
    false,
    true,
  ]);
});

test('answers stay the same over many questions', () => {
  const exclusion = new Exclusion(['d7/', '*3.c']);
  for (let n = 0; n < 20_000; n++) {
    const path = `d${n % 10}/${n}.c`;
    expect(exclusion.excludes(path, false)).toBe(n % 10 === 7 || n % 10 === 3);
  }
});
