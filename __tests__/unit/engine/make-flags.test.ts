import { describe, expect, test } from '@jest/globals';
import { callsMake, makeFlags } from '../../../src/engine/make-flags.ts';

describe('flags as recipes see them in MAKEFLAGS', () => {
  test.each([
    ['', ''],
    ['k', 'k'],
    ['ks -j4 --jobserver-auth=3,4', 'ks'],
    [' -j4 --jobserver-auth=fifo:/tmp/GMfifo12', ''],
    [' -j2 -Otarget --jobserver-auth=3,4', ''],
    ['kw -j4 -Otarget -- A=b', 'kw'],
    ['--no-print-directory -- A=b', ''],
    ['A=b', ''],
    [' -- nqt=1', ''],
    ['-k', 'k'],
    ['n', 'n'],
  ])('%j', (makeflags, flags) => {
    expect([...makeFlags(['A=n', `MAKEFLAGS=${makeflags}`, 'XMAKEFLAGS=q'])].join('')).toBe(flags);
  });

  test('none without MAKEFLAGS', () => {
    expect(makeFlags(['MFLAGS=-k']).size).toBe(0);
  });
});

describe('a command that calls make (L4, L5)', () => {
  test.each([
    'make',
    'make all',
    'cd d && make all',
    'cd d && \\\n  make all',
    'cd d;make -f x.mk',
    '/usr/bin/make -C x',
    '../tools/make x',
    'gmake -C sub',
    'FOO=1 make',
    'A=1 B= make x',
    'A=1 \\\n  make x',
    'true; \\\n\\\n make x',
    'FOO="a b" make',
    "CFLAGS='-O2 -g' LD= make -C sub",
    'if test x; then make; fi',
    'if make -q x; then :; fi',
    'while ! make; do sleep 1; done',
    '! make -q',
    'for d in a b; do make -C $d || exit 1; done',
    'false || make x',
    'echo a | make -f -',
    '(make)',
    '(cd x; make)',
    '{ make; }',
    'echo `make -s version`',
    'echo $(make -s version)',
    'exec make x',
    'env A=b make x',
    'nohup make &',
    'true\nmake x',
    '\tmake x',
    'make; echo done',
    'make&',
    '[ -d x ] && make',
    'test -f x || (make -C d)',
    '(cd d; make)',
    '(cd d && make all) || exit 1',
    'set -e; for d in a b; do echo "making $d"; make -C $d; done',
    'for d in a b; do (cd $d && make) || exit 1; done',
    'env -i -u X A=b make x',
    'exec env A=b gmake',
    'nice -n 5 make',
    'nice -10 make',
    'time -p make x',
    'timeout 10m make x',
    'make>log 2>&1',
    'make</dev/null',
    'echo "then make" && make',
    "printf 'all:\\n' | make -f -",
    'echo "$(make -s version)"',
    'echo "it`make -s version`s"',
    'echo "a \\" b"; make',
    'x=$(make -s version)',
    'make -C "a b" X="$y"',
  ])('%j', (command) => {
    expect(callsMake(command)).toBe(true);
  });

  test.each([
    'echo make it',
    '{ tool; command -v make; }',
    'command -V make || which make',
    'echo "cd d && run" make',
    'cmake --build .',
    'cd b && cmake --build .',
    'makeinfo x.texi',
    './make.sh',
    'sh make.sh',
    'automake --add-missing',
    'make-it',
    'cat make.log',
    'cc -c make.c -o make.o',
    'cc -DMAKE=make -c x.c',
    'ls x/make/',
    'rm -f make',
    'rm -f a \\\n  make',
    'make_all',
    'modify make',
    'gcc -MT make -c x.c',
    'echo then make it',
    'echo "if this fails, then make clean"',
    "echo 'first; make all'",
    'cd d && echo "(make)" >log',
    'echo "a \\" && make"',
    "echo it\\'s time make",
    'printf "%s\\n" "$x; make"',
    'echo a \\\n  do make',
    'nice -n 5 cc make',
    '',
  ])('not %j', (command) => {
    expect(callsMake(command)).toBe(false);
  });

  test('long commands take no long time', () => {
    const begin = performance.now();
    for (const piece of [
      ' ',
      '\n',
      'A=1 ',
      'if ',
      '/a',
      '&',
      "A='",
      '\\\n',
      'a=a',
      'env -u ',
      'nice -n 1 ',
      'echo "',
      "echo 'a",
      'echo "$(',
    ])
      expect(callsMake(piece.repeat(32768))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});
