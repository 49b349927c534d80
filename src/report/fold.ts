import type { BuildEvent } from '../model/event.ts';
import type { Recipe } from '../model/job.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { unreachable } from '../util/unreachable.ts';
import { bulkText } from './bulk-text.ts';
import { isMakeWarning, isNoteworthy } from './noteworthy.ts';
import { DirectoryLines } from './directory-lines.ts';
import { FailedTargets } from './failed-targets.ts';
import { cutFlood, FLOOD, wholeTextNote } from './flood.ts';
import { QuietTargets } from './quiet-targets.ts';
import { RecipeLog } from './recipe-log.ts';
import { describeHostReady, describeProgress, describeSurvey } from './staging.ts';
import type { StepLog } from './workflow-commands.ts';

/** `plain`: make's own text as it comes, without folds. */
export type LogMode = 'fold' | 'failures' | 'plain';

/** make's text may come in pieces in log mode `plain`; an unended line is held up to this length. */
const LINE_HELD = 64 * 1024;

export interface FoldLogOptions {
  readonly log: StepLog;
  readonly mode: LogMode;
}

/**
 * The step's log. A recipe's texts gather in one fold for as long as nothing else is printed; the fold comes out when
 * something else is, or when the recipe is over. What failed is not folded, and stands once more at the end.
 *
 * A recipe of which only make's echo is there has a fold of its own: that is one line on the screen, as with make, and it
 * can be found by its target. Only those without any text are gathered ({@link QuietTargets}).
 *
 * Whatever is printed is printed as whole lines, groups and all, at one time: others may write between.
 */
export class FoldLog {
  readonly #log: StepLog;
  readonly #mode: LogMode;
  readonly #failed = new FailedTargets();
  readonly #quiet: QuietTargets;
  readonly #directories = new DirectoryLines();
  readonly #recipes = new Map<number, RecipeLog>();
  /** The recipe whose text came last and is not printed yet. */
  #pending: RecipeLog | undefined;
  /** An unended line, in log mode `plain`. */
  #line: Bytes = '';
  #done = false;

  constructor({ log, mode }: FoldLogOptions) {
    this.#log = log;
    this.#mode = mode;
    this.#quiet = new QuietTargets(log);
  }

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started':
      case 'work-known':
      case 'job-queued':
      case 'job-turned-away':
      case 'job-waits':
      case 'job-started':
      case 'job-collecting':
        return;
      case 'job-placed':
        this.#recipe(event.job.recipe).placed(event.job, event.reason);
        return;
      case 'bulk-finished':
        this.#flush();
        this.#out().text(bulkText(event.report, event.file));
        return;
      case 'workspace-surveyed':
        this.#beside().text(describeSurvey(event));
        return;
      case 'staging-progress':
        this.#beside().text(describeProgress(event));
        return;
      case 'host-ready':
        this.#beside().text(describeHostReady(event));
        return;
      case 'host-lost':
        this.#beside().warning(`${event.host.name}: ${event.reason}`, { title: 'Host lost' });
        return;
      case 'message':
        if (event.level === 'notice') this.#beside().notice(event.text);
        else this.#beside().warning(event.text);
        return;
      case 'job-finished': {
        const recipe = this.#recipe(event.job.recipe);
        recipe.ended(event.job, event);
        this.#settle(recipe);
        return;
      }
      case 'job-text': {
        const recipe = this.#recipe(event.job.recipe);
        if (this.#pending !== recipe) this.#flush();
        if (event.echo === '' && event.output === '') this.#directories.nothingPrinted();
        recipe.printed(event.job, event);
        this.#pending = recipe;
        if (this.#mode === 'plain') this.#flush();
        this.#settle(recipe);
        return;
      }
      case 'make-text':
        this.#makeText(event.text);
        return;
      case 'recipe-finished': {
        const recipe = this.#recipe(event.recipe);
        recipe.finished = true;
        recipe.failed = event.failed;
        recipe.recursive = event.class === 'recursive';
        this.#settle(recipe);
        return;
      }
      case 'run-finished':
        this.finish();
        return;
      default:
        unreachable(event);
    }
  };

