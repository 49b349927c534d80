import { describe, expect, test } from '@jest/globals';
import { isCompile, namedObjects, ObjectFiles, stem } from '../../../src/stage/object-files.ts';
import { job } from './tree-copy.ts';

describe('a job that is certainly a compile', () => {
  test.each([
    ['gcc -O2 -c x.c -o x.o', 'x.o'],
    ['gcc -c -o d/x.obj x.c', 'd/x.obj'],
    ['/bin/sh ../libtool --tag=CC --mode=compile gcc -c -o x.lo x.c', 'x.lo'],
    ["gcc -MT x.o -c -o x.o `test -f 'x.c' || echo './'`x.c", 'x.o'],
    ['gcc -o x.o x.c -c', 'x.o'],
    ['gcc\t-c\tx.c', 'x.o'],
    ['/usr/bin/x86_64-linux-gnu-gcc-12 -c x.c', 'x.o'],
    ['cd /b && ccache g++ -DX="y" -o CMakeFiles/x.o -c /b/x.cc', 'CMakeFiles/x.o'],
  ])('%s', (command, target) => {
    expect(isCompile(job(command, target))).toBe(true);
  });

  test.each([
    ['gcc x.o y.o -o prog', 'prog'],
    ['gcc -c x.c', 'x'],
    ['ld -r a.o b.o -o all.o', 'all.o'],
    ['./compile.sh -c x', 'x.o'],
    ['gcc -c x.c @more', 'x.o'],
    ['gcc -c x.c -o x.o $(cat flags)', 'x.o'],
    ['gcc -c `find . -name "*.c"` -o x.o', 'x.o'],
    ['gcc -fno-common x.c -o x.o', 'x.o'],
    ['gcc --c x.c -o x.o', 'x.o'],
    ["sh -c 'ld -r *.o -o all.o'", 'all.o'],
    ["bash  -c 'cat list | xargs ld -r -o all.o'", 'all.o'],
    ['gcc -c x.c -o t.o; ld -r *.o -o all.o', 'all.o'],
    ['gcc -c x.c; ld -r [a-c].o sub/?.o -o all.o', 'all.o'],
    ['gcc -c x.c; ld -r {a,b}.o -o all.o', 'all.o'],
  ])('not %s', (command, target) => {
    expect(isCompile(job(command, target))).toBe(false);
  });
});

test('an object is what a distributed compile makes, and what has its stem', () => {
  const objects = new ObjectFiles();
  expect(objects.isObject('x.o')).toBe(false);
  objects.learn(job('gcc -c x.c', 'd/x.lo'));
  objects.learn(job('ld -r a.o -o y.o', 'y.o'));
  expect(
    ['x.o', 'd/.libs/x.o', 'd/x.lo', 'x.obj', 'x.d', 'x', 'y.o', 'xx.o'].map((path) => objects.isObject(path)),
  ).toEqual([true, true, true, true, false, false, false, false]);
});

test('the stems that a command names', () => {
  const command = `gcc -c x.c -o d/x.o "q.lo" @z.obj;cat a.o>b.o -Wl,c.o k=m.o n.o.d o.odd 'r s.o'`;
  expect([...namedObjects(command)].sort()).toEqual(['@z', 'a', 'b', '-Wl,c', 'm', 'q', 's', 'x'].sort());
  expect(stem('a/b/.libs/x.lo')).toBe('x');
  expect(stem('x.c')).toBe('x.c');
});
