import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import type { TextFile } from './text-file.ts';
import { TextTally } from './text-tally.ts';

/** A file for the text of one job, should that grow long. */
export interface Spool {
  /** Called at most once. */
  readonly open: () => TextFile | undefined;
  /** Of the recipe; the text is added to it. */
  readonly tally: TextTally;
}

/** Which jobs print so much that a log may leave some out: the lines of a recipe are shown together. */
export class Spools {
  readonly #open: ((job: Job) => TextFile | undefined) | undefined;
  /** By recipe. */
  readonly #tallies = new Map<number, TextTally>();

  /** @param open undefined: there is no place for such texts */
  constructor(open: ((job: Job) => TextFile | undefined) | undefined) {
    this.#open = open;
  }

  /** @param echo is shown before the job's text */
  of(job: Job, echo: Bytes): Spool | undefined {
    const open = this.#open;
    if (!open) return undefined;
    const { id } = job.recipe;
    let tally = this.#tallies.get(id);
    if (!tally) this.#tallies.set(id, (tally = new TextTally()));
    tally.add(echo);
    return { open: () => open(job), tally };
  }
}
