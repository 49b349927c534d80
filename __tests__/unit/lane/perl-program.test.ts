import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { perlProgram } from '../../../src/lane/perl-program.ts';
import { assetPath } from '../../../src/util/asset.ts';

const perl = (program: string): string => spawnSync('perl', ['-c'], { input: program, encoding: 'utf8' }).stderr;

test('the parts of the lane are one program, which has every part once', () => {
  expect(perl(perlProgram())).toBe('- syntax OK\n');
  const parts = [...perlProgram().matchAll(/^# line 1 "lane\/(.*)"$/gm)].map(([, name]) => name);
  expect(parts.sort()).toEqual(readdirSync(assetPath('lane')).sort());
});

test('what perl says of it names the part and the line there', () => {
  expect(perl(perlProgram().replace('sub start_job {\n', 'sub start_job {\nmy $x = $nowhere;\n'))).toMatch(
    /"\$nowhere" .* at lane\/jobs\.pl line \d\d\.$/m,
  );
});
