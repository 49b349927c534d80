import { describe, expect, test } from '@jest/globals';
import { chooseGroup, defaultGroup } from '../../../src/hosts/group.ts';
import { parseMatrix } from '../../../src/hosts/matrix.ts';
import { redistribute } from '../../../src/hosts/redistribute.ts';
import { failure } from './compact.ts';

describe('the group that is used (D5)', () => {
  const matrix = parseMatrix('a\ngroup day { b group night }\ngroup night { c }', 'the file');
  const plain = parseMatrix('a 1\nb 2', 'the file');

  test.each([
    [undefined, ['b', 'c']],
    ['day', ['b', 'c']],
    ['night', ['c']],
  ])('%s', (name, hosts) => {
    expect(chooseGroup(matrix, name, '-g').map((host) => host.name)).toEqual(hosts);
  });

  test('without formal groups the unnamed one is all there is', () => {
    expect(chooseGroup(plain, undefined, '-g')).toBe(plain.ungrouped);
    expect([defaultGroup(matrix), defaultGroup(plain)]).toEqual(['day', undefined]);
  });

  test('a group that is not defined', () => {
    expect(failure(() => chooseGroup(matrix, 'nihgt', 'input group'))).toBe(
      'input group: there is no group "nihgt" in the file: its groups are "day", "night"; did you mean "night"?',
    );
    expect(failure(() => chooseGroup(plain, 'day', '-g'))).toBe(
      '-g: there is no group "day" in the file: it has no groups',
    );
  });
});

describe('redistribution (D6)', () => {
  test.each([
    ['3 5', 11, '5 6'],
    ['3 5', 4, '1 3'],
    ['3 5', 8, '3 5'],
    ['3 5', 3, '0 3'],
    ['3 5', 1, '0 1'],
    ['3 5', 0, '0 0'],
    ['1 1 1', 2, '0 1 1'],
    ['1 9 1', 3, '0 3 0'],
    ['- 4', 7, '2 5'],
    ['2', 3_000_000_000, '3000000000'],
  ])('%s to %i', (before, jobs, after) => {
    const slots = before.split(' ');
    const hosts = parseMatrix(slots.map((_, index) => `h${index}`).join(' '), 'x', { format: 'd1make' }).hosts;
    const given = hosts.map((host, index) => ({
      ...host,
      slots: slots[index] === '-' ? undefined : Number(slots[index]),
    }));
    const expected = after.split(' ').flatMap((one, index) => (one === '0' ? [] : [[`h${index}`, Number(one)]]));
    expect(redistribute(given, jobs).map((host) => [host.name, host.slots])).toEqual(expected);
  });

  test('nothing is shared out among none', () => expect(redistribute([], 4)).toEqual([]));
});
