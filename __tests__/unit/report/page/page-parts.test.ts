import { describe, expect, test } from '@jest/globals';
import { ALL, filterFor } from '../../../../page/filter.ts';
import { firstAfter, layOut, nearest } from '../../../../page/layout.ts';
import { Run } from '../../../../page/run.ts';
import { moved, showing, tickStep, zoomed } from '../../../../page/span.ts';
import { duration, moment, number, percent } from '../../../../page/words.ts';
import { pageData } from '../../../../src/report/page/encode-page.ts';
import { generatedRun, recordOf } from '../../../fixtures/report/generated-run.ts';

const run = new Run(pageData(recordOf(generatedRun({ jobs: 800 }))));

describe('what is in sight', () => {
  test('zooming keeps the time under the pointer, within the run', () => {
    expect(zoomed({ from: 0, to: 100 }, 0.5, 20, 100)).toEqual({ from: 10, to: 60 });
    expect(zoomed({ from: 10, to: 60 }, 4, 20, 100)).toEqual({ from: 0, to: 100 });
    const near = zoomed({ from: 50, to: 50.02 }, 0.01, 50, 100);
    expect(near.to - near.from).toBeCloseTo(0.01);
  });

  test('moving stops at both ends', () => {
    expect(moved({ from: 10, to: 30 }, -50, 100)).toEqual({ from: 0, to: 20 });
    expect(moved({ from: 10, to: 30 }, 500, 100)).toEqual({ from: 80, to: 100 });
  });

  test('a part that is shown comes into sight, one that is in sight moves nothing', () => {
    const span = { from: 10, to: 30 };
    expect(showing(span, { from: 12, to: 14 }, 100)).toBe(span);
    expect(showing(span, { from: 50, to: 52 }, 100)).toEqual({ from: 41, to: 61 });
    expect(showing(span, { from: 20, to: 90 }, 100)).toEqual({ from: 13, to: 97 });
  });

  test.each([
    [10, 10, 1],
    [33, 12, 5],
    [0.05, 10, 0.005],
    [430, 12, 50],
    [900, 12, 120],
    [7200, 10, 900],
  ])('%d s with room for %i marks: one every %d s', (length, marks, step) => {
    expect(tickStep(length, marks)).toBeCloseTo(step);
  });
});

describe('words', () => {
  test('durations and moments', () => {
    expect([0, 0.0421, 0.9999, 3.456, 59.94, 59.97, 185, 3720].map(duration)).toEqual([
      ...['0 ms', '42 ms', '1.00 s', '3.46 s', '59.9 s', '1 min 00 s', '3 min 05 s', '1 h 02 min'],
    ]);
    expect(moment(12.5, 0.5)).toBe('12.5 s');
    expect(moment(185, 5)).toBe('3:05');
    expect(moment(185.5, 0.5)).toBe('3:05.5');
    expect([percent(0), percent(0.001), percent(0.256)]).toEqual(['0 %', '<1 %', '26 %']);
    expect([number(1, 'job'), number(20_000, 'job'), number(7)]).toEqual(['1 job', '20\u202f000 jobs', '7']);
  });
});

describe('filter', () => {
  const found = (wanted: Partial<typeof ALL>): number => run.jobs.filter(filterFor({ ...ALL, ...wanted })).length;

  test('empty wants all; texts are parts in either case, or regular expressions', () => {
    expect(found({})).toBe(800);
    const sockets = run.jobs.filter(({ recipe }) => recipe.target.startsWith('socket')).length;
    expect(found({ text: ' SOCKET' })).toBe(sockets);
    expect(found({ text: '/^socket.*\\.o$/' })).toBe(sockets);
    expect(found({ text: '/^SOCKET/' })).toBe(0);
    expect(found({ text: '/^SOCKET/i' })).toBe(sockets);
    expect(() => found({ text: '/(/' })).toThrow(SyntaxError);
  });

  test('place, state and reason must be those of one leg', () => {
    const again = found({ state: 'again' });
    expect(again).toBeGreaterThan(0);
    // What ran again elsewhere did not do so on the runner, where it came to.
    expect(found({ state: 'again', place: 'runner' })).toBe(0);
    expect(found({ reason: 'failed there', place: 'runner' })).toBeGreaterThan(0);
    expect(found({ onPath: true })).toBe(new Set(run.steps.flatMap(({ job }) => job ?? [])).size);
  });
});

describe('layout', () => {
  const { rows } = layOut(run);

  test('every leg stands in a row of its place, and no bar over another', () => {
    const legs = run.jobs.flatMap((job) => job.legs);
    const shown = new Set(rows.flatMap((row) => row.bars.map((bar) => bar.leg)));
    expect(legs.filter((leg) => !shown.has(leg))).toEqual([]);
    for (const row of rows) {
      for (const [at, bar] of row.bars.entries()) {
        expect(bar.leg.place).toBe(row.place);
        const before = row.bars[at - 1];
        if (before) expect(bar.from).toBeGreaterThanOrEqual(before.to);
      }
    }
  });

  test('a host has a row for each slot, used or not; makes that wait have rows of their own', () => {
    const kinds = (name: string): string[] => rows.filter(({ place }) => place.name === name).map(({ kind }) => kind);
    expect(kinds('build1')).toEqual(['head', ...Array<string>(8).fill('slot')]);
    expect(kinds('runner').filter((kind) => kind === 'make').length).toBeGreaterThan(0);
  });

  test('bars are found by time', () => {
    const bars = rows.find(({ kind }) => kind === 'slot')?.bars ?? [];
    for (const [at, bar] of bars.entries()) {
      expect(firstAfter(bars, (bar.from + bar.to) / 2)).toBe(at);
      expect(nearest(bars, (bar.from + bar.to) / 2)).toEqual({ bar, distance: 0 });
    }
    expect(firstAfter(bars, 1e9)).toBe(bars.length);
    expect(nearest(bars, 1e9)?.bar).toBe(bars.at(-1));
    expect(nearest([], 1)).toBeUndefined();
  });
});
