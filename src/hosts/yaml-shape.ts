import * as v from 'valibot';
import { meant, type Problems } from './problems.ts';
import { shown } from './shown.ts';
import { isMapping, type Mapping } from './yaml-plain.ts';
import { KEYS, MATRIX, type MatrixInput } from './yaml-schema.ts';
import type { YamlTree } from './yaml-tree.ts';

/** A path item as valibot has it for mappings and lists. */
interface Step {
  readonly origin?: unknown;
  readonly input: object;
  readonly key: string | number;
}

/**
 * Checks that data has the shape of a matrix.
 *
 * @param problems takes what has not
 * @returns the data; undefined when something is wrong with it
 */
export function checkShape(tree: YamlTree, problems: Problems): MatrixInput | undefined {
  const { root } = tree;
  const matrix = Array.isArray(root) ? { hosts: root as unknown[] } : root;
  const strangers = isMapping(matrix) ? unknownKeys(matrix) : [];
  for (const { within, key, known } of strangers) {
    const others = `: there are ${known.join(', ')}`;
    problems.add(tree.keyPlace(within, key), () => `there is no key ${shown(key)}${meant(key, known) || others}`);
  }
  const { issues = [], success } = v.safeParse(MATRIX, matrix);
  for (const { path, issue } of issues.flatMap((one) => innermost(one, []))) {
    // Those are the strangers above, which valibot names only one by one.
    if (issue.type === 'strict_object' && issue.expected === 'never') continue;
    const last = path.at(-1);
    const missing =
      issue.kind === 'schema' && issue.type === 'strict_object' && issue.expected?.startsWith('"') === true;
    const parent = missing ? path.at(-2) : last;
    const ofKey = last?.origin === 'key' && !missing;
    const place = ofKey ? tree.keyPlace(last.input, String(last.key)) : tree.place(parent?.input, parent?.key);
    problems.add(place, () =>
      missing ? `"${last?.key}" is missing` : `${subject(path)} ${issue.message}${found(issue, path)}`,
    );
  }
  // What is looked at further is the data itself, whose places are known; valibot's own output would be a copy.
  return success && strangers.length === 0 ? (matrix as MatrixInput) : undefined;
}

interface Stranger {
  readonly within: Mapping;
  readonly key: string;
  readonly known: readonly string[];
}

function unknownKeys(matrix: Mapping): Stranger[] {
  const { hosts, groups, defaults } = matrix;
  return [
    ...strangersIn(matrix, KEYS.matrix),
    ...(Array.isArray(hosts) ? hosts.flatMap((host) => strangersIn(host, KEYS.host)) : []),
    ...(Array.isArray(groups) ? groups.flatMap((group) => strangersIn(group, KEYS.group)) : []),
    ...strangersIn(defaults, KEYS.defaults),
  ];
}

function strangersIn(within: unknown, known: readonly string[]): Stranger[] {
  if (!isMapping(within)) return [];
  return Object.keys(within)
    .filter((key) => !known.includes(key))
    .map((key) => ({ within, key, known }));
}

interface Located {
  readonly path: readonly Step[];
  readonly issue: v.BaseIssue<unknown>;
}

/**
 * What is really wrong where one of several forms may stand: the problems within the form that was meant, which is the one
 * that goes deeper; else the problem of all of them together.
 */
function innermost(issue: v.BaseIssue<unknown>, above: readonly Step[]): Located[] {
  const path = [...above, ...((issue.path ?? []) as unknown as readonly Step[])];
  const deeper = (issue.issues ?? []).filter((one) => one.path !== undefined);
  if (issue.type !== 'union' || deeper.length === 0) return [{ path, issue }];
  return deeper.flatMap((one) => innermost(one, path));
}

/** What the sentence is about: the last key of the path, or an entry of it. */
function subject(path: readonly Step[]): string {
  const at = path.findLastIndex(({ key }) => typeof key === 'string');
  const key = path[at]?.key;
  if (typeof key !== 'string') return path.length === 0 ? 'a matrix' : 'a host';
  if (at === path.length - 1) return shown(key);
  return key === 'hosts' ? 'a host' : key === 'groups' ? 'a group' : `an entry of ${shown(key)}`;
}

/** `, not WHAT` where that helps; never what a variable or a script may hold. */
function found({ input }: v.BaseIssue<unknown>, path: readonly Step[]): string {
  if (path.some(({ key }) => key === 'environment' || key === 'setup' || key === 'startup')) return '';
  if (input === null || input === undefined) return ', and nothing stands there';
  if (Array.isArray(input)) return ', not a list';
  if (typeof input === 'object') return ', not a mapping';
  if (typeof input === 'string') return `, not ${shown(input)}`;
  return typeof input === 'number' || typeof input === 'boolean' ? `, not ${String(input)}` : '';
}
