import type { DistSetting } from '../model/settings.ts';
import { encode, type Bytes } from '../util/bytes.ts';

/** What compiles in most C and C++ projects make: distributed when nobody says anything else. */
const DEFAULT_PATTERNS: readonly Bytes[] = ['*.o', '*.lo', '*.obj'];

/** How a target came to be whitelisted; by name is stronger than by a pattern. */
export type Match = 'name' | 'pattern' | undefined;

/** A set of targets, given by names and patterns in which `%` and `*` stand for any text, `/` included. */
export class TargetSet {
  readonly #names = new Set<Bytes>();
  readonly #paths: RegExp | undefined;
  readonly #bases: RegExp | undefined;

  constructor(patterns: readonly Bytes[]) {
    const wild: Bytes[] = [];
    for (const pattern of patterns) {
      const name = pattern.replace(/^(?:\.\/+)+(?=.)/, '');
      if (/[%*]/.test(name)) wild.push(name);
      else this.#names.add(name);
    }
    this.#paths = union(wild.filter((pattern) => pattern.includes('/')));
    this.#bases = union(wild.filter((pattern) => !pattern.includes('/')));
  }

  /** @param target as make names it, relative to make's directory */
  match(target: Bytes): Match {
    const path = target.replace(/^(?:\.\/+)+(?=.)/, '');
    const base = path.slice(path.lastIndexOf('/') + 1);
    if (this.#names.has(path) || this.#names.has(base)) return 'name';
    return this.#bases?.test(base) === true || this.#paths?.test(path) === true ? 'pattern' : undefined;
  }
}

/**
 * The targets of one make process that may leave.
 *
 * @param marked the expanded prerequisites of its `.DIST`; undefined when it has none
 */
export function distSet(setting: DistSetting, marked: readonly Bytes[] | undefined): TargetSet {
  switch (setting.mode) {
    case 'auto':
      return new TargetSet(marked ?? DEFAULT_PATTERNS);
    case 'all':
      return new TargetSet(marked ?? ['*']);
    case 'makefile':
      return new TargetSet(marked ?? []);
    case 'patterns':
      return new TargetSet([...(marked ?? []), ...setting.patterns.map(encode)]);
  }
}

function union(patterns: readonly Bytes[]): RegExp | undefined {
  if (patterns.length === 0) return undefined;
  const one = (pattern: Bytes): string => pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/[%*]+/g, '[^]*');
  return new RegExp(`^(?:${patterns.map(one).join('|')})$`);
}
