import type { Host } from '../model/host.ts';
import type { Matrix } from '../model/matrix.ts';
import { identity } from './address.ts';
import { resolveGroups } from './group-resolver.ts';
import { Problems } from './problems.ts';
import { shown } from './shown.ts';
import { definitionsOf } from './yaml-groups.ts';
import { hostsOf, type NamedHost } from './yaml-host.ts';
import { checkShape } from './yaml-shape.ts';
import { readYaml } from './yaml-tree.ts';

const FORM =
  'It is YAML or JSON such as {"hosts": ["build1 8", {"address": "ci@build2:2222", "slots": 4}]}; every key is told by ' +
  'schema/hosts.schema.json.';

/**
 * A matrix in our own form (yaml-schema.ts), in YAML or JSON: a mapping with `hosts`, or the list of hosts alone.
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError naming all that is wrong (the first ten), or saying that there is no host at all
 */
export function parseYaml(text: string, source: string): Matrix {
  const problems = new Problems(source, FORM);
  const tree = readYaml(text, problems);
  const matrix = tree?.root === null ? undefined : tree && checkShape(tree, problems);
  if (tree === undefined || matrix === undefined) return problems.finishWithout();
  const entries = hostsOf(tree, matrix, problems);
  const byName = uniqueNames(entries, problems);
  const definitions = definitionsOf(tree, matrix, entries, byName, problems);
  const groups = resolveGroups(definitions, problems);
  const grouped = new Set(
    definitions.flatMap(({ members }) => members.flatMap((one) => ('host' in one ? one.host : []))),
  );
  const hosts = entries.map(({ host }) => host);
  const ungrouped = hosts.filter((host) => !grouped.has(host));
  checkUngrouped(entries, new Set(ungrouped), problems);
  if (hosts.length === 0) problems.finishWithout();
  problems.finish();
  const makeArguments = matrix['make-arguments'] ?? '';
  return { format: 'yaml', source, hosts, groups, ungrouped, makeArguments, warnings: [] };
}

function uniqueNames(entries: readonly NamedHost[], problems: Problems): ReadonlyMap<string, Host> {
  const byName = new Map<string, Host>();
  for (const { host, place } of entries) {
    const before = byName.get(host.name);
    if (before === undefined) byName.set(host.name, host);
    else problems.add(place, twice(host.name, before, 'give one of them another "name", or leave it out'));
  }
  return byName;
}

/** The unnamed group is a group too: no machine is in it twice. */
function checkUngrouped(entries: readonly NamedHost[], ungrouped: ReadonlySet<Host>, problems: Problems): void {
  const seen = new Map<string, Host>();
  for (const { host, place } of entries) {
    if (!ungrouped.has(host)) continue;
    const before = seen.get(identity(host));
    if (before === undefined) seen.set(identity(host), host);
    else if (before.name !== host.name) problems.add(place, twice(host.name, before, 'it leads to the same login'));
  }
}

function twice(name: string, before: Host, why: string): string {
  return `${shown(name)} is there twice, first on line ${before.line}: ${why}`;
}
