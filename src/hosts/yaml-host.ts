import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import { isRunner, parseAddress } from './address.ts';
import { wordsOf } from './lines.ts';
import type { Place, Problems } from './problems.ts';
import { shown } from './shown.ts';
import { parseSlots } from './values.ts';
import { readOptions, type HostOptions } from './yaml-options.ts';
import type { HostInput, MatrixInput } from './yaml-schema.ts';
import type { YamlTree } from './yaml-tree.ts';

/** A host, where its name stands, and the groups that it names. */
export interface NamedHost {
  readonly host: Host;
  readonly place: Place;
  readonly groups: readonly { readonly name: string; readonly place: Place }[];
}

/**
 * All entries of `hosts`, completed by `defaults`.
 *
 * @param problems takes what is wrong with them; hosts without a right address are left out
 */
export function hostsOf(tree: YamlTree, { hosts, defaults = {} }: MatrixInput, problems: Problems): NamedHost[] {
  const preset = readOptions(tree, defaults, problems);
  return hosts.flatMap((input, index) => {
    const place = tree.place(hosts, index);
    const host =
      typeof input === 'string'
        ? fromText(input, place, preset, problems)
        : fromMapping(tree, input, place, preset, problems);
    return host ?? [];
  });
}

/** `[user@]name[:port]`, with ` N` behind it or not. */
function fromText(text: string, place: Place, preset: HostOptions, problems: Problems): NamedHost | undefined {
  const [name = '', capacity, extra] = wordsOf(text).map((word) => word.text);
  const address = parseAddress(name);
  const slots = capacity === undefined ? { value: preset.slots } : parseSlots(capacity);
  if ('problem' in address) problems.add(place, address.problem);
  else if ('problem' in slots) problems.add(place, slots.problem);
  else if (extra !== undefined) problems.add(place, `there is something behind the number of jobs: ${shown(extra)}`);
  if ('problem' in address || 'problem' in slots) return undefined;
  const host = { ...HOST_DEFAULTS, ...preset, ...address.value, name, slots: slots.value, line: place.line };
  return { host: { ...host, local: isRunner(host) && host.transport === undefined }, place, groups: [] };
}

function fromMapping(
  tree: YamlTree,
  input: HostInput,
  { line }: Place,
  preset: HostOptions,
  problems: Problems,
): NamedHost | undefined {
  const address = parseAddress(input.address);
  if ('problem' in address) {
    problems.add(tree.place(input, 'address'), address.problem);
    return undefined;
  }
  const own = readOptions(tree, input, problems);
  const { name = input.address, groups = [] } = input;
  const host: Omit<Host, 'local'> = {
    ...HOST_DEFAULTS,
    slots: undefined,
    ...preset,
    ...own,
    ...address.value,
    environment: { ...preset.environment, ...own.environment },
    name,
    line,
  };
  return {
    // A program that leads elsewhere is not the runner, whatever it is called.
    host: { ...host, local: isRunner(host) && host.transport === undefined },
    place: tree.place(input, input.name === undefined ? 'address' : 'name'),
    groups:
      typeof groups === 'string'
        ? [{ name: groups, place: tree.place(input, 'groups') }]
        : groups.map((group, at) => ({ name: group, place: tree.place(groups, at) })),
  };
}
