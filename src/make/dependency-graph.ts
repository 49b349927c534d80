import { decode, type Bytes } from '../util/bytes.ts';
import { excerpt } from '../util/excerpt.ts';

/**
 * What a make builds from what: its targets, and for each the prerequisites; those behind `|` with that before them. A
 * pattern, which may have several rules, has the prerequisites of each as one.
 */
export type Graph = ReadonlyMap<Bytes, ReadonlySet<Bytes>>;

/** The goal that make takes when it is given none; as a target it could not be named so. */
const DEFAULT_GOAL = '.DEFAULT_GOAL';

/** Names may hold colons: the one that ends them is followed by a blank, or by nothing. */
const RULE = /^(.+?):(?::)?(?: (.*))?$/;

/**
 * Reads the data base that `make -p` prints (in the C locale). What is built in does not count, nor do recipes, nor any
 * order.
 *
 * @returns undefined when there is none in the text
 */
export function parseGraph(database: Bytes): Graph | undefined {
  const graph = new Map<Bytes, Set<Bytes>>();
  const lines = database.split('\n');
  const rules = lines.indexOf('# Implicit Rules');
  if (rules < 0) return undefined;
  const [, goal] = /^\.DEFAULT_GOAL :?= (.+)$/m.exec(database) ?? [];
  if (goal !== undefined) graph.set(DEFAULT_GOAL, new Set([goal]));
  const files = lines.indexOf('# Files', rules);
  for (let at = rules + 1; at < lines.length; at++) {
    if (lines[at] !== '') continue;
    // A block: comments, the target's own variables, its rule; what comes behind is said about it.
    const end = blockEnd(lines, at + 1);
    const block = lines.slice(at + 1, end);
    at = end - 1;
    const line = block.includes('# Not a target:') || block.some(isBuiltIn) ? undefined : ruleOf(block);
    const [, target, text = ''] = RULE.exec(line ?? '') ?? [];
    if (target === undefined) continue;
    const known = graph.get(target) ?? new Set<Bytes>();
    graph.set(target, known);
    const needed = prerequisites(text);
    if (at > files) for (const one of needed) known.add(one);
    else known.add(needed.join(' '));
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

/** Blank lines end a block, but for those in the value of a variable. */
function blockEnd(lines: readonly Bytes[], from: number): number {
  let at = from;
  while (at < lines.length && lines[at] !== '') {
    if (/^.+?: (?:override |private )*define /.test(lines[at] ?? '')) {
      const end = lines.indexOf('endef', at);
      if (end > 0) at = end;
    }
    at++;
  }
  return at;
}

/** The first line that is neither a comment nor, behind one, a variable of the target. */
function ruleOf(block: readonly Bytes[]): Bytes | undefined {
  for (let at = 0; at < block.length; at++) {
    const line = block[at] ?? '';
    if (!line.startsWith('#')) return line.startsWith('\t') ? undefined : line;
    if (
      !/^# (?:default|environment|makefile|environment under -e|command line|'?override'? directive|automatic)\b/.test(
        line,
      )
    ) {
      continue;
    }
    const variable = block[++at] ?? '';
    if (/: (?:override |private )*define /.test(variable)) at = Math.max(at, block.indexOf('endef', at));
  }
  return undefined;
}

function isBuiltIn(line: Bytes): boolean {
  return line === '#  Builtin rule' || line === '#  recipe to execute (built-in):';
}

function prerequisites(text: Bytes): readonly Bytes[] {
  const words = text.split(' ').filter((word) => word !== '');
  const bar = words.indexOf('|');
  const normal = bar < 0 ? words : words.slice(0, bar);
  const orderOnly = bar < 0 ? [] : words.slice(bar + 1).map((word) => `| ${word}`);
  return [...normal.sort(), ...orderOnly.sort()];
}

function first(some: ReadonlySet<Bytes>, others: ReadonlySet<Bytes>): Bytes | undefined {
  return [...some].sort().find((one) => !others.has(one));
}

function show(name: Bytes): string {
  return excerpt(decode(name), 120);
}
