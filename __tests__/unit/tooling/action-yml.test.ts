import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const text = readFileSync(resolve(import.meta.dirname, '../../../action.yml'), 'utf8');

/** The entries of a top-level section, each with its keys. */
function section(name: string): Record<string, Record<string, string>> {
  const body = new RegExp(`^${name}:\\n((?: .*\\n|\\n)+)`, 'm').exec(text)?.[1] ?? '';
  const entries: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  for (const line of body.split('\n')) {
    const entry = /^ {2}([\w-]+):$/.exec(line)?.[1];
    const [, key, value] = /^ {4}([\w-]+): (.*)$/.exec(line) ?? [];
    if (entry !== undefined) current = entries[entry] = {};
    else if (key !== undefined && value !== undefined) current[key] = value.replace(/^'(.*)'$/, '$1');
    else expect(line).toBe('');
  }
  return entries;
}

test('the inputs are the public contract: names, order and defaults', () => {
  const inputs = Object.entries(section('inputs')).map(([name, keys]) => [name, keys['default'] ?? '']);
  expect(inputs).toEqual([
    ['hosts', ''],
    ['hosts-file', ''],
    ['hosts-format', ''],
    ['group', ''],
    ['ssh-private-key', ''],
    ['ssh-passphrase', ''],
    ['known-hosts', ''],
    ['targets', ''],
    ['working-directory', '.'],
    ['makefile', ''],
    ['make', 'make'],
    ['arguments', ''],
    ['jobs', ''],
    ['local-jobs', ''],
    ['dist', 'auto'],
    ['local', ''],
    ['setup', ''],
    ['environment', ''],
    ['toolchain', ''],
    ['load', ''],
    ['fallback', 'local'],
    ['host-timeout', '15'],
    ['job-timeout', ''],
    ['no-retry', ''],
    ['stale-after', '24h'],
    ['staging', 'tree'],
    ['exclude', ''],
    ['bulk', ''],
    ['cache', 'true'],
    ['log', 'fold'],
    ['problem-matchers', ''],
    ['summary', 'true'],
    ['report', ''],
    ['debug', ''],
  ]);
});

test('so are the outputs', () => {
  expect(Object.keys(section('outputs'))).toEqual([
    'remote-jobs',
    'local-jobs',
    'retried-jobs',
    'failed-targets',
    'hosts',
    'elapsed',
    'report',
  ]);
});

test('each has one sentence of description', () => {
  for (const [name, keys] of [...Object.entries(section('inputs')), ...Object.entries(section('outputs'))]) {
    expect({ name, description: keys['description'] }).toEqual({
      name,
      description: expect.stringMatching(/^[A-Z](?:[^.]|\.(?! [A-Z]))*\.$/),
    });
  }
});

test('main and post run from dist under Node 24, post always', () => {
  const runs = /^runs:\n((?: .*\n)+)/m
    .exec(text)?.[1]
    ?.split('\n')
    .map((line) => line.trim());
  expect(runs).toEqual([
    'using: node24',
    'main: dist/main/index.js',
    'post: dist/post/index.js',
    'post-if: always()',
    '',
  ]);
});
