import type { BuildEvent } from '../model/event.ts';
import type { Recipe } from '../model/job.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { unreachable } from '../util/unreachable.ts';
import { bulkText } from './bulk-text.ts';
import { isMakeWarning, isNoteworthy } from './diagnostic.ts';
import { FailedTargets } from './failed-targets.ts';
import { RecipeLog } from './recipe-log.ts';
import { describeHostReady, describeProgress, describeSurvey } from './staging.ts';
import type { WorkflowLog } from './workflow-commands.ts';

/** `plain`: make's own text as it comes, without folds. */
export type LogMode = 'fold' | 'failures' | 'plain';

/** make's text may come in pieces in log mode `plain`; an unended line is held up to this length. */
const LINE_HELD = 64 * 1024;

export interface FoldLogOptions {
  readonly log: WorkflowLog;
  readonly mode: LogMode;
  /** Of the repository, absolute. */
  readonly root: Bytes;
}

/**
 * The action's log. A recipe's texts gather in one fold for as long as nothing else is printed; the fold comes out when
 * something else is, or when the recipe is over. What failed is not folded, and stands once more at the end.
 */
export class FoldLog {
  readonly #log: WorkflowLog;
  readonly #mode: LogMode;
  readonly #failed: FailedTargets;
  readonly #recipes = new Map<number, RecipeLog>();
  /** The recipe whose text came last and is not printed yet. */
  #pending: RecipeLog | undefined;
  /** An unended line, in log mode `plain`. */
  #line: Bytes = '';
  /** `make[1]: Leaving directory`, until it is known that the next line does not enter the same again. */
  #leaving: Bytes = '';
  #done = false;

  constructor({ log, mode, root }: FoldLogOptions) {
    this.#log = log;
    this.#mode = mode;
    this.#failed = new FailedTargets(root);
  }

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started':
      case 'work-known':
      case 'job-queued':
      case 'job-placed':
      case 'job-turned-away':
      case 'job-waits':
      case 'job-started':
      case 'job-collecting':
        return;
      case 'bulk-finished':
        this.#flush();
        this.#leave();
        this.#log.text(bulkText(event.report, event.file));
        return;
      case 'workspace-surveyed':
        this.#log.text(describeSurvey(event));
        return;
      case 'staging-progress':
        this.#log.text(describeProgress(event));
        return;
      case 'host-ready':
        this.#log.text(describeHostReady(event));
        return;
      case 'host-lost':
        this.#log.warning(`${event.host.name}: ${event.reason}`, { title: 'Host lost' });
        return;
      case 'message':
        if (event.level === 'notice') this.#log.notice(event.text);
        else this.#log.warning(event.text);
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
        this.#leave();
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

  /** Prints what is still held and the failures. Also after a run that was cut short; a second call does nothing. */
  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#flush();
    this.#leave();
    this.#print(this.#line);
    this.#line = '';
    for (const recipe of this.#recipes.values()) this.#close(recipe);
    this.#failed.print(this.#log);
    this.#log.finish();
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
    this.#close(recipe);
  }

  #close(recipe: RecipeLog): void {
    const { failed } = recipe;
    if (failed !== undefined && failed.outcome.kind !== 'cancelled') this.#failed.add(recipe, failed);
    for (const sentence of recipe.failedThere()) this.#log.text(sentence);
    this.#recipes.delete(recipe.recipe.id);
  }

  #flush(): void {
    const recipe = this.#pending;
    this.#pending = undefined;
    const piece = recipe?.take();
    if (piece === undefined) return;
    const text = decode(piece.text);
    if (this.#mode === 'plain') this.#log.text(text);
    else if (piece.failure !== undefined) this.#log.text(`${piece.title}  failed: ${piece.failure}\n${text}`);
    else if (this.#mode === 'failures' && !piece.text.split('\n').some(isNoteworthy)) return;
    // It runs on, with others: a recipe that calls make. Only make's echo has come, and time and place are not known.
    else if (piece.running) this.#log.text(text);
    else this.#log.group(piece.title, text);
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
    // make -O says both for every target of a sub-make: two lines between any two folds, which tell nothing new.
    if (this.#leaving !== '' && text === this.#leaving.replace(': Leaving ', ': Entering ')) {
      this.#leaving = '';
      return;
    }
    this.#leave();
    if (/^[^:\s]+: Leaving directory .*\n$/.test(text)) this.#leaving = text;
    else this.#print(text);
  }

  #leave(): void {
    this.#print(this.#leaving);
    this.#leaving = '';
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
    if (text !== '') this.#log.text(decode(text));
  }
}

/** `make: [Makefile:3: foo] Error 1 (ignored)`, which the parser of make's output gives as a text of its own. */
function isIgnoredFailure(text: Bytes, target: Bytes): boolean {
  const match = /^[^:[\]]+(?:\[\d+\])?: \[(.+)\] .* \(ignored\)\n?$/.exec(text);
  return match?.[1] !== undefined && (match[1] === target || match[1].endsWith(`: ${target}`));
}
