import type { BuildEvent } from '../model/event.ts';
import type { Recipe } from '../model/job.ts';
import type { Outcome } from '../model/outcome.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { unreachable } from '../util/unreachable.ts';
import { bulkText } from './bulk-text.ts';
import { isMakeWarning, isNoteworthy } from './noteworthy.ts';
import { DirectoryLines } from './directory-lines.ts';
import { FailedTargets } from './failed-targets.ts';
import { cutFlood, FLOOD, tellWhole, wholeTextNote } from './flood.ts';
import { HostNews } from './host-news.ts';
import { verdictOn } from './make-verdict.ts';
import { clockTicker, type Ticker } from './progress/ticker.ts';
import { QuietTargets } from './quiet-targets.ts';
import { RecipeLog } from './recipe-log.ts';
import { describeProgress, describeSurvey } from './staging.ts';
import { WholeLines } from './whole-lines.ts';
import type { StepLog } from './workflow-commands.ts';

/** `plain`: make's own text as it comes, without folds. */
export type LogMode = 'fold' | 'failures' | 'plain';

/** What is held in case more of it comes is shown when nothing has come for so long, in seconds. */
const HELD = 0.2;

export interface FoldLogOptions {
  readonly log: StepLog;
  readonly mode: LogMode;
  /** Where the first make runs, absolute: targets of makes below it are named by their path there. */
  readonly directory: Bytes;
  readonly ticker?: Ticker;
  /** Seconds, never less than before. */
  readonly now?: () => number;
}

/**
 * The step's log. A recipe's texts gather in one fold for as long as nothing else is printed; the fold comes out when
 * something else is, when the recipe is over, or when nothing has come for a moment. What failed is not folded, and stands once more at the end.
 *
 * A recipe of which only make's echo is there has a fold of its own: that is one line on the screen, as with make, and it
 * can be found by its target. Only those without any text are gathered ({@link QuietTargets}).
 *
 * Whatever is printed is printed as whole lines, groups and all, at one time: others may write between.
 */
export class FoldLog {
  readonly #log: StepLog;
  readonly #mode: LogMode;
  readonly #directory: Bytes;
  readonly #ticker: Ticker;
  readonly #hosts: HostNews;
  readonly #failed = new FailedTargets();
  readonly #quiet: QuietTargets;
  readonly #directories = new DirectoryLines();
  readonly #recipes = new Map<number, RecipeLog>();
  /** The recipe whose text came last and is not printed yet. */
  #pending: RecipeLog | undefined;
  /** In log mode `plain`. */
  readonly #lines = new WholeLines();
  /** Of the run. */
  #outcome: Outcome | undefined;
  #done = false;
  #stop: () => void = () => undefined;

  constructor({ log, mode, directory, ticker = clockTicker, now }: FoldLogOptions) {
    this.#log = log;
    this.#mode = mode;
    this.#directory = directory;
    this.#ticker = ticker;
    this.#hosts = new HostNews(now);
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
        this.#recipe(event.job.recipe).placed(event.job, event.place, event.reason);
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
      case 'host-lost':
        this.#hosts.print(event, this.#beside());
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
        else this.#hold();
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
        this.#outcome = event.outcome;
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
    this.#stop();
    this.#flush();
    this.#print(this.#lines.rest());
    for (const recipe of this.#recipes.values()) this.#close(recipe);
    this.#failed.print(this.#out(), this.#outcome);
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

  /** Something is held now. */
  #hold(): void {
    this.#stop();
    this.#stop = this.#ticker(HELD, () => {
      this.#stop();
      if (this.#pending?.busy === false) this.#flush();
      this.#quiet.print();
    });
  }

  #recipe(recipe: Recipe): RecipeLog {
    let log = this.#recipes.get(recipe.id);
    if (log === undefined) {
      log = new RecipeLog(recipe, this.#directory);
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
      if (title !== undefined) {
        this.#quiet.add(title);
        this.#hold();
      }
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
    if (recipe === undefined || piece === undefined) return;
    if (this.#mode === 'plain') {
      const told = tellWhole(piece.text, piece.files);
      if (told !== piece.text) recipe.leftOut();
      this.#print(told);
      return;
    }
    const isQuiet = piece.failure === undefined && this.#mode === 'failures';
    const shown = cutFlood(piece.text, FLOOD, wholeTextNote(piece.files));
    const isWorthIt = !isQuiet || piece.text.split('\n').some(isNoteworthy);
    if (shown !== piece.text || !isWorthIt) recipe.leftOut();
    if (!isWorthIt) return;
    const text = decode(shown);
    if (piece.failure !== undefined) this.#out().text(`${piece.title}  failed: ${piece.failure}\n${text}`);
    // It runs on, with others: a recipe that calls make. Only make's echo has come, and time and place are not known.
    else if (piece.running) this.#out().text(text);
    else this.#out().group(piece.title, text);
  }

  #makeText(text: Bytes): void {
    if (this.#mode === 'plain') {
      this.#print(this.#lines.take(text));
      return;
    }
    const verdict = this.#pending && verdictOn(text, this.#pending.recipe.target);
    if (verdict === 'ignored') {
      this.#pending?.remark(text);
      return;
    }
    if (verdict === 'failed' && this.#pending) this.#pending.condemned = true;
    this.#flush();
    if (this.#mode === 'failures') {
      this.#print(text.split('\n').filter(isMakeWarning).join('\n'));
      return;
    }
    if (!this.#directories.take(text)) this.#print(text);
  }

  #print(text: Bytes): void {
    if (text !== '') this.#out().text(decode(text));
  }
}
