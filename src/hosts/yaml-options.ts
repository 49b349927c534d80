import type { Host, SshAddress } from '../model/host.ts';
import { parseAddress } from './address.ts';
import { commandWords } from './command-words.ts';
import type { Problems } from './problems.ts';
import { shown } from './shown.ts';
import { checkPath, parseMemory, parseParallel } from './values.ts';
import type { OptionsInput } from './yaml-schema.ts';
import type { YamlTree } from './yaml-tree.ts';

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** What an entry says of a host, its address, name and groups aside. */
export type HostOptions = Partial<Mutable<Omit<Host, keyof SshAddress | 'name' | 'local' | 'line'>>>;

/**
 * The options of one host, or of `defaults`, of which only the shape has been checked.
 *
 * @param problems takes what is wrong with them; that one is then left out
 */
export function readOptions(tree: YamlTree, input: OptionsInput, problems: Problems): HostOptions {
  const wrong = (key: keyof OptionsInput, problem: string): void => {
    problems.add(tree.place(input, key), `${shown(key)} ${problem}`);
  };
  const options: HostOptions = { ...plain(input), environment: environmentOf(tree, input) };
  const { path, jump, transport, chroot, memory, parallel } = input;
  if (path !== undefined) {
    const text = typeof path === 'string' ? path : path.join(':');
    const problem = text === '' ? undefined : checkPath(text);
    if (problem === undefined) options.path = text;
    else wrong('path', problem);
  }
  if (jump !== undefined) {
    const hops = hopsOf(jump);
    if (typeof hops === 'string') wrong('jump', hops);
    else options.jump = hops;
  }
  if (transport !== undefined) {
    const words = typeof transport === 'string' ? commandWords(transport) : { value: transport };
    if ('problem' in words) wrong('transport', `cannot be read: ${words.problem}`);
    else if (words.value.length === 0) wrong('transport', 'has no program in it');
    else options.transport = words.value;
  }
  if (chroot !== undefined) {
    if (chroot.startsWith('/')) options.chroot = chroot === '/' ? undefined : chroot;
    else wrong('chroot', `must be absolute, such as "/jail", not ${shown(chroot)}`);
  }
  if (memory !== undefined) {
    const bytes = parseMemory(String(memory));
    if ('problem' in bytes) wrong('memory', bytes.problem);
    else options.memory = bytes.value === 0 ? undefined : bytes.value;
  }
  if (parallel !== undefined) {
    const slots = parseParallel(String(parallel));
    if ('problem' in slots) wrong('parallel', slots.problem);
    else options.parallel = slots.value;
  }
  return options;
}

/** Those that are taken as they are. */
function plain(input: OptionsInput): HostOptions {
  const { slots, identity, speed, labels, setup, startup, timeout, arch, stuck } = input;
  const owners = input['needs-owners-file'];
  return {
    ...(slots === undefined ? {} : { slots }),
    ...(identity === undefined ? {} : { identity }),
    ...(speed === undefined ? {} : { speed }),
    ...(labels === undefined ? {} : { labels }),
    ...(setup === undefined ? {} : { setup }),
    ...(startup === undefined ? {} : { startup }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(arch === undefined ? {} : { arch }),
    ...(stuck === undefined ? {} : { stuck: stuck === 0 ? undefined : stuck }),
    ...(owners === undefined ? {} : { needsOwnersFile: owners }),
  };
}

/** Numbers and the like as they are written: 1.10 is not 1.1 to a program that reads it. */
function environmentOf(tree: YamlTree, { environment }: OptionsInput): Readonly<Record<string, string>> {
  if (environment === undefined) return {};
  const variables = Object.entries(environment).map(([name, value]) => {
    const text = typeof value === 'string' ? value : (tree.source(environment, name) ?? String(value));
    return [name, text] as const;
  });
  return Object.fromEntries(variables);
}

/** The hosts on the way, none for "none"; or what is wrong with one. */
function hopsOf(jump: string | readonly string[]): readonly SshAddress[] | string {
  if (jump === 'none') return [];
  const words = typeof jump === 'string' ? jump.split(',').map((word) => word.trim()) : jump;
  const hops: SshAddress[] = [];
  for (const word of words) {
    const hop = parseAddress(word);
    if ('problem' in hop) return `cannot be read: ${hop.problem}`;
    hops.push(hop.value);
  }
  return hops;
}
