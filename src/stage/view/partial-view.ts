import type { Bytes } from '../../util/bytes.ts';

/** What a job is shown that does not see the whole workspace: LaneRequest.visible. All directories are there for it. */
export class PartialView {
  readonly #names: ReadonlySet<Bytes>;

  /** @param visible files and links; a name that ends in a slash: all that is below a directory */
  constructor(visible: Iterable<Bytes>) {
    this.#names = new Set(visible);
  }

  /** Whether a file or link can be seen. */
  shows(path: Bytes): boolean {
    if (this.#names.has(path)) return true;
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      if (this.#names.has(path.slice(0, at + 1))) return true;
    }
    return false;
  }
}
