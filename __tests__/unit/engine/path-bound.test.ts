import { expect, test } from '@jest/globals';
import { PathBound } from '../../../src/engine/path-bound.ts';

test.each([
  ['cc -c /w/space/a.c', [], true],
  ['cc -c a.c', ['CFLAGS=-I/w/space/include'], true],
  ['cc -O2 -c a.c', ['HOME=/w'], false],
  ['cc -flto -c a.c', [], true],
  ['cc -flto=auto -c a.c', [], true],
  ['cc -g -gz -c a.c', [], true],
  ['cc -Wa,-a,--compress-debug-sections -c a.c', [], true],
  ['cc -g -c a.c', [], false],
])('%s, %j: %j', (command, variables, expected) => {
  expect(new PathBound('/w/space').has(command, variables)).toBe(expected);
});

test('after one whose debug information names the host, no other with debug information goes there', () => {
  const bound = new PathBound('/w/space');
  bound.learn('cc -c a.c');
  expect(bound.has('cc -g -c b.c', [])).toBe(false);
  bound.learn('cc -ggdb3 -c a.c');
  expect(bound.has('cc -g -c b.c', [])).toBe(true);
  expect(bound.has('cc -g0 -c b.c', [])).toBe(false);
  expect(bound.has('cc -O2 -c b.c', [])).toBe(false);
});
