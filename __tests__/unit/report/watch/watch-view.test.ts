import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { renderWatch } from '../../../../src/report/watch/watch-view.ts';
import { widthOf } from '../../../../src/report/text-width.ts';
import { encode } from '../../../../src/util/bytes.ts';
import { evilText } from '../evil-text.ts';
import { watchedRun } from './watch-run.ts';

const CONTROL = /\p{Cc}/u;
const run = { jobs: 840, hosts: 6, fails: true };

describe('is as it was', () => {
  test.each([
    ['80x24', run, 0.7, { columns: 80, rows: 23 }],
    ['40x10', run, 0.7, { columns: 40, rows: 9 }],
    ['200x60', { ...run, jobs: 2000, hosts: 12 }, 0.75, { columns: 200, rows: 59 }],
    ['coming', run, 0.04, { columns: 80, rows: 23 }],
    ['300-hosts', { ...run, jobs: 600, hosts: 300, slots: 1 }, 0.03, { columns: 80, rows: 23 }],
    ['over', run, 1, { columns: 80, rows: 23 }],
  ])('%s', (name, options, share, size) => {
    const { state, figures } = watchedRun(options, share);
    const golden = readFileSync(new URL(`../../../fixtures/report/watch-${name}.txt`, import.meta.url), 'utf8');
    expect(`${renderWatch(state, size, false, figures).join('\n')}\n`).toBe(golden);
  });
});

test('colour adds to the words and changes none', () => {
  const { state, figures } = watchedRun(run, 0.7);
  const size = { columns: 80, rows: 23 };
  const coloured = renderWatch(state, size, true, figures);
  expect(coloured.join('')).toContain('\x1b[31m');
  expect(coloured.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(
    renderWatch(state, size, false, figures),
  );
});

test('fits in any terminal', () => {
  const { state, figures } = watchedRun(run, 0.7);
  const bad: unknown[] = [];
  for (let columns = 0; columns <= 210; columns += 3) {
    for (let rows = 0; rows <= 64; rows += 3) {
      const lines = renderWatch(state, { columns, rows }, false, figures);
      if (lines.length > rows) bad.push([columns, rows, lines.length]);
      bad.push(...lines.filter((line) => widthOf(line) > columns).map((line) => [columns, rows, line]));
    }
  }
  expect(bad).toEqual([]);
});

test('the smallest has the head, one with a few rows the failure too', () => {
  const { state, figures } = watchedRun(run, 0.7);
  const first = (rows: number): string[] =>
    renderWatch(state, { columns: 80, rows }, false, figures).map((line) => line.split(/\s+/)[0]!);
  expect(first(1)).toEqual([expect.stringMatching(/^\[\d+\]$/)]);
  expect(first(2).slice(1)).toEqual(['failed']);
  expect(first(4).slice(1)).toEqual(['failed', 'build1', '6']);
});

test('evil names neither widen a line nor move the cursor', () => {
  fc.assert(
    fc.property(
      fc.array(evilText, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 120 }),
      (names, columns) => {
        let at = 0;
        const options = { jobs: 30, hosts: 2, fails: true, rename: () => encode(`${names[at++ % names.length]!}.o`) };
        const { state, figures } = watchedRun(options, 0.6);
        for (const line of renderWatch(state, { columns, rows: 30 }, false, figures)) {
          expect(line).not.toMatch(CONTROL);
          expect(widthOf(line)).toBeLessThanOrEqual(columns);
        }
      },
    ),
    { numRuns: 60 },
  );
});
