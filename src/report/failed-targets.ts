import type { Outcome } from '../model/outcome.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { cleanTitle } from './clean-text.ts';
import { exportedNames } from './exported-names.ts';
import { cutFlood, wholeTextNote, type FloodBound } from './flood.ts';
import type { RecipeLog } from './recipe-log.ts';
import { rerunLine, whereItRan } from './replay.ts';
import { endedByStop } from './verdict.ts';
import type { StepLog } from './workflow-commands.ts';

/** Failed targets whose output is repeated; further ones (make -k) are only named. */
const REPEATED = 50;
/** Of each; all of them together are no more than the log of a middling build. */
const BOUND: FloodBound = { lines: 500, bytes: 64 * 1024 };

type Failed = NonNullable<RecipeLog['failed']>;

interface FailedTarget {
  readonly title: string;
  readonly outcome: Outcome;
  /** Output; where it ran, and how to run it again unless it must not. Empty where it is only named. */
  readonly text: Bytes;
  readonly hint: string;
  readonly recursive: boolean;
}

/** What failed, kept for the end of the log, where it stands once more with how to run it again. */
export class FailedTargets {
  readonly #targets: FailedTarget[] = [];

  add(recipe: RecipeLog, failed: Failed): void {
    const { title, text, files, isAbove, refusal, words, mustNotRunAgain } = recipe.failure();
    const isRepeated = this.#targets.length < REPEATED;
    const where = isAbove && files.length === 0 ? ', they stand above' : wholeTextNote(files);
    this.#targets.push({
      title: `${title}  failed: ${words}`,
      outcome: failed.outcome,
      text: isRepeated ? cutFlood(text, BOUND, where) : '',
      hint: isRepeated ? hintOf(failed, refusal ?? whereItRan(failed.place), mustNotRunAgain) : '',
      recursive: recipe.recursive,
    });
  }

  /** @param run how it ended: what was stopped with it has not failed; undefined: it was cut short */
  print(log: StepLog, run: Outcome | undefined): void {
    const own = this.#targets.filter(({ outcome }) => !endedByStop(outcome, run));
    // A recipe that calls make fails because something in it failed: that is what people look for.
    const causes = own.filter((target) => !target.recursive);
    const targets = causes.length > 0 ? causes : own;
    if (targets.length === 0) return;
    log.text(`Failed targets: ${targets.length}`);
    for (const { title, text, hint } of targets) log.text(`${title}\n${decode(text)}${hint}`);
  }
}

/** Where it ran, and a line to paste into a terminal. @param once it must not run again */
function hintOf({ job }: Failed, where: string, once: boolean): string {
  if (once) return `${cleanTitle(where, 1000)}\n`;
  const line = rerunLine(job);
  const names = exportedNames(job.environment, ownEnvironment());
  const again =
    line === undefined
      ? 'no line to run it again: its command is too long for a log, or has characters that a log cannot show'
      : `to run it again: ${line}`;
  const exported = names.length > 0 ? `, with ${names.join(', ')} exported by the makefile` : '';
  return `${cleanTitle(`${where}${exported}`, 1000)}\n${again}\n`;
}

function ownEnvironment(): readonly Bytes[] {
  return Object.entries(process.env).map(([name, value]) => encode(`${name}=${value ?? ''}`));
}
