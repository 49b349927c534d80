import { describeOutcome } from '../model/outcome.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { withoutColours } from './clean-text.ts';
import { findDiagnostic, type Diagnostic } from './diagnostic.ts';
import { placeName, type RecipeLog } from './recipe-log.ts';
import type { WorkflowLog } from './workflow-commands.ts';

/** Failed targets whose output is repeated; further ones (make -k) are only named. */
const REPEATED = 50;
/** Bytes of each that are repeated. */
const REPEATED_BYTES = 64 * 1024;
/** Last lines of output in an annotation when no compiler named the place. */
const LAST_LINES = 10;

interface FailedTarget {
  readonly title: string;
  readonly target: string;
  readonly verdict: string;
  readonly text: Bytes;
  readonly lastLines: string;
  readonly diagnostic: Diagnostic | undefined;
  readonly recursive: boolean;
}

/** What failed, kept for the end of the log, where it stands once more with an annotation for each. */
export class FailedTargets {
  readonly #root: Bytes;
  readonly #targets: FailedTarget[] = [];

  /** @param root of the repository, absolute: annotations name files relative to it */
  constructor(root: Bytes) {
    this.#root = root;
  }

  add(recipe: RecipeLog, failed: NonNullable<RecipeLog['failed']>): void {
    const { title, text, output } = recipe.failure();
    this.#targets.push({
      title,
      target: recipe.name,
      verdict: verdictOf(failed),
      text: this.#targets.length < REPEATED ? excerpt(text) : '',
      lastLines: decode(
        withoutColours(output.slice(-REPEATED_BYTES)).trimEnd().split('\n').slice(-LAST_LINES).join('\n'),
      ),
      diagnostic: findDiagnostic(output, failed.job.directory, this.#root),
      recursive: recipe.recursive,
    });
  }

  print(log: WorkflowLog): void {
    // A recipe that calls make fails because something in it failed: that is what people look for.
    const causes = this.#targets.filter((target) => !target.recursive);
    const targets = causes.length > 0 ? causes : this.#targets;
    if (targets.length === 0) return;
    log.text(`Failed targets: ${targets.length}`);
    for (const target of targets) {
      log.text(`${target.title}  failed: ${target.verdict}\n${decode(target.text)}`);
      const { diagnostic } = target;
      const details = diagnostic?.message ?? target.lastLines;
      log.error(
        { title: `${target.target} failed`, file: diagnostic?.file, line: diagnostic?.line, col: diagnostic?.column },
        `${target.target}: ${target.verdict}${details === '' ? '' : `\n${details}`}`,
      );
    }
  }
}

/** `status 2 on build1`. */
function verdictOf(failed: NonNullable<RecipeLog['failed']>): string {
  return describeOutcome(failed.outcome) + (failed.place === undefined ? '' : ` on ${placeName(failed.place)}`);
}

/** The beginning, where the first error stands, and the end. */
function excerpt(text: Bytes): Bytes {
  if (text.length <= REPEATED_BYTES) return text;
  const half = REPEATED_BYTES / 2;
  const note = `\n[... ${text.length - 2 * half} bytes left out, they stand above ...]\n`;
  return text.slice(0, half) + note + text.slice(-half);
}
