import type { Host } from '../model/host.ts';
import type { GroupDefinition, GroupMember } from './group-resolver.ts';
import { meant, type Place, type Problems } from './problems.ts';
import { shown } from './shown.ts';
import type { NamedHost } from './yaml-host.ts';
import type { MatrixInput } from './yaml-schema.ts';
import type { YamlTree } from './yaml-tree.ts';

interface NamedPlace {
  readonly name: string;
  readonly place: Place;
}

interface Listed extends NamedPlace {
  readonly members: readonly NamedPlace[];
}

/**
 * The groups of a matrix: those under `groups`, and their members also from the hosts that name them. Without `groups`
 * those that hosts name are all there are, in the order in which they are named.
 *
 * @param byName hosts by their names
 * @param problems takes names that nobody knows, and those that a group shares with a host
 */
export function definitionsOf(
  tree: YamlTree,
  matrix: MatrixInput,
  entries: readonly NamedHost[],
  byName: ReadonlyMap<string, Host>,
  problems: Problems,
): GroupDefinition[] {
  const listed = matrix.groups === undefined ? undefined : listedGroups(tree, matrix.groups);
  const names = new Set(listed?.map(({ name }) => name));
  const byHosts = new Map<string, GroupMember[]>();
  const first: NamedPlace[] = [];
  for (const { host, groups } of entries) {
    for (const { name, place } of groups) {
      if (listed !== undefined && !names.has(name)) {
        problems.add(place, () => `there is no group ${shown(name)} in "groups"${meant(name, [...names])}`);
      }
      const members = byHosts.get(name) ?? [];
      if (members.length === 0) first.push({ name, place });
      members.push({ host, place });
      byHosts.set(name, members);
    }
  }
  const all = listed ?? first.map((group) => ({ ...group, members: [] }));
  const defined = new Set(all.map(({ name }) => name));
  return all.map(({ name, place, members }) => {
    if (byName.has(name)) problems.add(place, `group ${shown(name)} has the name of a host`);
    const named = members.flatMap((member) => resolve(member, byName, defined, problems) ?? []);
    const definition = { name, place, members: [...named, ...(byHosts.get(name) ?? [])] };
    if (definition.members.length === 0 && members.length === 0)
      problems.add(place, `group ${shown(name)} has no members`);
    return definition;
  });
}

function resolve(
  { name, place }: NamedPlace,
  byName: ReadonlyMap<string, Host>,
  defined: ReadonlySet<string>,
  problems: Problems,
): GroupMember | undefined {
  const host = byName.get(name);
  if (host !== undefined) return { host, place };
  if (defined.has(name)) return { group: name, place };
  const near = (): string => meant(name, [...byName.keys(), ...defined]);
  problems.add(place, () => `there is no host and no group ${shown(name)}${near()}`);
  return undefined;
}

/** What stands under `groups`, whichever way it is written. */
function listedGroups(tree: YamlTree, groups: NonNullable<MatrixInput['groups']>): Listed[] {
  if (!Array.isArray(groups)) {
    return tree.keys(groups).map((name) => ({
      name,
      place: tree.keyPlace(groups, name),
      members: membersOf(tree, groups[name]),
    }));
  }
  return groups.map((group, index) => {
    if (typeof group === 'string') return { name: group, place: tree.place(groups, index), members: [] };
    return { name: group.name, place: tree.place(group, 'name'), members: membersOf(tree, group.members) };
  });
}

function membersOf(tree: YamlTree, members: readonly string[] | null | undefined): NamedPlace[] {
  return (members ?? []).map((name, index) => ({ name, place: tree.place(members ?? undefined, index) }));
}
