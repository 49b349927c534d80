import { describe, expect, test } from '@jest/globals';
import { Concurrency, runsSeveral } from '../../../src/engine/concurrency.ts';
import { NO_MARKS, type MakeMarks } from '../../../src/model/marks.ts';

const allows = (marks: Partial<MakeMarks>, target: string, command = 'cc') =>
  new Concurrency({ ...NO_MARKS, ...marks }).allows(target, command);

describe('the decision table (D16), row by row: the first that says something counts', () => {
  const nested = { nested: ['t'] };
  test.each<[string, Partial<MakeMarks>, boolean]>([
    ['marked parallel', { ...nested, parallel: ['t'], bare: 'no-parallel' }, true],
    ['marked not parallel', { noParallel: ['t'], bare: 'parallel' }, false],
    ['bare .PARALLEL', { ...nested, bare: 'parallel' }, true],
    ['bare .NO_PARALLEL', { bare: 'no-parallel' }, false],
    ['its recipe calls make (D17)', nested, false],
    ['a pattern whose recipe calls make', { nested: ['%'] }, false],
    ['the same, but it has a recipe of its own', { nested: ['%'], notNested: ['t'] }, true],
    ['nothing said', {}, true],
  ])('%s', (_, marks, expected) => {
    expect(allows(marks, 't')).toBe(expected);
  });

  test('a first line that calls make counts as well', () => {
    expect([allows({}, 't', 'make -C x'), allows({ parallel: ['t'] }, 't', 'make -C x')]).toEqual([false, true]);
  });

  test('a name is stronger than a pattern; of two patterns the careful one counts', () => {
    const marks = { parallel: ['a.x', '%.y'], noParallel: ['%.x', 'b.y', 'c%'] };
    expect(['a.x', 'd.x', 'a.y', 'b.y', 'c.y'].map((target) => allows(marks, target))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});

test.each([
  ['', false],
  ['k', false],
  ['k -j1', false],
  [' -j1 --warn', false],
  [' -j', true],
  [' -j4 --jobserver-auth=3,4', true],
  ['s -j12 --jobserver-auth=fifo:/tmp/x', true],
  [' -- A=-jx', false],
])('recipes side by side by MAKEFLAGS %j: %j', (flags, expected) => {
  expect(runsSeveral(['A=-j4', `MAKEFLAGS=${flags}`])).toBe(expected);
});
