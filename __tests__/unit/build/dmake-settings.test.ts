import { describe, expect, test } from '@jest/globals';
import { DmakeSettings, readOutputMode } from '../../../src/build/dmake-settings.ts';

const settings = (environment: NodeJS.ProcessEnv, macros: Record<string, string> = {}): DmakeSettings =>
  new DmakeSettings(new Map(Object.entries(macros)), environment);

test('a macro of the makefile ranks above the environment (D1)', () => {
  const both = settings({ DMAKE_GROUP: 'env' }, { DMAKE_GROUP: ' macro ' });
  expect(both.told('DMAKE_GROUP')).toEqual({ value: 'macro', where: 'DMAKE_GROUP in the makefile' });
  expect(settings({ DMAKE_GROUP: 'env' }, { DMAKE_GROUP: '' }).told('DMAKE_GROUP')).toEqual({
    value: 'env',
    where: 'DMAKE_GROUP in the environment',
  });
  expect(settings({ DMAKE_GROUP: ' ' }).told('DMAKE_GROUP')).toBeUndefined();
});

test('whether dmake is meant', () => {
  expect(settings({ D1MAKE_HOSTS: 'a', MAKEFLAGS: 'DMAKE_MODE=x', DMAKE_GROUP: '' }).any).toBe(false);
  expect(settings({ DMAKE_ADJUST_MAX_JOBS: 'NO' }).any).toBe(true);
  expect(settings({}, { DMAKE_MAX_JOBS: '3' }).any).toBe(true);
  expect(settings({ DMAKE_OUTPUT_MODE: 'TXT2' }).any).toBe(true);
});

describe('DMAKE_MODE (D8)', () => {
  test.each(['serial', 'parallel', 'distributed'])('%s', (word) => {
    expect(settings({ DMAKE_MODE: word }).mode).toBe(word);
  });
  test.each([
    ['Serial', 'DMAKE_MODE in the environment must be serial, parallel, distributed, not "Serial"'],
    [
      'grid',
      'DMAKE_MODE in the environment must be serial, parallel, distributed, not "grid": there is no grid here; list the hosts in a .dmakerc and say distributed',
    ],
  ])('%s is refused', (word, message) => {
    expect(() => settings({ DMAKE_MODE: word }).mode).toThrow(message);
  });
});

test.each([
  ['7', { jobs: 7, warnings: [] }],
  ['9999', { jobs: 9999, warnings: [] }],
  ...['0', '-3', 'many', '10000'].map(
    (value) =>
      [
        value,
        {
          jobs: 2,
          warnings: [`DMAKE_MAX_JOBS in the environment must be a number from 1 to 9999, not "${value}": 2 is used`],
        },
      ] as const,
  ),
])('DMAKE_MAX_JOBS %s', (value, expected) => {
  expect(settings({ DMAKE_MAX_JOBS: value }).maxJobs).toEqual(expected);
});

test.each([
  [undefined, undefined],
  ['NO', 'jobs'],
  ['no', 'jobs'],
  ['YES', 'm1'],
  ['M1', 'm1'],
  ['m2', 'm2'],
  ['jobs', 'm1'],
  ['reported', 'm1'],
  ['whatever', 'm1'],
])('DMAKE_ADJUST_MAX_JOBS %s (D14)', (value, expected) => {
  expect(settings(value === undefined ? {} : { DMAKE_ADJUST_MAX_JOBS: value }).load).toBe(expected);
});

describe('DMAKE_OUTPUT_MODE (D19)', () => {
  test.each([
    ['TXT1', 'TXT1'],
    ['TXT2', 'TXT2'],
    ['HTML1', 'TXT1'],
    ['TEXT1', 'TXT1'],
    ['TEXT2', 'TXT2'],
  ])('%s is %s', (value, mode) => {
    expect(settings({ DMAKE_OUTPUT_MODE: value }).outputMode).toEqual({ mode, warnings: [] });
  });

  test.each([
    ['TXT3', ''],
    ['txt2', '; write TXT2'],
  ])('%s is ignored, with a warning', (value, more) => {
    expect(settings({}, { DMAKE_OUTPUT_MODE: value }).outputMode).toEqual({
      mode: undefined,
      warnings: [`DMAKE_OUTPUT_MODE in the makefile must be TXT1, TXT2 or HTML1, not "${value}": it is ignored${more}`],
    });
  });

  test('nobody asks for one', () => {
    expect(settings({ DMAKE_MODE: 'parallel' }).outputMode).toEqual({ mode: undefined, warnings: [] });
  });

  test('a word from elsewhere is read alike', () => {
    expect(readOutputMode({ value: 'HTML', where: 'option -x DMAKE_OUTPUT_MODE' }).warnings).toEqual([
      'option -x DMAKE_OUTPUT_MODE must be TXT1, TXT2 or HTML1, not "HTML": it is ignored',
    ]);
  });
});
