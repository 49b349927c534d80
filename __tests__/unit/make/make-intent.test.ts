import { expect, test } from '@jest/globals';

import { effectiveDirectory, inDirectory, makeIntent } from '../../../src/make/make-intent.ts';

test('everything there is to know of a command line', () => {
  const words = ['-C', 'a', '-f', 'x.mk', '-Iinc', '-kj', '3', '--file=y.mk', '-C/b', 'all', 'V=1', '-', 'install'];
  expect(makeIntent(words)).toEqual({
    directories: ['a', '/b'],
    makefiles: ['x.mk', 'y.mk'],
    includeDirectories: ['inc'],
    jobs: 3,
    keepGoing: true,
    ignoreErrors: false,
    silent: false,
    dryRun: false,
    question: false,
    touch: false,
    database: false,
    informational: false,
    goals: ['all', 'install'],
    variables: ['V=1'],
  });
});

test.each<[string[], number | 'unlimited' | undefined]>([
  [[], undefined],
  [['-j'], 'unlimited'],
  [['-j', '-j4'], 4],
  [['-j4', '-j'], 'unlimited'],
  [['-j0'], undefined],
  [['-j-1'], undefined],
])('jobs of %j', (words, jobs) => {
  expect(makeIntent(words).jobs).toBe(jobs);
});

test.each<[string[], string[], object]>([
  [[], ['MAKEFLAGS=kn'], { keepGoing: true, dryRun: true }],
  [[], ['MAKEFLAGS= -j4 --jobserver-auth=3,4 -- A=b\\ c'], { jobs: 4, keepGoing: false, variables: [] }],
  [['-j2'], ['MAKEFLAGS=j8'], { jobs: 2 }],
  [['-S'], ['MAKEFLAGS=k'], { keepGoing: false }],
  [[], ['GNUMAKEFLAGS=-i', 'MAKEFLAGS=s'], { ignoreErrors: true, silent: true }],
  [['-qt'], [], { question: true, touch: true }],
  [['-p'], [], { database: true }],
  [['--ver'], [], { informational: true }],
])('%j with %j in the environment', (words, environment, expected) => {
  expect(makeIntent(words, environment)).toMatchObject(expected);
});

test('directories follow one another', () => {
  expect(effectiveDirectory('/w', ['a', '../b', '/c', 'd'])).toBe('/c/d');
  expect(effectiveDirectory('/w', ['a', '../b'])).toBe('/w/b');
  expect(effectiveDirectory('/w', ['~/x'], '/home/me')).toBe('/home/me/x');
  expect(inDirectory('/w', '~me', '/home/me')).toBe('/w/~me');
});
