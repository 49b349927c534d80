import type { Host } from '../model/host.ts';
import type { HostGroup } from '../model/matrix.ts';
import { identity } from './address.ts';
import { meant, type Place, type Problems } from './problems.ts';
import { shown } from './shown.ts';

/** What stands in a group: a host, or the name of another group. */
export type GroupMember =
  { readonly host: Host; readonly place: Place } | { readonly group: string; readonly place: Place };

/** A group as a matrix defines it. */
export interface GroupDefinition {
  readonly name: string;
  readonly place: Place;
  readonly members: readonly GroupMember[];
}

/** Groups in groups multiply; above that nobody meant it. */
const MOST_MEMBERSHIPS = 1_000_000;

/**
 * Groups with the hosts of the groups in them, which may be defined later (D3). Every host is once in each.
 *
 * @param problems takes names that are used twice or not defined, cycles (D5), and hosts that are twice in one group
 */
export function resolveGroups(definitions: readonly GroupDefinition[], problems: Problems): HostGroup[] {
  const byName = new Map<string, GroupDefinition>();
  for (const definition of definitions) {
    const { name, place } = definition;
    const first = byName.get(name);
    if (first === undefined) byName.set(name, definition);
    else problems.add(place, `group ${shown(name)} is there twice, first on line ${first.place.line}`);
  }
  const resolver = new Resolver(byName, problems);
  return [...byName.values()].map((definition) => ({ name: definition.name, hosts: resolver.hostsOf(definition) }));
}

/** One group whose members are being looked at. */
interface Visit {
  readonly definition: GroupDefinition;
  /** Index of the member that is next. */
  next: number;
  readonly hosts: Map<string, { readonly host: Host; readonly line: number }>;
}

class Resolver {
  readonly #definitions: ReadonlyMap<string, GroupDefinition>;
  readonly #problems: Problems;
  readonly #done = new Map<string, readonly Host[]>();
  /** From the outermost group to the one that is looked at: no recursion, as nothing bounds how deep groups nest. */
  readonly #open = new Map<string, Visit>();
  #memberships = 0;

  constructor(definitions: ReadonlyMap<string, GroupDefinition>, problems: Problems) {
    this.#definitions = definitions;
    this.#problems = problems;
  }

  hostsOf(definition: GroupDefinition): readonly Host[] {
    const stack: Visit[] = [];
    if (!this.#done.has(definition.name)) this.#enter(definition, stack);
    for (let visit = stack.at(-1); visit !== undefined; visit = stack.at(-1)) this.#step(visit, stack);
    return this.#done.get(definition.name) ?? [];
  }

  #enter(definition: GroupDefinition, stack: Visit[]): void {
    const visit = { definition, next: 0, hosts: new Map<string, { host: Host; line: number }>() };
    stack.push(visit);
    this.#open.set(definition.name, visit);
  }

  /** Takes the next member in, or enters it first if it is a group that nobody has looked at. */
  #step(visit: Visit, stack: Visit[]): void {
    const { definition } = visit;
    const member = definition.members[visit.next];
    if (member === undefined) {
      stack.pop();
      this.#open.delete(definition.name);
      this.#done.set(
        definition.name,
        Array.from(visit.hosts.values(), ({ host }) => host),
      );
      return;
    }
    const { place } = member;
    if ('host' in member) this.#add(visit, member.host, place);
    else {
      const inner = this.#definitions.get(member.group);
      const hosts = this.#done.get(member.group);
      if (inner === undefined) this.#problems.add(place, () => this.#undefined(member.group));
      else if (this.#open.has(member.group)) this.#problems.add(place, this.#cycle(member.group));
      else if (hosts === undefined) {
        this.#enter(inner, stack);
        return;
      } else for (const host of hosts) this.#add(visit, host, place);
    }
    visit.next++;
  }

  #add(visit: Visit, host: Host, place: Place): void {
    if (++this.#memberships > MOST_MEMBERSHIPS) {
      if (this.#memberships === MOST_MEMBERSHIPS + 1) {
        this.#problems.add(place, `the groups hold more than ${MOST_MEMBERSHIPS} hosts together`);
      }
      return;
    }
    const before = visit.hosts.get(identity(host));
    if (before === undefined) visit.hosts.set(identity(host), { host, line: place.line });
    else {
      this.#problems.add(
        place,
        () => `${shown(host.name)} is twice in group ${shown(visit.definition.name)}, first on line ${before.line}`,
      );
    }
  }

  #undefined(name: string): string {
    return `there is no group ${shown(name)}${meant(name, [...this.#definitions.keys()])}`;
  }

  #cycle(name: string): string {
    const open = [...this.#open.keys()];
    const way = [...open.slice(open.indexOf(name)), name];
    const some = way.length > 12 ? [...way.slice(0, 10), '…', name] : way;
    return `group ${shown(name)} is in itself: ${some.map((one) => shown(one).slice(1, -1)).join(' → ')}`;
  }
}
