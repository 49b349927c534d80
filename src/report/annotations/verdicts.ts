import type { Recipe } from '../../model/job.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Located, Locator } from './locator.ts';

/** More of them are no help to anybody. */
const KEPT = 1000;

/** make's own words on recipes that failed, which tell where in which makefile the line stands. */
export class Verdicts {
  readonly #byTarget = new Map<Bytes, Diagnostic[]>();
  #count = 0;

  add(target: Bytes, verdict: Diagnostic): void {
    if (++this.#count > KEPT) return;
    this.#byTarget.set(target, [...(this.#byTarget.get(target) ?? []), verdict]);
  }

  all(): readonly Diagnostic[] {
    return [...this.#byTarget.values()].flat();
  }

  /** The line that failed; undefined: make has not said, or targets of that name failed in more than one place. */
  place({ target, directory }: Recipe, locator: Locator): Located | undefined {
    const said = this.#byTarget.get(target) ?? [];
    const here = said.filter((verdict) => verdict.directory === directory);
    const [verdict, ...others] = here.length > 0 ? here : said;
    return verdict && others.length === 0 ? locator.locate(verdict, [directory]) : undefined;
  }
}
