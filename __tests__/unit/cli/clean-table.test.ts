import { expect, test } from '@jest/globals';
import type { Swept } from '../../../src/build/clean/swept.ts';
import { cleanTable } from '../../../src/cli/clean-table.ts';

function swept(path: string, what: Swept['what'], more: Partial<Swept> = {}): Swept {
  return { path, what, age: undefined, bytes: undefined, why: undefined, ...more };
}

test('each directory has a line, and each machine without any', () => {
  const { text, isClean } = cleanTable([
    { name: 'runner (here)', found: [], trouble: undefined },
    {
      name: 'alpha',
      found: [
        swept('/tmp/make-1', 'removed', { age: 200_000, bytes: 5_000_000 }),
        swept('/tmp/make-2', 'used', { age: 100 }),
        swept('/tmp/make-3', 'parked', { age: 7100 }),
        swept('/tmp/make-4', 'young', { age: 7200 }),
      ],
      trouble: undefined,
    },
  ]);
  expect(text).toBe(`host           directory    age      size    what
runner (here)  -            -        -       nothing there
alpha          /tmp/make-1  2 d      5.0 MB  removed
alpha          /tmp/make-2  100 s    -       in use
alpha          /tmp/make-3  118 min  -       kept for the next run
alpha          /tmp/make-4  2 h      -       too young: kept

1 removed, 1 in use, 1 kept for the next run, 1 too young
`);
  expect(isClean).toBe(true);
});

test('what could not be removed, and who could not be reached, is said and harmless', () => {
  const failed = { name: 'a', found: [swept('/tmp/make-1', 'failed', { why: 'no\n##[error]\x1b[2Jroom' })] };
  const { text, isClean } = cleanTable([
    { ...failed, trouble: undefined },
    { name: 'b', found: [], trouble: 'it does\nnot answer' },
  ]);
  expect(text).toBe(`host  directory    age  size  what
a     /tmp/make-1  -    -     not removed: no # #[error]room
b     -            -    -     not reached

b: it does not answer

0 removed, 1 could not be removed, 1 machine not looked at
`);
  expect(isClean).toBe(false);
});

test('a machine under two names counts once', () => {
  const { text, isClean } = cleanTable([
    { name: 'a', found: [swept('/tmp/make-1', 'used'), swept('/tmp/make-2', 'used')], trouble: undefined },
    { name: 'b', found: [swept('/tmp/make-1', 'removed'), swept('/tmp/make-2', 'used')], trouble: undefined },
  ]);
  expect(text).toContain('\n1 removed, 1 in use\n');
  expect(isClean).toBe(true);
});
