import type { BulkItem, BulkPlan } from '../model/bulk.ts';
import { WAIT } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import { weights } from './weights.ts';

/** What an item sees of the targets behind it, through those without a recipe. */
interface View {
  /** The nearest items. */
  readonly items: ReadonlySet<Bytes>;
  /** Files and items that count by their time. */
  readonly inputs: ReadonlySet<Bytes>;
  /** What must be there, since there is no rule for it. */
  readonly sources: ReadonlySet<Bytes>;
}

/** What is needed of one rule in make's data base. */
export interface PlannedRule {
  readonly target: Bytes;
  readonly pattern: boolean;
  readonly normal: readonly Bytes[];
  readonly orderOnly: readonly Bytes[];
  readonly recipe: { readonly text: Bytes } | undefined;
  /** Targets that the same run of the recipe makes, itself perhaps among them. */
  readonly alsoMakes?: readonly Bytes[];
  /** Only a step on the way to something else. */
  readonly intermediate?: boolean;
}

/** All rules of one target. */
interface Whole {
  readonly normal: Bytes[];
  readonly orderOnly: Bytes[];
  readonly peers: Bytes[];
  recipe: Bytes;
  intermediate: boolean;
}

/**
 * The items of a bulk build: all targets with a recipe that the goals need.
 *
 * @param rules those of files; patterns do not count
 */
export function planOf(rules: readonly PlannedRule[], goals: readonly Bytes[]): BulkPlan {
  const wholes = wholeRules(rules);
  const special = (name: Bytes): readonly Bytes[] | undefined => wholes.get(name)?.normal;
  const phony = new Set(special('.PHONY'));
  const isKept = matcher([...phony, ...(special('.PRECIOUS') ?? [])]);
  const ignored = special('.IGNORE');
  const views = new Map<Bytes, View>();
  const items: (Whole & View & { readonly target: Bytes })[] = [];
  for (const target of inOrder(wholes, goals.map(plainName))) {
    const rule = wholes.get(target);
    const view = viewOf(rule, views);
    const isItem = rule !== undefined && rule.recipe !== '';
    if (isItem) items.push({ ...rule, ...view, target });
    views.set(target, isItem ? itself(target) : seenThrough(target, rule, view));
  }
  const numbers = new Map(items.map(({ target }, number) => [target, number]));
  const heavy = weights(items.map((item) => [...item.items].flatMap((one) => numbers.get(one) ?? [])));
  return new Map(
    items.map(({ target, recipe, peers, items: after, inputs, sources, intermediate }, number): [Bytes, BulkItem] => [
      target,
      {
        target,
        after: [...after],
        inputs: [...inputs],
        sources: [...sources],
        file: !phony.has(target) && !intermediate,
        weight: heavy[number] ?? 0,
        recipe,
        removable: !isKept(target),
        peers: peers.filter((peer) => peer !== target),
        ignores: ignored?.length === 0 || ignored?.includes(target) === true || lastLineIgnored(recipe),
      },
    ]),
  );
}

/** A target with two colons may have several rules. */
function wholeRules(rules: readonly PlannedRule[]): ReadonlyMap<Bytes, Whole> {
  const wholes = new Map<Bytes, Whole>();
  for (const { target, pattern, normal, orderOnly, recipe, alsoMakes, intermediate } of rules) {
    if (pattern) continue;
    const whole = wholes.get(target) ?? { normal: [], orderOnly: [], peers: [], recipe: '', intermediate: false };
    whole.normal.push(...normal.filter((one) => one !== WAIT));
    whole.orderOnly.push(...orderOnly.filter((one) => one !== WAIT));
    whole.peers.push(...(alsoMakes ?? []));
    // Of one without a command, or with `:` alone, make runs nothing.
    if (recipe && !/^[\s@+:-]*$/.test(recipe.text)) whole.recipe += recipe.text;
    whole.intermediate ||= intermediate === true;
    wholes.set(target, whole);
  }
  return wholes;
}

/** Whether a name is one of these, which may be patterns (`.PRECIOUS: %.o`). */
function matcher(names: readonly Bytes[]): (name: Bytes) => boolean {
  const plain = new Set(names);
  const ends = names.filter((name) => name.includes('%')).map((name) => name.split('%', 2));
  return (name) =>
    plain.has(name) ||
    ends.some(([begin = '', end = '']) => {
      return name.length > begin.length + end.length && name.startsWith(begin) && name.endsWith(end);
    });
}

/** Make drops `./` before a name. */
function plainName(goal: Bytes): Bytes {
  return goal.replace(/^(?:\.\/+)+(?=.)/, '');
}

/** All that the goals need, prerequisites first; make drops what would make a circle, and so do we. */
function inOrder(rules: ReadonlyMap<Bytes, Whole>, goals: readonly Bytes[]): readonly Bytes[] {
  const order: Bytes[] = [];
  const seen = new Set<Bytes>();
  const open: { readonly target: Bytes; readonly needed: readonly Bytes[]; next: number }[] = [];
  const enter = (target: Bytes): void => {
    if (seen.has(target)) return;
    seen.add(target);
    const { normal = [], orderOnly = [] } = rules.get(target) ?? {};
    open.push({ target, needed: [...normal, ...orderOnly], next: 0 });
  };
  for (const goal of goals) {
    enter(goal);
    for (let top = open.at(-1); top; top = open.at(-1)) {
      const next = top.needed[top.next++];
      if (next !== undefined) enter(next);
      else {
        open.pop();
        order.push(top.target);
      }
    }
  }
  return order;
}

function viewOf(rule: Whole | undefined, views: ReadonlyMap<Bytes, View>): View {
  const items = new Set<Bytes>();
  const inputs = new Set<Bytes>();
  const sources = new Set<Bytes>();
  const normal = new Set(rule?.normal);
  for (const one of [...normal, ...(rule?.orderOnly ?? [])]) {
    const view = views.get(one);
    for (const item of view?.items ?? []) items.add(item);
    for (const source of view?.sources ?? []) sources.add(source);
    if (normal.has(one)) for (const input of view?.inputs ?? []) inputs.add(input);
  }
  return { items, inputs, sources };
}

/** An item hides what is behind it. */
function itself(item: Bytes): View {
  return { items: new Set([item]), inputs: new Set([item]), sources: new Set() };
}

/** Without a recipe: what is behind it counts, and the file itself, if it is one. */
function seenThrough(target: Bytes, rule: Whole | undefined, behind: View): View {
  // A member of an archive is no file.
  const sources = rule || target.includes('(') ? behind.sources : new Set([target]);
  return { items: behind.items, inputs: new Set([...behind.inputs, target]), sources };
}

/** Whether `-` is among the prefixes of the last line of a recipe. */
function lastLineIgnored(recipe: Bytes): boolean {
  const lines = recipe.trimEnd().split('\n');
  let last = lines.length - 1;
  while (last > 0 && lines[last - 1]?.endsWith('\\') === true) last--;
  return /^[\s@+]*-/.test(lines[last] ?? '');
}
