import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseMatrix } from '../../../src/hosts/matrix.ts';
import { LOAD_POLICIES } from '../../../src/model/load.ts';
import { MATRIX_FORMATS, type MatrixFormat } from '../../../src/model/matrix.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../docs/hosts.md'), 'utf8');
const examples = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
  .map(([, format = '', text = '']) => ({ format, text }))
  .filter(({ format }) => format !== 'text');

test('every format has its example', () => {
  expect(new Set(examples.map(({ format }) => format))).toEqual(new Set([...MATRIX_FORMATS, 'json']));
});

test.each(examples)('the farm in $format is the same, and is recognised', ({ format, text }) => {
  const kind = (format === 'json' ? 'yaml' : format) as MatrixFormat;
  const matrix = parseMatrix(text, 'example', kind === 'd1make' ? { format: kind } : {});
  expect(matrix.format).toBe(kind);
  expect(matrix.warnings).toEqual([]);
  expect(matrix.hosts.map(({ user, address, port, slots }) => ({ user, address, port, slots }))).toEqual([
    { user: 'ci', address: 'build1', port: 2222, slots: kind === 'd1make' ? undefined : 8 },
    { user: undefined, address: '2001:db8::7', port: undefined, slots: kind === 'd1make' ? undefined : 4 },
  ]);
});

test('every load policy is described', () => {
  for (const policy of LOAD_POLICIES) expect(page).toContain(`| \`${policy}\``);
});
