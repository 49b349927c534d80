import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CLOCK_PROGRAM, factsProgram, readClock, readFacts } from '../../../src/build/check/host-questions.ts';
import { spaceRemarks } from '../../../src/build/check/space-remarks.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-questions-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tool(name: string, text: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, name), 0o755);
}

function run(program: string): string {
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  return execFileSync('/bin/sh', ['-c', program], { cwd: folder, env, encoding: 'latin1' });
}

const facts = (): ReturnType<typeof readFacts> => readFacts({ stdout: run(factsProgram('nonce')) }, 'nonce');

test('versions and what is free, by the programs that are there', () => {
  tool('cc', 'echo "cc (Debian 12.2.0-14+deb12u1) 12.2.1"; echo 9.9');
  tool('make', 'echo "GNU Make 4.3"; echo 1.2');
  const { bavail, bsize } = statfsSync(folder);
  const { make, cc, free } = facts();
  expect({ make, cc }).toEqual({ make: '4.3', cc: '12.2.1' });
  expect(Math.abs((free?.bytes ?? 0) / (bavail * bsize) - 1)).toBeLessThan(0.1);
  expect(free?.files).toBeGreaterThan(0);
});

test('programs that are missing, or say something else', () => {
  tool('make', 'echo usage: make >&2; exit 2');
  tool('cc', 'echo "no number here"');
  tool('df', 'exit 1');
  expect(facts()).toEqual({ make: undefined, cc: undefined, free: undefined });
  tool(
    'df',
    `case $1 in
-Pk) echo "Filesystem 1024-blocks Used Available Capacity Mounted on"; echo "a b 100 95 -5 105% /x y" ;;
*) echo "Filesystem Inodes IUsed IFree IUse% Mounted on"; echo "a b 0 0 0 - /x" ;;
esac`,
  );
  expect(facts().free).toEqual({ bytes: 0, files: undefined });
  // A BSD's: the count of inodes stands behind the blocks.
  tool(
    'df',
    'echo "Filesystem 512-blocks Used Avail Capacity iused ifree %iused Mounted on"; echo "/dev/x 100 60 40 60% 5 6 45% /"',
  );
  expect(facts().free).toEqual({ bytes: 40 * 1024, files: undefined });
});

test('words that are no answer at all', () => {
  expect(readFacts({ stdout: '\xff nonce make 1.2\nnoncemake 3.4\n' }, 'nonce')).toEqual({
    make: undefined,
    cc: undefined,
    free: undefined,
  });
});

test('a clock is as far off as the sample with the least doubt says', () => {
  expect(
    readClock([
      { stdout: '1000.500000000\n', before: 1_000_000, after: 1_000_400 },
      { stdout: '1001.350000000\n', before: 1_001_000, after: 1_001_100 },
      { stdout: 'now\n', before: 0, after: 0 },
    ]),
  ).toEqual({ offset: expect.closeTo(0.3), within: expect.closeTo(0.05) });
  // A date without %N: it may be anywhere in that second.
  const { offset, within } = readClock([{ stdout: '990.N\n', before: 1_000_000, after: 1_000_100 }]) ?? {};
  expect([offset, within]).toEqual([expect.closeTo(-9.55), expect.closeTo(0.55)]);
  expect(readClock([{ stdout: '', before: 0, after: 0 }])).toBeUndefined();
});

test("a machine's own clock is not off", () => {
  const before = Date.now();
  const stdout = run(CLOCK_PROGRAM);
  const clock = readClock([{ stdout, before, after: Date.now() + 1 }]);
  expect(Math.abs(clock?.offset ?? 9)).toBeLessThanOrEqual(clock?.within ?? 0);
});

test('too little room is told with what is missing', () => {
  const survey = { files: 100, bytes: 5_000_000, directories: [] };
  const room = { sandbox: 'overlay', slots: 4, free: { bytes: 6_000_000, files: 150 } } as const;
  expect(spaceRemarks(room, survey)).toEqual([]);
  expect(spaceRemarks({ ...room, sandbox: 'tree' }, survey)).toEqual([
    'it has 6.0 MB free where it is staged (/tmp), and 4 copies of the workspace, one for each slot, take 20 MB: ' +
      'make room there, or send less (exclude)',
    'there is room for 150 more files where it is staged (/tmp; inodes), and 4 copies of the workspace, one for each ' +
      'slot, take 400: remove some there, or send less (exclude)',
  ]);
  expect(spaceRemarks({ ...room, sandbox: 'tree', free: undefined }, survey)).toEqual([]);
  expect(spaceRemarks({ ...room, free: { bytes: 0, files: 0 } }, undefined)).toEqual([]);
});
