import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkInputs, readInputs, type ActionInputs } from '../../../src/action/inputs.ts';
import { UserError } from '../../../src/util/user-error.ts';

type Given = Record<string, string>;

const ROOT = '/work space/repo';

function inputs(given: Given, root = ROOT): ActionInputs {
  return readInputs((name) => given[name] ?? '', { GITHUB_WORKSPACE: root });
}

function failure(given: Given, env: NodeJS.ProcessEnv = { GITHUB_WORKSPACE: ROOT }): string {
  try {
    readInputs((name) => given[name] ?? '', env);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'no error';
}

test('without any input: the defaults', () => {
  expect(inputs({})).toEqual({
    farm: { matrix: { kind: 'default' }, format: undefined, group: undefined },
    jobs: undefined,
    report: undefined,
    debug: false,
    problemMatchers: [],
    sshPrivateKey: undefined,
    sshPassphrase: undefined,
    knownHosts: undefined,
    settings: {
      root: ROOT,
      targets: [],
      workingDirectory: ROOT,
      makefile: undefined,
      make: 'make',
      arguments: [],
      localJobs: undefined,
      dist: { mode: 'auto' },
      local: [],
      setup: '',
      environment: [],
      fallback: 'local',
      staging: 'tree',
      exclude: [],
      hostTimeout: 15,
      jobTimeout: undefined,
      noRetry: [],
      staleAfter: 86_400,
      load: undefined,
      toolchain: undefined,
      cache: true,
      log: 'fold',
      summary: true,
    },
  });
});

test('every input', () => {
  expect(
    inputs({
      hosts: '\n# mine\nbuild1 4\n',
      'hosts-format': 'makehosts',
      group: ' fast ',
      load: 'm1',
      toolchain: 'cc --version\n\n  ld -v',
      'ssh-private-key': '\nKEY\n',
      'ssh-passphrase': ' two words \n',
      'known-hosts': '\nbuild1 ssh-ed25519 AAAA\n',
      targets: 'all "two words"\ninstall',
      'working-directory': 'sub/./dir/',
      makefile: ' GNUmakefile.ci ',
      make: ' /opt/my make/bin/gmake ',
      arguments: "-k CFLAGS='-O2 -g' V=1",
      jobs: '12',
      'local-jobs': '0',
      dist: '*.o\n\n  %.lo\r\n*.o\n',
      local: 'version.o\n',
      setup: 'module load gcc\r\nexport A=1\n',
      environment: 'CC_CACHE, LANG\nTZ LANG',
      staging: 'declared',
      exclude: '/docs\n*.iso',
      fallback: 'never',
      'host-timeout': '2m',
      'job-timeout': ' 90 ',
      'no-retry': 'push\ninstall-%\n',
      'stale-after': '7d',
      cache: 'False',
      log: 'failures',
      summary: 'FALSE',
      report: 'out/report',
      debug: 'true',
      'problem-matchers': 'ci/flex.json\n\n  /etc/bison.json ',
    }),
  ).toEqual({
    farm: {
      matrix: { kind: 'text', text: '\n# mine\nbuild1 4\n', source: 'input hosts' },
      format: 'makehosts',
      group: { value: 'fast', where: 'input group' },
    },
    jobs: 12,
    report: `${ROOT}/out/report`,
    debug: true,
    problemMatchers: [`${ROOT}/ci/flex.json`, '/etc/bison.json'],
    sshPrivateKey: '\nKEY\n',
    sshPassphrase: ' two words ',
    knownHosts: '\nbuild1 ssh-ed25519 AAAA\n',
    settings: {
      root: ROOT,
      targets: ['all', 'two words', 'install'],
      workingDirectory: `${ROOT}/sub/dir`,
      makefile: 'GNUmakefile.ci',
      make: '/opt/my make/bin/gmake',
      arguments: ['-k', 'CFLAGS=-O2 -g', 'V=1'],
      localJobs: 0,
      dist: { mode: 'patterns', patterns: ['*.o', '%.lo'] },
      local: ['version.o'],
      setup: 'module load gcc\nexport A=1',
      environment: ['CC_CACHE', 'LANG', 'TZ'],
      staging: 'declared',
      exclude: ['/docs', '*.iso'],
      hostTimeout: 120,
      jobTimeout: 90,
      noRetry: ['push', 'install-%'],
      staleAfter: 604_800,
      load: 'm1',
      toolchain: ['cc --version', 'ld -v'],
      fallback: 'never',
      cache: false,
      log: 'failures',
      summary: false,
    },
  });
});

test("the runner's own debug logging switches ours on, unless the input says no", () => {
  const read = (debug: string, runner: string): boolean =>
    readInputs((name) => (name === 'debug' ? debug : ''), { GITHUB_WORKSPACE: ROOT, RUNNER_DEBUG: runner }).debug;
  expect([read('', '1'), read('false', '1'), read('', ''), read('true', '')]).toEqual([true, false, false, true]);
});

test.each<[Given, ActionInputs['farm']['matrix']]>([
  [
    { 'hosts-file': 'ci/hosts' },
    { kind: 'file', file: `${ROOT}/ci/hosts`, source: `input hosts-file, ${ROOT}/ci/hosts` },
  ],
  [
    { 'hosts-file': '/etc/makehosts' },
    { kind: 'file', file: '/etc/makehosts', source: 'input hosts-file, /etc/makehosts' },
  ],
  [{ hosts: ' \n ' }, { kind: 'default' }],
])('hosts %j', (given, expected) => {
  expect(inputs(given).farm.matrix).toEqual(expected);
});

test.each<[Given, Partial<ActionInputs['settings']>]>([
  [{ dist: 'auto' }, { dist: { mode: 'auto' } }],
  [{ dist: ' makefile\n' }, { dist: { mode: 'makefile' } }],
  [{ dist: 'Makefile.o' }, { dist: { mode: 'patterns', patterns: ['Makefile.o'] } }],
  [{ 'working-directory': `${ROOT}/x/..` }, { workingDirectory: ROOT }],
  [{ 'working-directory': '..x' }, { workingDirectory: `${ROOT}/..x` }],
  [{ toolchain: ' off\n' }, { toolchain: [] }],
  [{ toolchain: 'off\nld -v' }, { toolchain: ['off', 'ld -v'] }],
  [
    { cache: 'True', summary: 'true' },
    { cache: true, summary: true },
  ],
  [{ log: 'plain' }, { log: 'plain' }],
  [{ staging: 'declared' }, { staging: 'declared' }],
  [{ exclude: '# no\n/docs/ \r\n\n  *.iso\n' }, { exclude: ['# no', '/docs/ ', '  *.iso'] }],
  [{ targets: 'a\\ b $(X) *.o ;' }, { targets: ['a b', '$(X)', '*.o', ';'] }],
  [{ arguments: '-s \\\n  -k' }, { arguments: ['-s', '-k'] }],
  [{ arguments: '"" --eval="x := 1"' }, { arguments: ['', '--eval=x := 1'] }],
])('%j', (given, expected) => {
  expect(inputs(given).settings).toMatchObject(expected);
});

describe('what is wrong, in the words that people read', () => {
  test.each<[Given, string]>([
    [{ hosts: 'a 1', 'hosts-file': 'f' }, 'input hosts: the input hosts-file is given too: leave one of the two out'],
    [{ targets: 'all "x' }, 'input targets: a quote is opened and never closed: "all "x"'],
    [{ arguments: "CFLAGS='-O2" }, 'input arguments: a quote is opened and never closed: "CFLAGS=\'-O2"'],
    [{ arguments: 'x \\' }, 'input arguments: there is nothing behind the backslash at its end: "x \\"'],
    [{ targets: 'all -k' }, 'input targets: "-k" is an option: it belongs in the input arguments'],
    [{ targets: "all ''" }, 'input targets: there is an empty word in it'],
    [
      { staging: 'none', exclude: 'docs' },
      'input exclude: nothing is copied with staging: none; leave one of the two out',
    ],
    [
      { staging: 'declare' },
      'input staging: must be "tree" or "declared" or "none", not "declare"; did you mean "declared"?',
    ],
    [{ jobs: '0' }, 'input jobs: must be a whole number from 1 to 9999, not "0"'],
    [{ jobs: '-4' }, 'input jobs: must be a whole number from 1 to 9999, not "-4"'],
    [{ jobs: '4.0' }, 'input jobs: must be a whole number from 1 to 9999, not "4.0"'],
    [{ jobs: 'many' }, 'input jobs: must be a whole number from 1 to 9999, not "many"'],
    [{ jobs: '10000' }, 'input jobs: must be a whole number from 1 to 9999, not "10000"'],
    [{ 'local-jobs': '-1' }, 'input local-jobs: must be a whole number from 0 to 9999, not "-1"'],
    [{ 'local-jobs': '1e3' }, 'input local-jobs: must be a whole number from 0 to 9999, not "1e3"'],
    [{ log: 'folds' }, 'input log: must be "fold" or "failures" or "plain", not "folds"; did you mean "fold"?'],
    [{ log: 'PLAIN' }, 'input log: must be "fold" or "failures" or "plain", not "PLAIN"; did you mean "plain"?'],
    [{ log: 'verbose' }, 'input log: must be "fold" or "failures" or "plain", not "verbose"'],
    [
      { load: 'M1' },
      'input load: must be "auto" or "jobs" or "reported" or "m1" or "m2", not "M1"; did you mean "m1"?',
    ],
    [
      { 'hosts-format': 'dmake' },
      'input hosts-format: must be "makehosts" or "dmakerc" or "d1make" or "dpb" or "yaml", not "dmake"; did you mean "d1make"?',
    ],
    [{ fallback: 'nevre' }, 'input fallback: must be "local" or "never", not "nevre"; did you mean "never"?'],
    [{ fallback: 'remote' }, 'input fallback: must be "local" or "never", not "remote"'],
    [{ summary: 'yes' }, 'input summary: must be true or false, not "yes"'],
    [{ cache: 'tRUE' }, 'input cache: must be true or false, not "tRUE"'],
    [{ environment: '2CC' }, 'input environment: "2CC" cannot be the name of a variable'],
    [{ environment: 'A B-C' }, 'input environment: "B-C" cannot be the name of a variable'],
    [
      { environment: 'TOKEN=secret' },
      'input environment: takes names alone: give "TOKEN" its value with "env:" and leave "=…" out here',
    ],
    [{ environment: '=x' }, 'input environment: "=x" cannot be the name of a variable'],
    [{ 'working-directory': '..' }, `input working-directory: "/work space" is outside of the workspace "${ROOT}"`],
    [{ 'working-directory': '/etc' }, `input working-directory: "/etc" is outside of the workspace "${ROOT}"`],
    [
      { 'working-directory': '../repo2' },
      `input working-directory: "/work space/repo2" is outside of the workspace "${ROOT}"`,
    ],
    [{ dist: '*.o *.lo' }, 'input dist: line 1: one pattern a line, not "*.o *.lo"'],
    [{ dist: '*.o\n\na b' }, 'input dist: line 3: one pattern a line, not "a b"'],
    [{ dist: 'auto\n*.o' }, 'input dist: "auto" stands alone, or is left out when there are patterns'],
    [{ dist: '*.o\nmakefile' }, 'input dist: "makefile" stands alone, or is left out when there are patterns'],
    [{ local: 'a b' }, 'input local: line 1: one pattern a line, not "a b"'],
    [
      { make: 'gmake -j4' },
      'input make: must be one program: what follows it in "gmake -j4" belongs in the input arguments',
    ],
    [{ make: '-k' }, 'input make: must be the name or path of a program, not "-k"'],
  ])('%j', (given, message) => {
    expect(failure(given)).toBe(message);
  });

  test('all at once, a line each', () => {
    expect(failure({ log: 'x', jobs: 'y', environment: '1 2' })).toBe(
      [
        'input jobs: must be a whole number from 1 to 9999, not "y"',
        'input environment: "1" cannot be the name of a variable',
        'input environment: "2" cannot be the name of a variable',
        'input log: must be "fold" or "failures" or "plain", not "x"',
      ].join('\n'),
    );
  });

  test('outside of a workflow', () => {
    expect(failure({}, {})).toBe(
      'input working-directory: GITHUB_WORKSPACE is not set: run this action as a step of a workflow',
    );
  });
});

describe('checkInputs', () => {
  let root: string;

  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'inputs-')));
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'sub/build.mk'), 'all:\n');
    writeFileSync(join(root, 'hosts'), 'a 1\n');
    symlinkSync('/', join(root, 'out'));
    symlinkSync('sub', join(root, 'in'));
    symlinkSync(root, `${root}-link`);
  });

  afterAll(() => {
    rmSync(root, { recursive: true });
    rmSync(`${root}-link`);
  });

  test.each<[Given, string]>([
    [{}, ''],
    [{ 'working-directory': 'sub', makefile: 'build.mk', 'hosts-file': 'hosts' }, ''],
    [{ 'working-directory': 'in', makefile: '../sub/build.mk' }, ''],
    [{ 'working-directory': 'none' }, 'input working-directory: there is no directory "ROOT/none"'],
    [{ 'working-directory': 'hosts' }, 'input working-directory: there is no directory "ROOT/hosts"'],
    [{ 'working-directory': 'out' }, 'input working-directory: "ROOT/out" leads out of the workspace'],
    [{ makefile: 'build.mk' }, 'input makefile: there is no file "ROOT/build.mk"'],
    [{ makefile: 'sub' }, 'input makefile: there is no file "ROOT/sub"'],
    [
      { makefile: 'x', 'hosts-file': 'y' },
      'input makefile: there is no file "ROOT/x"\ninput hosts-file: there is no file "ROOT/y"',
    ],
  ])('%j: %j', async (given, message) => {
    for (const workspace of [root, `${root}-link`]) {
      const said = await checkInputs(inputs(given, workspace)).then(
        () => '',
        (error: unknown) => (error instanceof UserError ? error.message : String(error)),
      );
      expect(said.replaceAll(workspace, 'ROOT')).toBe(message);
    }
  });
});
