import { decode, type Bytes } from '../util/bytes.ts';
import { excerpt } from '../util/excerpt.ts';
import { readDataBase, variableIn } from './data-base.ts';

/**
 * What a make builds from what: its targets, and for each the prerequisites; those behind `|` with that before them. A
 * pattern, which may have several rules, has the prerequisites of each as one.
 */
export type Graph = ReadonlyMap<Bytes, ReadonlySet<Bytes>>;

/** The goal that make takes when it is given none; as a target it could not be named so. */
const DEFAULT_GOAL = '.DEFAULT_GOAL';

/**
 * Reads the data base that `make -p` prints (in the C locale). What is built in does not count, nor do recipes, nor any
 * order.
 *
 * @returns undefined when there is none in the text
 */
export function parseGraph(database: Bytes): Graph | undefined {
  const rules = readDataBase(database);
  if (!rules) return undefined;
  const graph = new Map<Bytes, Set<Bytes>>();
  const goal = variableIn(database, DEFAULT_GOAL);
  if (goal !== undefined) graph.set(DEFAULT_GOAL, new Set([goal]));
  for (const { target, pattern, normal, orderOnly } of rules) {
    const known = graph.get(target) ?? new Set<Bytes>();
    graph.set(target, known);
    const needed = [...[...normal].sort(), ...orderOnly.map((word) => `| ${word}`).sort()];
    if (pattern) known.add(needed.join(' '));
    else for (const one of needed) known.add(one);
  }
  return graph;
}

/**
 * Where two graphs differ, for people: the first target, by name.
 *
 * @param there a host's
 * @param here the runner's
 */
export function graphDifference(there: Graph, here: Graph): string | undefined {
  const targets = [...new Set([...there.keys(), ...here.keys()])].sort();
  for (const target of targets) {
    const [ours, theirs] = [there.get(target), here.get(target)];
    const name = show(target);
    if (!ours) return `${name} is a target on the runner, not there`;
    if (!theirs) return `${name} is a target there, not on the runner`;
    const more = first(ours, theirs);
    const less = first(theirs, ours);
    if (target === DEFAULT_GOAL && more !== undefined && less !== undefined) {
      return `without a goal it makes ${show(more)} there, ${show(less)} on the runner`;
    }
    const verb = target.includes('%') ? 'is made from' : 'needs';
    if (more !== undefined) return `${name} ${verb} ${show(more)} there, not on the runner`;
    if (less !== undefined) return `${name} ${verb} ${show(less)} on the runner, not there`;
  }
  return undefined;
}

function first(some: ReadonlySet<Bytes>, others: ReadonlySet<Bytes>): Bytes | undefined {
  return [...some].sort().find((one) => !others.has(one));
}

function show(name: Bytes): string {
  return excerpt(decode(name), 120);
}