  /** Prints what is held in case more of its recipe comes: for a log that is looked at while nothing else happens. */
  flush(): void {
    this.#flush();
  }

  /** Prints what is still held and the failures. Also after a run that was cut short; a second call does nothing. */
  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#flush();
    this.#print(this.#line);
    this.#line = '';
    for (const recipe of this.#recipes.values()) this.#close(recipe);
    this.#failed.print(this.#out());
  }

  /** For what has its place among the texts: what is held and stands before it comes out. */
  #out(): StepLog {
    const log = this.#beside();
    const directories = this.#directories.release();
    if (directories !== '') log.text(decode(directories));
    return log;
  }

  /** For what has its place in time alone. */
  #beside(): StepLog {
    this.#quiet.print();
    return this.#log;
  }

  #recipe(recipe: Recipe): RecipeLog {
    let log = this.#recipes.get(recipe.id);
    if (log === undefined) {
      log = new RecipeLog(recipe);
      this.#recipes.set(recipe.id, log);
    }
    return log;
  }

  #settle(recipe: RecipeLog): void {
    // Without job texts (log mode plain) there is nothing to wait for.
    if (!recipe.complete && !(this.#mode === 'plain' && recipe.finished)) return;
    if (this.#pending === recipe) this.#flush();
    if (this.#mode !== 'plain') {
      const untold = recipe.untoldFailure();
      if (untold !== undefined) this.#beside().text(untold);
    }
    if (this.#mode === 'fold') {
      const title = recipe.quietTitle();
      if (title !== undefined) this.#quiet.add(title);
    }
    this.#close(recipe);
  }

  #close(recipe: RecipeLog): void {
    const { failed } = recipe;
    if (failed !== undefined && failed.outcome.kind !== 'cancelled') this.#failed.add(recipe, failed);
    for (const sentence of recipe.failedThere()) this.#beside().text(sentence);
    this.#recipes.delete(recipe.recipe.id);
  }

  #flush(): void {
    const recipe = this.#pending;
    this.#pending = undefined;
    const piece = recipe?.take();
    if (piece === undefined) return;
    if (this.#mode === 'plain') {
      this.#print(piece.text);
      return;
    }
    const text = decode(cutFlood(piece.text, FLOOD, wholeTextNote(piece.files)));
    if (piece.failure !== undefined) this.#out().text(`${piece.title}  failed: ${piece.failure}\n${text}`);
    else if (this.#mode === 'failures' && !piece.text.split('\n').some(isNoteworthy)) return;
    // It runs on, with others: a recipe that calls make. Only make's echo has come, and time and place are not known.
    else if (piece.running) this.#out().text(text);
    else this.#out().group(piece.title, text);
  }

  #makeText(text: Bytes): void {
    if (this.#mode === 'plain') {
      this.#lines(text);
      return;
    }
    if (this.#pending !== undefined && isIgnoredFailure(text, this.#pending.recipe.target)) {
      this.#pending.remark(text);
      return;
    }
    this.#flush();
    if (this.#mode === 'failures') {
      this.#print(text.split('\n').filter(isMakeWarning).join('\n'));
      return;
    }
    if (!this.#directories.take(text)) this.#print(text);
  }

  /** Whole lines, or a piece of one would be printed as a line of its own. */
  #lines(text: Bytes): void {
    const all = this.#line + text;
    const whole = all.lastIndexOf('\n') + 1;
    const end = all.length - whole > LINE_HELD ? all.length : whole;
    this.#line = all.slice(end);
    this.#print(all.slice(0, end));
  }

  #print(text: Bytes): void {
    if (text !== '') this.#out().text(decode(text));
  }
}

/** `make: [Makefile:3: foo] Error 1 (ignored)`, which the parser of make's output gives as a text of its own. */
function isIgnoredFailure(text: Bytes, target: Bytes): boolean {
  const match = /^[^:[\]]+(?:\[\d+\])?: \[(.+)\] .* \(ignored\)\n?$/.exec(text);
  return match?.[1] !== undefined && (match[1] === target || match[1].endsWith(`: ${target}`));
}
