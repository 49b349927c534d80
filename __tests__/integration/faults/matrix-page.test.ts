import { expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DOINGS } from './faults.ts';
import { FAULTS, MATRIX, nameOf, PHASES } from './matrix.ts';
import { BEGIN, END, matrixText } from './matrix-page.ts';

const PAGE = resolve(fileURLToPath(import.meta.url), '../../../../docs/faults.md');

test('docs/faults.md shows the matrix (DISTMAKE_WRITE_DOCS=1 writes it)', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  const wanted = `${before}${BEGIN}\n\n${matrixText()}\n\n${END}${after}`;
  if (process.env['DISTMAKE_WRITE_DOCS'] !== undefined) writeFileSync(PAGE, wanted);
  expect(after).toBeDefined();
  expect(readFileSync(PAGE, 'utf8')).toBe(wanted);
});

test('each cell is another, and every fault and every moment occurs', () => {
  expect(new Set(MATRIX.map(nameOf)).size).toBe(MATRIX.length);
  expect(new Set(MATRIX.map(({ fault }) => fault))).toEqual(new Set(Object.keys(FAULTS)));
  expect(new Set(MATRIX.map(({ phase }) => phase))).toEqual(new Set(Object.keys(PHASES)));
  expect(Object.keys(DOINGS).sort()).toEqual(Object.keys(FAULTS).sort());
});
