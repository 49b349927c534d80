import type { MakeMarks } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';
import { TargetSet } from './dist-set.ts';
import { callsMake } from './make-flags.ts';

/** Which targets of one make may be made while others are (D16, D17), in a make in which dmake's rules hold. */
export class Concurrency {
  readonly #parallel: TargetSet;
  readonly #noParallel: TargetSet;
  readonly #nested: TargetSet;
  readonly #notNested: ReadonlySet<Bytes>;
  readonly #bare: MakeMarks['bare'];

  constructor(marks: MakeMarks) {
    this.#parallel = new TargetSet(marks.parallel);
    this.#noParallel = new TargetSet(marks.noParallel);
    this.#nested = new TargetSet(marks.nested.map((name) => name.replaceAll('*', '%')));
    this.#notNested = new Set(marks.notNested);
    this.#bare = marks.bare;
  }

  /**
   * The first of these that says something counts: the target's mark, a name before a pattern; the mark for all; whether
   * its recipe calls make. dmake's very first, a recipe with an assignment, cannot be written in GNU make.
   *
   * @param command the recipe's first
   */
  allows(target: Bytes, command: Bytes): boolean {
    const parallel = this.#parallel.match(target);
    const alone = this.#noParallel.match(target);
    if (parallel === 'name' || alone === 'name') return parallel === 'name';
    if (parallel !== undefined || alone !== undefined) return alone === undefined;
    if (this.#bare !== undefined) return this.#bare === 'parallel';
    if (callsMake(command)) return false;
    return this.#nested.match(target) === undefined || this.#notNested.has(target);
  }
}

/** Whether the make that exported this starts recipes side by side. */
export function runsSeveral(environment: readonly Bytes[]): boolean {
  const flags = environment.find((entry) => entry.startsWith('MAKEFLAGS=')) ?? '';
  return /(?:^MAKEFLAGS=| )(?:--jobserver-|-j(?!1(?: |$)))/.test(flags);
}
