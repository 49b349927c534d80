import { PLUS, WAIT, type MakeMarks } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import type { RuleGraph } from './rule-graph.ts';

/** Nothing is made anew for the sake of such a target, and it is no file that is removed in the end. */
const FOR_SHOW = '.INTERMEDIATE .PRECIOUS';

/**
 * Lines that make `.WAIT` a target that is there for make's sake only: it is no error, no implicit rule is looked for, and
 * `make -t` touches nothing (the recipe counts as one that calls make).
 *
 * @param own the makefile has a rule for it that must do
 */
export function waitTarget(own: boolean): readonly Bytes[] {
  return [...(own ? [] : [`${WAIT}: ; +`]), `${FOR_SHOW}: ${WAIT}`];
}

/**
 * Lines that let the members of each group follow one another, so that what needs one of them waits for the recipe that
 * makes them all; and `+`, where something asks for that, follow them all.
 */
export function groupRules(graph: RuleGraph, groups: MakeMarks['groups']): readonly Bytes[] {
  const chains = groups.flatMap((group) =>
    group.slice(1).flatMap((member, at) => graph.order([member], [group[at] ?? ''])),
  );
  if (groups.length === 0 || !graph.get(PLUS)) return chains;
  return [...chains, ...graph.order([PLUS], groups.flat()), `${FOR_SHOW}: ${PLUS}`];
}

/**
 * Lines that make `.WAIT` a barrier (D15): in the lists of goals, and of all that these need, what stands behind one is
 * ordered behind what stands before it, with all that it needs and the others do not. Between the two stands a target of
 * ours.
 *
 * @param goals the goals in their segments, between which stood `.WAIT`
 * @param known make knows the word in prerequisites itself (from 4.4): only that between goals counts
 * @param first what make makes before its goals: makefiles
 * @param barrier our targets are that with a number behind it
 */
export function waitRules(
  graph: RuleGraph,
  goals: readonly (readonly Bytes[])[],
  { known, first, barrier }: { readonly known: boolean; readonly first: readonly Bytes[]; readonly barrier: Bytes },
): readonly Bytes[] {
  const early = graph.closure(first);
  const lists = [goals];
  for (const target of known ? [] : graph.closure(goals.flat())) {
    const need = graph.get(target);
    if (need) lists.push(segmentsOf(need.normal), segmentsOf(need.orderOnly));
  }
  const lines: Bytes[] = [];
  let barriers = 0;
  for (const [start = [], ...segments] of lists) {
    if (segments.length === 0) continue;
    const before = graph.closure(start);
    // Behind the last barrier: what is before that need not be said again.
    let since: readonly Bytes[] = [...new Set(start)];
    for (const segment of segments) {
      const behind = [...graph.closure(segment)];
      const made = behind.filter((target) => graph.get(target)?.made === true && !early.has(target));
      const name = `${barrier}${barriers}`;
      const held = graph.hold(made, since, { barrier: name, before });
      if (held.length > 0) {
        lines.push(...held);
        barriers++;
        since = [name];
      }
      graph.widen(before, segment);
      since = [...new Set([...since, ...segment])];
    }
  }
  return lines;
}

/** A list as its parts between `.WAIT`. */
export function segmentsOf(words: readonly Bytes[]): readonly (readonly Bytes[])[] {
  const segments: Bytes[][] = [[]];
  for (const word of words) {
    if (word === WAIT) segments.push([]);
    else segments.at(-1)?.push(word);
  }
  return segments;
}
