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

  /** The line that failed; undefined: make has not said, or targets of that name failed at different lines. */
  place({ target, directory }: Recipe, locator: Locator): Located | undefined {
    const all = this.#byTarget.get(target) ?? [];
    const groups = [all.filter((one) => one.directory === directory), all.filter((one) => one.directory === undefined)];
    const said = groups.find(({ length }) => length > 0) ?? all;
    const places = new Map(said.map(({ spot }) => [`${spot?.line ?? ''}:${spot?.file ?? ''}`, spot]));
    const [spot] = places.values();
    if (!spot || places.size > 1) return undefined;
    // Make names its makefiles from where it is, and that is known of a recipe.
    const file = locator.fileIn(directory, spot);
    return file === undefined ? undefined : { file, line: spot.line, column: spot.column, indirect: false };
  }
}
