import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOwnersFile } from '../../../src/build/local-owners-file.ts';

let files: [string, string];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-owner-'));
  files = [join(folder, 'dmake.conf'), join(folder, 'distmake.conf')];
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (required = false): ReturnType<typeof readOwnersFile> => readOwnersFile(required, files);

describe("the file of the runner's owner", () => {
  test('none: no cap, or no jobs where dmake wants one (D12)', () => {
    expect(read()).toBeUndefined();
    expect(() => read(true)).toThrow(
      `in ${files[0]} or ${files[1]}: as root on that host, echo "max_jobs: N" >${files[1]}`,
    );
  });

  test.each([
    ['# ours\n\n  max_jobs :\t3 # of 4\r\n\nnice_prio:0', 3, 0],
    ['nice_prio: 19\nmax_jobs:9999', 9999, 19],
    ['nice_prio: -20\nmax_jobs: 1\n', 1, -20],
    ['max_jobs: 2', 2, undefined],
  ])('is taken as lanes take it: %j', (text, cap, niceness) => {
    writeFileSync(files[1], text);
    expect(read(true)).toEqual({ path: files[1], cap, niceness });
  });

  test("dmake's comes first (D10)", () => {
    writeFileSync(files[0], 'max_jobs: 1');
    writeFileSync(files[1], 'max_jobs: 2');
    expect(read()).toMatchObject({ path: files[0], cap: 1 });
  });

  test.each([
    ['max_jobs: lots', 1, 'max_jobs: lots'],
    ['\nmax_jobs:', 2, 'max_jobs:'],
    ['max_jobs 8', 1, 'max_jobs 8'],
    ['max_jobs: -1', 1, 'max_jobs: -1'],
    ['max_jobs: 08', 1, 'max_jobs: 08'],
    ['max_jobs: 10000', 1, 'max_jobs: 10000'],
    ['max_jobs: 1\nmax_jobs: 2', 2, 'max_jobs: 2'],
    ['max_jobs: 1\nnice_prio: 20  ', 2, 'nice_prio: 20'],
    ['max_job: 1', 1, 'max_job: 1'],
    ['toString: 1', 1, 'toString: 1'],
  ])('is refused: %j', (text, line, shown) => {
    writeFileSync(files[0], text);
    expect(() => read()).toThrow(`line ${line} of its owner's file ${files[0]} is wrong: "${shown}"; there is to be`);
  });

  test.each([
    ['', /does not say how many jobs it takes: a line "max_jobs: 8" is missing/],
    ['nice_prio: 3\n', /does not say how many jobs it takes/],
    ['max_jobs: 0\n', /its owner allows no jobs \(max_jobs: 0 in /],
  ])('allows none: %j', (text, words) => {
    writeFileSync(files[0], text);
    expect(() => read()).toThrow(words);
  });

  test('one that cannot be read is not as good as none', () => {
    mkdirSync(files[0]);
    expect(() => read()).toThrow(/cannot be read: it is no plain file/);
    rmSync(files[0], { recursive: true });
    symlinkSync('nowhere', files[0]);
    expect(() => read()).toThrow(/cannot be read: no such file/i);
  });
});
