import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';

test('a full disk is told, and is an error', () => {
  const source = pathToFileURL(join(import.meta.dirname, '../../../src/cli/print.ts')).href;
  const program = `
    import { print } from '${source}';
    try { print('x'); } catch (error) { console.error(error.constructor.name, error.message); }`;
  const full = openSync('/dev/full', 'w');
  const words = ['--input-type=module', '-e', program];
  const { stderr } = spawnSync(process.execPath, words, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
  closeSync(full);
  expect(stderr).toMatch(/^UserError standard output cannot be written: ENOSPC/);
});
