import { describe, expect, test } from '@jest/globals';
import { Baggage } from '../../../src/engine/environment.ts';

const OWN = ['PATH=/usr/local/bin:/usr/bin:/bin', 'HOME=/root', 'LANG=C', 'CC=gcc', 'MAKEFLAGS=k', 'SECRET=s', 'A=b=c'];

function travelling(environment: readonly string[], named: readonly string[] = []): readonly string[] {
  return new Baggage(OWN, named).of(environment).variables;
}

describe('what travels', () => {
  test.each([
    ['NEW=1'],
    ['CC=clang'],
    ['LANG=de_DE'],
    ['EMPTY='],
    ['A=b=d'],
    ['B=x y\nz'],
    ['BYTES=\xff\xfe'],
    ['MAKELEVEL=1'],
    ['GITHUBX=1'],
    ['MYGITHUB_TOKEN=1'],
    ['PATH2=/x'],
    ['USERS=3'],
  ])('%j', (entry) => {
    expect(travelling([entry])).toEqual([entry]);
  });

  test('the order stays', () => {
    expect(travelling(['Z=1', 'PWD=/x', 'HOME=/x', 'B=2', 'A=3'])).toEqual(['Z=1', 'HOME=/x', 'B=2', 'A=3']);
  });
});

describe('what never does', () => {
  test.each(OWN.map((entry) => [entry]).filter(([entry]) => !entry?.startsWith('MAKEFLAGS')))('own: %j', (entry) => {
    expect(travelling([entry])).toEqual([]);
  });

  // Also where the makefile has changed them.
  test.each(
    [
      'GITHUB_TOKEN',
      'GITHUB_',
      'RUNNER_TEMP',
      'ACTIONS_RUNTIME_TOKEN',
      'INPUT_SSH-PRIVATE-KEY',
      'STATE_x',
      'SSH_AUTH_SOCK',
      'DISTMAKE_TARGET',
    ]
      .concat(['PWD', 'OLDPWD', 'SHLVL', '_'])
      .concat(['MAKE_TERMOUT', 'MAKE_TERMERR'])
      .map((name) => [name]),
  )('%s', (name) => {
    expect(travelling([`${name}=changed`])).toEqual([]);
  });
});

test('variables that the user names travel all the same, with the value that the job has', () => {
  const environment = ['SECRET=s', 'GITHUB_SHA=1', 'GITHUB_TOKEN=2', 'LANG=C', 'HOME=/x'];
  expect(travelling(environment, ['SECRET', 'GITHUB_SHA', 'HOME', 'UNSET'])).toEqual([
    'SECRET=s',
    'GITHUB_SHA=1',
    'HOME=/x',
  ]);
});

test('MFLAGS travels likewise, and MAKEFILES when make has set it', () => {
  const environment = ['MFLAGS=-ks -j4 --jobserver-auth=3,4', 'MAKEFILES=/w/first.mk'];
  expect(travelling(environment)).toEqual(['MFLAGS=-ks', 'MAKEFILES=/w/first.mk']);
  expect(travelling(['MFLAGS=- -j4 --jobserver-auth=3,4'])).toEqual([]);
});

describe('MAKEFLAGS without what means nothing away from the runner (G6)', () => {
  test.each([
    ['', undefined],
    ['k', 'k'],
    [' -j4 --jobserver-auth=3,4', undefined],
    ['ks -j4 --jobserver-auth=3,4', 'ks'],
    ['k -j --jobserver-fds=3,4', 'k'],
    ['k -j8 -Otarget --jobserver-auth=3,4 -- A=b', 'k -- A=b'],
    [' -j8 --jobserver-auth=fifo:/tmp/GMfifo99 --sync-mutex=fnm:/tmp/GmXX -- A=b', ' -- A=b'],
    ['w --jobserver-style=pipe -O', 'w'],
    ['k --output-sync=recurse --jobs=3', 'k'],
    [' -- A=-j4 B=--jobserver-auth=1,2', ' -- A=-j4 B=--jobserver-auth=1,2'],
    ['k -- A=x -- y -j3', 'k -- A=x -- y -j3'],
    [' -Idir --no-print-directory', ' -Idir --no-print-directory'],
    [' --warn-undefined-variables --shuffle=3 -j1', ' --warn-undefined-variables --shuffle=3'],
    [' -k -j 2 -J 15,16 .MAKE.LEVEL.ENV=MAKELEVEL A=b', ' -k .MAKE.LEVEL.ENV=MAKELEVEL A=b'],
    ['-j3 -j 12', undefined],
  ])('%j', (makeflags, kept) => {
    expect(travelling([`MAKEFLAGS=${makeflags}`])).toEqual(kept === undefined ? [] : [`MAKEFLAGS=${kept}`]);
  });
});

describe('the slots of a job that calls make, as its -j', () => {
  test.each<[string | undefined, number, string | undefined]>([
    [undefined, 4, ' -j4'],
    ['', 4, ' -j4'],
    ['k', 4, 'k -j4'],
    ['ks -j9 --jobserver-auth=3,4', 12, 'ks -j12'],
    ['k -j8 -Otarget --jobserver-auth=3,4 -- A=b', 2, 'k -j2 -- A=b'],
    [' -j8 --jobserver-auth=fifo:/tmp/x -- A=b', 2, ' -j2 -- A=b'],
    ['-- A=-j4', 2, ' -j2 -- A=-j4'],
    [' --no-print-directory -- A=x\\ --\\ y -- B', 3, ' --no-print-directory -j3 -- A=x\\ --\\ y -- B'],
    ['k -j8 -- A=b', 1, 'k -- A=b'],
    [' -j8', 1, undefined],
  ])('%j, %d', (makeflags, jobs, expected) => {
    const environment = makeflags === undefined ? ['X=1'] : [`MAKEFLAGS=${makeflags}`, 'X=1'];
    const more = expected === undefined ? [] : [`MAKEFLAGS=${expected}`];
    expect(new Baggage(OWN, []).of(environment, jobs).variables).toEqual(['X=1', ...more]);
  });
});

describe('PATH', () => {
  const pathOf = (path: string, own = OWN): string => new Baggage(own, []).of([`PATH=${path}`]).path;

  test.each([
    ['/usr/local/bin:/usr/bin:/bin', ''],
    ['/tool/bin:/usr/local/bin:/usr/bin:/bin', '/tool/bin'],
    ['/a:/usr/bin:/b:/bin', '/a:/b'],
    ['bin:./x::/a', '/a'],
    ['', ''],
  ])('%j: %j comes first there', (path, added) => {
    expect(pathOf(path)).toBe(added);
  });

  test('it is no variable, and nothing is added without one', () => {
    expect(new Baggage(OWN, ['PATH']).of(['PATH=/x', 'A=1'])).toEqual({ variables: ['A=1'], path: '/x' });
    expect(new Baggage(OWN, []).of(['A=1'])).toEqual({ variables: ['A=1'], path: '' });
    expect(pathOf('/x:/y', [])).toBe('/x:/y');
  });
});
