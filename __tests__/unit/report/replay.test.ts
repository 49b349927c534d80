import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rerunLine } from '../../../src/report/replay.ts';
import { job, recipe } from '../../fixtures/report/runs.ts';

/** What a terminal's shell makes of a line that is pasted into it. */
function pasted(line: string | undefined): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', line ?? 'exit 99'], {
    encoding: 'utf8',
    cwd: '/',
  });
  return { status, output: stdout + stderr };
}

function inDirectory(use: (directory: string) => void): void {
  const base = mkdtempSync(join(tmpdir(), 'replay-'));
  try {
    const directory = join(base, "it's $HOME; a dir");
    mkdirSync(directory);
    use(directory);
  } finally {
    rmSync(base, { recursive: true });
  }
}

describe('what is pasted does what the job did', () => {
  test.each<[string, readonly string[]]>([
    ['printf "%s\\n" a  b $((1 + 1)); pwd', ['/bin/sh', '-c']],
    ['printf %s one two', ['/bin/sh', '-c']],
    ['for i in 1 2; do \\\n  echo "$i"; \\\ndone; exit 7', ['/bin/sh', '-c']],
    ["echo 'single' \"double\" \\\\ '#' !", ['/bin/sh', '-c']],
    ['false; echo not reached', ['/bin/sh', '-e', '-c']],
    ['set -o pipefail; false | cat', ['/bin/bash', '-c']],
    [`printf '%s ' ${'word '.repeat(3000)}`, ['/bin/sh', '-c']],
    [`printf %s ${'word '.repeat(3000)}`, ['/bin/sh', '-c']],
    [`echo ${'word '.repeat(1500)}; exit 3`, ['/bin/sh', '-c']],
  ])('%#', (command, shell) =>
    inDirectory((directory) => {
      const argv = [...shell, command];
      const line = rerunLine({ ...job(1, recipe(1, 'x', directory), command), argv });
      // Quotes keep a line from being broken.
      if (/^printf '/.test(command)) expect(line).toBeUndefined();
      else {
        const [program = '', ...rest] = argv;
        const { status, stdout, stderr } = spawnSync(program, rest, { cwd: directory, encoding: 'utf8' });
        expect(pasted(line)).toEqual({ status, output: stdout + stderr });
        expect(Math.max(...(line ?? '').split('\n').map((one) => one.length))).toBeLessThan(4096);
      }
    }),
  );

  test('any words', () =>
    inDirectory((directory) => {
      const word = fc.string({
        unit: fc.constantFrom(...'ab \\\'"$`!#&|;(){}<>*?[]~=-\n\té'),
        minLength: 1,
        maxLength: 12,
      });
      fc.assert(
        fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
          const argv = [
            '/bin/sh',
            '-c',
            'printf "<%s>" "$0" "$@"',
            ...words.map((one) => Buffer.from(one).toString('latin1')),
          ];
          const line = rerunLine({ ...job(1, recipe(1, 'x', directory), argv[2] ?? ''), argv });
          if (words.some((one) => one.includes('##['))) return;
          expect(pasted(line)).toEqual({ status: 0, output: words.map((one) => `<${one}>`).join('') });
        }),
        { numRuns: 60 },
      );
    }));
});

test.each([
  ['a control character', 'echo \x07'],
  ['an escape', 'printf \x1b[31m'],
  ['a carriage return', 'echo a\rb'],
  ['a direction mark', 'echo \xe2\x80\xae'],
  ['a zero-width space', 'echo \xe2\x80\x8b'],
  ['bytes that are no UTF-8', 'echo \xff'],
  ['##[', 'echo ##[error]'],
  ['a word that is too long for a line', `echo ${'x'.repeat(5000)}`],
  ['more than anybody pastes', `echo ${'x '.repeat(40_000)}`],
])('a command with %s is not for pasting', (_, command) => {
  expect(rerunLine(job(1, recipe(1, 'x'), command))).toBeUndefined();
});
