import { describe, expect, test } from '@jest/globals';
import { formatReport } from '../../../src/bulk/report-file.ts';
import { bulkReport } from '../../../src/engine/bulk-report.ts';
import type { Fate } from '../../../src/engine/bulk-state.ts';
import type { BulkPlan } from '../../../src/model/bulk.ts';
import { bulkText } from '../../../src/report/bulk-text.ts';

/** What comes before each, in order. */
function plan(
  after: Readonly<Record<string, readonly string[]>>,
  peers: Readonly<Record<string, readonly string[]>> = {},
): BulkPlan {
  const rest = { inputs: [], sources: [], weight: 0, recipe: 'r', file: true, removable: true, ignores: false };
  return new Map(
    Object.entries(after).map(([target, needs]) => [
      target,
      { ...rest, target, after: needs, peers: peers[target] ?? [] },
    ]),
  );
}

const built: Fate = { kind: 'built', place: 'alpha' };
const failed: Fate = { kind: 'failed', how: 'status 2', where: 'alpha', marked: true };
const fates = (of: Readonly<Record<string, Fate>>): ReadonlyMap<string, Fate> => new Map(Object.entries(of));
const CHAIN = plan({ a: [], b: ['a'], c: ['b'], d: [], e: ['d', 'c'], f: [] });

test('what needs an item that failed, directly or not, is skipped because of it; the rest was up to date', () => {
  const report = bulkReport(CHAIN, fates({ a: failed, d: built }), true);
  expect(formatReport(report)).toBe(
    'd built - 1\nf up-to-date - 1\na failed - 1\nb skipped a 1\nc skipped a 1\ne skipped a 1\n',
  );
  expect(bulkText(report, 'DIR/report')).toBe(
    'bulk build: 1 built, 1 up to date or done before, 1 failed, 3 skipped (DIR/report)\nfailed: a: status 2 on alpha\nskipped: b, c, e: because of a',
  );
});

test('when make did not come to the end, only what something that ran needs is known to be up to date', () => {
  const report = bulkReport(CHAIN, fates({ c: failed }), false);
  expect(formatReport(report)).toBe(
    'a up-to-date - 1\nb up-to-date - 1\nc failed - 1\ne skipped c 1\nd not-reached - 1\nf not-reached - 1\n',
  );
});

test('items that one run of a recipe makes share what became of it; those that nobody has heard of are told as well', () => {
  const pair = plan({ a: [], b: [], 'c d': ['b'] }, { a: ['b'], b: ['a'] });
  expect(formatReport(bulkReport(pair, fates({ a: failed, x: built }), true))).toBe(
    'x built - 1\na failed - 1\nb failed - 1\nc%20d skipped b 1\n',
  );
});

describe('after a run that did not end well', () => {
  const items = plan({ x: [], y: ['x'], z: [], p: [] });
  for (const [target, more] of Object.entries({ x: { sources: ['there', 'nosuch'] }, p: { file: false } }))
    Object.assign(items.get(target) ?? {}, more);
  const missing = (name: string): boolean => name !== 'there';

  test('what needs a file that nothing makes is skipped because of it; what has never been made is not up to date', () => {
    expect(formatReport(bulkReport(items, new Map(), true, missing))).toBe(
      'p up-to-date - 1\nx skipped nosuch 1\ny skipped nosuch 1\nz not-reached - 1\n',
    );
  });

  test('what ran has not failed because of it, and without -k nobody knows', () => {
    expect(formatReport(bulkReport(items, fates({ x: built, y: built, z: built }), true, missing))).toContain(
      'x built - 1\n',
    );
    expect(formatReport(bulkReport(items, fates({ z: failed }), false, missing))).toContain('x not-reached - 1\n');
  });
});

test('a report of everything that is as it should be', () => {
  const spared = new Map<string, Fate>([['a', { kind: 'spared', by: 'earlier' }]]);
  expect(formatReport(bulkReport(plan({ a: [] }), spared, true))).toBe('a done - 1\n');
  expect(bulkText(bulkReport(plan({}), new Map(), true), 'r')).toBe('bulk build: nothing to do (r)');
});

test('long lists are cut, the report is not', () => {
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, at): [string, string[]] => [`i${at}`, []]));
  const report = bulkReport(plan(many), new Map(Object.keys(many).map((target) => [target, failed])), true);
  expect(bulkText(report, 'r').split('\n')).toHaveLength(102);
  expect(bulkText(report, 'r')).toContain('\nfailed: 50 more');
  expect(formatReport(report).split('\n')).toHaveLength(151);
});
