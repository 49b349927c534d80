import { describe, expect, test } from '@jest/globals';
import type { DataBaseRule } from '../../../src/make/data-base.ts';
import { goalSegments, hasGoalWaits, withoutGoalWaits } from '../../../src/make/goal-waits.ts';
import { groupRules, segmentsOf, waitRules } from '../../../src/make/mark-rules.ts';
import { RuleGraph } from '../../../src/make/rule-graph.ts';

/** `a: b .WAIT c | d`; a `*` behind the target: it has no recipe; `~`: it is intermediate. */
function graphOf(...lines: string[]): RuleGraph {
  return new RuleGraph(
    lines.map((line): DataBaseRule => {
      const [, target = '', sign, colons, text = ''] = /^(.+?)([*~]?)(::?) ?(.*)$/.exec(line) ?? [];
      const [normal = '', orderOnly = ''] = text.split('|');
      const words = (list: string) => list.split(' ').filter((word) => word !== '');
      return {
        target,
        pattern: target.includes('%'),
        alsoMakes: [],
        doubleColon: colons === '::',
        normal: words(normal),
        orderOnly: words(orderOnly),
        recipe: sign === '*' ? undefined : { file: 'm', line: 1, text: '' },
        intermediate: sign === '~',
      };
    }),
  );
}

const waits = (graph: RuleGraph, goals = 'all', { known = false, first = [] as string[] } = {}) =>
  waitRules(graph, segmentsOf(goals.split(' ')), { known, first, barrier: '/r/wait.' });

/** The lines that let targets wait by barriers, in their order. */
const barriers = (...rules: [others: string, targets: string, steps?: string][]) =>
  rules.flatMap(([others, targets, steps], at) => [
    `/r/wait.${at}: | ${others}`,
    `/r/wait.${at}: .EXTRA_PREREQS :=`,
    `.PHONY: /r/wait.${at}`,
    `${targets}: | /r/wait.${at}`,
    ...(steps === undefined ? [] : [`.INTERMEDIATE: ${steps}`]),
  ]);

describe('.WAIT as order-only prerequisites (D15)', () => {
  test('what is behind waits, with all that it needs and that has a recipe', () => {
    const graph = graphOf('all: a .WAIT b', 'a: src', 'b: c d', 'c:', 'd*:');
    expect(waits(graph)).toEqual(barriers(['a', 'b c']));
  });

  test('several in one list; what both sides need waits for neither', () => {
    const graph = graphOf('all: a .WAIT b x .WAIT c', 'a: s', 'b: s t', 'c: t', 's:', 't:', 'x*: y', 'y:');
    expect(waits(graph)).toEqual(barriers(['a', 'b t y'], ['/r/wait.0 b x', 'c']));
  });

  test('deeper lists count, others than those of the goals do not', () => {
    const graph = graphOf('all: m', 'm: a .WAIT b', 'other: b .WAIT a', 'a:', 'b:');
    expect(waits(graph)).toEqual(barriers(['a', 'b']));
    expect(waits(graph, 'a b')).toEqual([]);
  });

  test('lists that contradict each other make no circle', () => {
    const graph = graphOf('all: m n', 'm: a .WAIT b', 'n: b .WAIT a', 'a:', 'b:');
    expect(waits(graph)).toEqual(barriers(['a', 'b']));
    const own = graphOf('all: a .WAIT b', 'a: b', 'b:');
    expect(waits(own)).toEqual([]);
  });

  test('left out: double colons, odd names, what makefiles need; steps stay steps', () => {
    const graph = graphOf('all: a .WAIT x b$c d gen e', 'a:', 'x::', 'b$c:', 'd:', 'gen: g', 'g:', 'e: f', 'f~:');
    expect(waits(graph, 'all', { first: ['gen'] })).toEqual(barriers(['a', 'd e f', 'f']));
  });

  test('between goals, where make knows those in lists itself', () => {
    const graph = graphOf('all: a .WAIT b', 'c: b', 'a:', 'b:');
    expect(waits(graph, 'a .WAIT c .WAIT all', { known: true })).toEqual(
      barriers(['a', 'c b'], ['/r/wait.0 c', 'all']),
    );
    expect(waits(graph, 'a .WAIT c', { known: true })).toEqual(barriers(['a', 'c b']));
  });

  test('a barrier that holds nothing is none, and what is before it counts for the next', () => {
    const graph = graphOf('all: a .WAIT src .WAIT b', 'a:', 'b:');
    expect(waits(graph)).toEqual(barriers(['a src', 'b']));
  });

  test('one edge for each target, however many stand on both sides', () => {
    const names = (letter: string) => Array.from({ length: 2000 }, (_, at) => `${letter}${at}`);
    const [before, behind] = [names('a'), names('b')];
    const made = [...before, ...behind].map((name) => `${name}:`);
    const list = `all: ${before.join(' ')} .WAIT ${behind.join(' ')}`;
    expect(waits(graphOf(list, ...made))).toEqual(barriers([before.join(' '), behind.join(' ')]));
  });
});

describe('target groups (D18)', () => {
  test('each member follows the one before; the sign follows all', () => {
    const graph = graphOf('a: d', 'b: d', 'c: d', '+: d', 'd:');
    expect(groupRules(graph, [['a', 'b', 'c']])).toEqual([
      'b: | a',
      'c: | b',
      '+: | a b c',
      '.INTERMEDIATE .PRECIOUS: +',
    ]);
  });

  test('not where that would be a circle', () => {
    expect(groupRules(graphOf('a: b', 'b:', 'c:'), [['a', 'b', 'c']])).toEqual(['c: | b']);
  });
});

test('.WAIT among the goals: taken out of the arguments, and only there', () => {
  const words = ['-f', 'm', 'a', '.WAIT', 'A=.WAIT', 'b', 'c', '.WAIT', 'd', '-o', '.WAIT'];
  expect(goalSegments(words)).toEqual([['a'], ['b', 'c'], ['d']]);
  expect(withoutGoalWaits(words)).toEqual(['-f', 'm', 'a', 'A=.WAIT', 'b', 'c', 'd', '-o', '.WAIT']);
  expect([hasGoalWaits(words), hasGoalWaits(['-o', '.WAIT', 'a'])]).toEqual([true, false]);
});
