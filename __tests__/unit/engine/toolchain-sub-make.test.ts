import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SubMakeArguments } from '../../../src/engine/sub-make.ts';
import type { Job } from '../../../src/model/job.ts';

let folder: string;
let staging: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'distmake-sub-make-'));
  staging = join(folder, 'staging');
  for (const directory of [staging, join(folder, 'sub')]) mkdirSync(directory);
  // Says who it is, and calls itself once more.
  const makefile = `all next: ; $(info $@ $(MAKE) [$(V)] [$(W)] $(MAKELEVEL))@[ $@ = next ] || $(MAKE) next V= W=
`;
  writeFileSync(join(folder, 'Makefile'), makefile);
  writeFileSync(join(folder, 'sub/Makefile'), makefile);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const WORDS = ['V=a  b', "W=it's"];

function jobOf(argv: readonly string[], environment: readonly string[] = ['MAKELEVEL=1']): Job {
  const recipe = { id: 1, make: 1, target: 'all', directory: folder };
  const command = argv.at(-1) ?? '';
  return { id: 1, recipe, directory: folder, argv, command, environment, umask: 0o22, prerequisites: undefined };
}

/** Runs what a host would run for a job, with that shell as its /bin/sh. */
function run(job: Job, shell: readonly string[] = ['/bin/sh'], words = WORDS): string[] {
  const [, ...rest] = new SubMakeArguments(words, []).ofJob(job, staging);
  const [program = '', ...flags] = shell;
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', MAKELEVEL: '1' };
  return execFileSync(program, [...flags, ...rest], {
    cwd: folder,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .filter((line) => line !== '' && !/^make\[/.test(line));
}

describe.each([['dash'], ['bash'], ['busybox', 'sh']])('in %s', (...shell) => {
  const GIVEN = "all make [a  b] [it's] 1";
  const NEXT = 'next make [] [] 2';

  test.each([
    ['make', [GIVEN, NEXT]],
    ['make all W=own', ['all make [a  b] [own] 1', NEXT]],
    ['cd sub && make', [GIVEN, NEXT]],
    ['X=1 exec make', [GIVEN, NEXT]],
    ['env X=1 nice make all', [GIVEN, NEXT]],
    ['command make && make next', [GIVEN, NEXT, "next make [a  b] [it's] 1"]],
    ['PATH=/usr/local/sbin:$PATH make', [GIVEN, NEXT]],
  ])('%s', (command, expected) => {
    expect(run(jobOf([...shell, '-c', command]), shell)).toEqual(expected);
  });

  test('a shell of another kind, and the status', () => {
    expect(run(jobOf(['perl', '-e', '\nexec "make"; make']), shell)).toEqual([GIVEN, NEXT]);
    expect(() => run(jobOf([...shell, '-c', 'make none || exit 7']), shell)).toThrow(
      expect.objectContaining({ status: 7 }),
    );
  });

  test('nothing of ours shows in what the job sees', () => {
    const seen = run(jobOf([...shell, '-c', 'env; : && make next']), shell).filter((line) =>
      /distmake_|staging/.test(line),
    );
    expect(seen).toEqual([expect.stringMatching(/^PATH=.*staging\/bin:/)]);
    expect(readdirSync(join(staging, 'bin')).sort()).toEqual(['gmake', 'make']);
  });
});

test('a job that cannot see the staging directory has them in its own /tmp', () => {
  const argv = new SubMakeArguments(['-k'], []).ofJob(jobOf(['sh', '-c', 'make']), '/nowhere');
  expect(argv.slice(0, 2)).toEqual(['/bin/sh', '-c']);
  expect(argv[2]).toContain('distmake_bin=/tmp/.distmake-bin\n[ ! -d "$1" ] ||');
  expect(argv[4]).toBe('/nowhere');
});

test('jobs that call no make, or of a make further below, are left alone', () => {
  const words = new SubMakeArguments(['-k'], ['MAKELEVEL=2']);
  for (const [command, level] of [
    ['cc x', 3],
    ['make', 4],
    ['make', 1],
  ] as const) {
    const job = jobOf(['sh', '-c', command], [`MAKELEVEL=${level}`]);
    expect(words.ofJob(job, staging)).toBe(job.argv);
  }
  expect(words.ofJob(jobOf(['sh', '-c', 'make'], ['MAKELEVEL=3']), staging)).toHaveLength(9);
  const job = jobOf(['sh', '-c', 'make']);
  expect(new SubMakeArguments([], []).ofJob(job, staging)).toBe(job.argv);
});

test('calls on the runner: of the first level alone, and once', () => {
  const words = new SubMakeArguments(['-k', 'A=b'], ['X=1']);
  expect(words.ofCall(['all'], ['MAKELEVEL=1'])).toEqual(['-k', 'A=b', 'all']);
  expect(words.ofCall(['all'], ['MAKELEVEL=2'])).toEqual(['all']);
  expect(words.ofCall(['all'], [])).toEqual(['all']);
  expect(words.ofCall(['-k', 'A=b', 'all'], ['MAKELEVEL=1', 'MAKE_RESTARTS=1'])).toEqual(['-k', 'A=b', 'all']);
});
