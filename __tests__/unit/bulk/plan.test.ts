import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { planOf, type PlannedRule } from '../../../src/bulk/plan.ts';
import { weights } from '../../../src/bulk/weights.ts';

/** `a: b c | d` with a recipe, `a: b -` without one. */
function rules(...lines: readonly string[]): PlannedRule[] {
  return lines.map((line) => {
    const [, target = '', needed = '', , orderOnly = '', none] = /^(\S+):([^|-]*)(\|([^-]*))?(-)?$/.exec(line) ?? [];
    const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
    const recipe = none === undefined ? { text: '\ttrue' } : undefined;
    return { target, pattern: false, normal: words(needed), orderOnly: words(orderOnly), recipe };
  });
}

describe('items', () => {
  test('are the targets with a recipe that the goals need, what they need before them', () => {
    const plan = planOf(rules('all: b a -', 'a: c src', 'b: a', 'c:', 'other: a'), ['all']);
    expect([...plan.keys()]).toEqual(['c', 'a', 'b']);
    expect(plan.get('a')).toMatchObject({ after: ['c'], inputs: ['c', 'src'], weight: 1 });
    expect(plan.get('c')).toMatchObject({ after: [], inputs: [], weight: 2 });
  });

  test('see through targets without a recipe; order-only ones come before, but make nothing old', () => {
    const plan = planOf(rules('a: group | dir', 'group: b src -', 'b:', 'dir:'), ['a']);
    expect(plan.get('a')).toMatchObject({ after: ['b', 'dir'], inputs: ['b', 'src', 'group'] });
    expect(plan.get('dir')?.weight).toBe(1);
  });

  test('know the files without a rule that must be there, whichever way they need them', () => {
    const plan = planOf(rules('a: group lib(m.o) | .WAIT late', 'group: src -', 'late: later -', 'b: a own'), ['b']);
    expect(plan.get('a')?.sources).toEqual(['src', 'later']);
    expect(plan.get('b')?.sources).toEqual(['own']);
  });

  test('know whether make expects a file of their name', () => {
    const [step] = rules('step:');
    const plan = planOf([...rules('.PHONY: all -', 'all: f step', 'f:'), { ...step!, intermediate: true }], ['all']);
    expect([...plan.values()].filter(({ file }) => file).map(({ target }) => target)).toEqual(['f']);
  });

  test('a circle is cut where make cuts it', () => {
    expect([...planOf(rules('a: b', 'b: c', 'c: a'), ['a']).keys()]).toEqual(['c', 'b', 'a']);
  });

  test('several rules with two colons are one item; ./ before a goal is nothing', () => {
    const plan = planOf([...rules('a: b', 'a: c'), ...rules('b:', 'c:')], ['./a']);
    expect(plan.get('a')).toMatchObject({ after: ['b', 'c'], recipe: '\ttrue\ttrue' });
  });

  test.each([
    ['\t-rm x', true],
    ['\t@+-false', true],
    ['\t-false\n\ttrue', false],
    ['\t-echo a \\\n\t  b', true],
    ['\techo -- \\\n\t- b', false],
  ])('a failure of the last line counts or not: %j', (text, ignores) => {
    const [rule] = rules('a:');
    expect(rule && planOf([{ ...rule, recipe: { text } }], ['a']).get('a')).toMatchObject({ ignores });
  });

  test('.IGNORE, .PHONY and .PRECIOUS', () => {
    const all = rules('all: a b c.o d -', 'a:', 'b:', 'c.o:', 'd:', '.PHONY: a -', '.PRECIOUS: %.o -', '.IGNORE: b -');
    const plan = planOf(all, ['all']);
    expect([...plan.values()].map(({ target, removable, ignores }) => [target, removable, ignores])).toEqual([
      ['a', false, false],
      ['b', true, true],
      ['c.o', false, false],
      ['d', true, false],
    ]);
    expect(planOf(rules('a:', '.IGNORE: -'), ['a']).get('a')?.ignores).toBe(true);
  });

  test.each(['\t ', '\t@:'])('a recipe of which make runs nothing is none: %j', (text) => {
    const [rule] = rules('a: b');
    expect(rule && [...planOf([{ ...rule, recipe: { text } }, ...rules('b:')], ['a']).keys()]).toEqual(['b']);
  });
});

test('weights count each item that waits once, however it comes to wait', () => {
  const graph = fc
    .array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 80 })
    .map((rows) => rows.map((row, at) => (at === 0 ? [] : row.map((one) => one % at))));
  fc.assert(
    fc.property(graph, (after) => {
      const waits = after.map((row, at) => {
        const found = new Set(row);
        for (const one of found) for (const next of after[one] ?? []) found.add(next);
        return { at, found };
      });
      expect(weights(after)).toEqual(after.map((_, item) => waits.filter(({ found }) => found.has(item)).length));
    }),
  );
});
