import { WAIT } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import type { DataBaseRule } from './data-base.ts';

/** What a target needs, over all its rules. */
export interface Need {
  readonly normal: Bytes[];
  readonly orderOnly: Bytes[];
  /** Something is run for it. */
  made: boolean;
  /** Another rule for it, with one colon, would be an error. */
  doubleColon: boolean;
  intermediate: boolean;
}

/** Which targets need which, and what is to be added to that. Patterns are not in it. */
export class RuleGraph {
  readonly #needs = new Map<Bytes, Need>();

  constructor(rules: readonly DataBaseRule[]) {
    for (const { target, pattern, doubleColon, normal, orderOnly, recipe, intermediate } of rules) {
      if (pattern) continue;
      const need = this.#needs.get(target) ?? {
        normal: [],
        orderOnly: [],
        made: false,
        doubleColon: false,
        intermediate: false,
      };
      need.normal.push(...normal);
      need.orderOnly.push(...orderOnly);
      need.made ||= recipe !== undefined;
      need.doubleColon ||= doubleColon;
      need.intermediate ||= intermediate;
      this.#needs.set(target, need);
    }
  }

  get(target: Bytes): Need | undefined {
    return this.#needs.get(target);
  }

  /** All that these targets need, directly or not, themselves included. */
  closure(targets: Iterable<Bytes>): Set<Bytes> {
    return this.widen(new Set(), targets);
  }

  /** Adds these targets, and all that they need, to such a set. */
  widen(found: Set<Bytes>, targets: Iterable<Bytes>): Set<Bytes> {
    const open: Bytes[] = [];
    const add = (one: Bytes): void => {
      if (found.has(one)) return;
      found.add(one);
      open.push(one);
    };
    for (const target of targets) add(target);
    for (const target of open) {
      const need = this.#needs.get(target);
      for (const one of need ? [...need.normal, ...need.orderOnly] : []) if (one !== WAIT) add(one);
    }
    return found;
  }

  /**
   * Lets targets wait for others. Not those for which make takes no further rule, whose names a makefile would read
   * otherwise, or that the others wait for themselves: that would be a circle.
   *
   * @returns lines for a makefile
   */
  order(targets: Iterable<Bytes>, others: readonly Bytes[]): readonly Bytes[] {
    const first = others.filter(isPlain);
    if (first.length === 0) return [];
    return this.#put(this.#late(targets, this.closure(first)), first);
  }

  /**
   * The same by one more target in between: one edge for each target, where there may be thousands on both sides. It is
   * phony and has no recipe: make says nothing of it, looks for no implicit rule and touches no file.
   *
   * @param barrier its name; it is a target from here on if there are lines
   * @param before the others and all that they need
   */
  hold(
    targets: Iterable<Bytes>,
    others: readonly Bytes[],
    { barrier, before }: { readonly barrier: Bytes; readonly before: ReadonlySet<Bytes> },
  ): readonly Bytes[] {
    const first = others.filter(isPlain);
    const behind = first.length === 0 ? [] : this.#late(targets, before);
    if (behind.length === 0) return [];
    this.#needs.set(barrier, { normal: [], orderOnly: first, made: false, doubleColon: false, intermediate: false });
    return [
      `${barrier}: | ${first.join(' ')}`,
      `${barrier}: .EXTRA_PREREQS :=`,
      `.PHONY: ${barrier}`,
      ...this.#put(behind, [barrier]),
    ];
  }

  /** Those of the targets that can be made to wait for what has all that it needs in `before`. */
  #late(targets: Iterable<Bytes>, before: ReadonlySet<Bytes>): readonly Bytes[] {
    return [...targets].filter((target) => {
      const need = this.#needs.get(target);
      return need !== undefined && !need.doubleColon && !before.has(target) && isPlain(target);
    });
  }

  #put(behind: readonly Bytes[], first: readonly Bytes[]): readonly Bytes[] {
    if (behind.length === 0) return [];
    const steps = behind.filter((target) => this.#needs.get(target)?.intermediate === true);
    for (const target of behind) this.#needs.get(target)?.orderOnly.push(...first);
    // Named in a rule they would no longer be mere steps, and stay.
    return [
      `${behind.join(' ')}: | ${first.join(' ')}`,
      ...(steps.length > 0 ? [`.INTERMEDIATE: ${steps.join(' ')}`] : []),
    ];
  }
}

/** Whether a makefile may say that name as it is. */
function isPlain(name: Bytes): boolean {
  return /^[^\s$:%#;=|\\*?[\]~&()'"`]+$/.test(name) && name !== WAIT;
}
