import { expect, test } from '@jest/globals';

import { ShellPaths } from '../../../src/make/shell-paths.ts';

const shells = new ShellPaths('/tmp/distmake-x');

test.each([
  ['/bin/sh', '/tmp/distmake-x/sh/bin/sh', '/tmp/distmake-x/sh/bin/sh'],
  ['/usr/bin/env  bash -x', '/tmp/distmake-x/sh/usr/bin/env  bash -x', '/tmp/distmake-x/sh/usr/bin/env'],
  ['bash', '/tmp/distmake-x/rel/bash', '/tmp/distmake-x/rel/bash'],
  ['tools/sh', '/tmp/distmake-x/sh/w/d/tools/sh', '/tmp/distmake-x/sh/w/d/tools/sh'],
  ['../sh', '/tmp/distmake-x/sh/w/sh', '/tmp/distmake-x/sh/w/sh'],
  ['/a/../../b/sh', '/tmp/distmake-x/sh/b/sh', '/tmp/distmake-x/sh/b/sh'],
  ['/.//bin/sh -e', '/tmp/distmake-x/sh/.//bin/sh -e', '/tmp/distmake-x/sh/bin/sh'],
  ['', '/tmp/distmake-x/sh/bin/sh', '/tmp/distmake-x/sh/bin/sh'],
  ['/tmp/distmake-x/sh/bin/bash -l', '/tmp/distmake-x/sh/bin/bash -l', '/tmp/distmake-x/sh/bin/bash'],
])('%j', (shell, value, link) => {
  expect(shells.link(shell, '/w/d')).toEqual({ shell: value, link });
});

test.each(['"/bin/sh"', '~/sh', '/bin/$x', '.', '..', '/bin/', 'a;b'])('%j is left to make', (shell) => {
  expect(shells.link(shell, '/w/d')).toBeUndefined();
});

test('a directory that make would split is no way to a shell', () => {
  expect(shells.link('./sh', '/w/a b')).toBeUndefined();
});

test('our paths go everywhere, others stay', () => {
  expect(shells.restore('x=/tmp/distmake-x/sh/bin/bash;/tmp/distmake-x/rel/zsh /tmp/distmake-x/bin/make')).toBe(
    'x=/bin/bash;zsh /tmp/distmake-x/bin/make',
  );
});
