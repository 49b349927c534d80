import type { Place } from '../model/event.ts';
import type { Job } from '../model/job.ts';
import { describeOutcome, type Outcome } from '../model/outcome.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { cutFlood, FLOOD, wholeTextNote, type FloodBound } from './flood.ts';
import type { RecipeLog } from './recipe-log.ts';
import { rerunLine, whereItRan } from './replay.ts';
import type { StepLog } from './workflow-commands.ts';

/** Failed targets whose output is repeated; further ones (make -k) are only named. */
const REPEATED = 50;
/** Of each; all of them together are no more than the log of a middling build. */
const BOUND: FloodBound = { lines: 500, bytes: 64 * 1024 };

interface FailedTarget {
  readonly title: string;
  /** Output, and how to run it again; empty where it is only named. */
  readonly text: Bytes;
  readonly hint: string;
  readonly recursive: boolean;
}

/** What failed, kept for the end of the log, where it stands once more with how to run it again. */
export class FailedTargets {
  readonly #targets: FailedTarget[] = [];

  add(recipe: RecipeLog, failed: { readonly job: Job; readonly outcome: Outcome; readonly place: Place }): void {
    const { title, text, files } = recipe.failure();
    const isRepeated = this.#targets.length < REPEATED;
    const isAbove = files.length === 0 && cutFlood(text, FLOOD, '') === text;
    const where = isAbove ? ', they stand above' : wholeTextNote(files);
    this.#targets.push({
      title: `${title}  failed: ${describeOutcome(failed.outcome)}`,
      text: isRepeated ? cutFlood(text, BOUND, where) : '',
      hint: isRepeated ? hintOf(failed.job, failed.place) : '',
      recursive: recipe.recursive,
    });
  }

  print(log: StepLog): void {
    // A recipe that calls make fails because something in it failed: that is what people look for.
    const causes = this.#targets.filter((target) => !target.recursive);
    const targets = causes.length > 0 ? causes : this.#targets;
    if (targets.length === 0) return;
    log.text(`Failed targets: ${targets.length}`);
    for (const { title, text, hint } of targets) log.text(`${title}\n${decode(text)}${hint}`);
  }
}

/** Where it ran, and a line to paste into a terminal. */
function hintOf(job: Job, place: Place): string {
  const line = rerunLine(job);
  const again =
    line === undefined
      ? 'no line to run it again: its command is too long for a log, or has characters that a log cannot show'
      : `to run it again: ${line}`;
  return `${whereItRan(place)}\n${again}\n`;
}
