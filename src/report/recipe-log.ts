import type { Place } from '../model/event.ts';
import type { Job, Recipe } from '../model/job.ts';
import { describeOutcome, succeeded, type Outcome } from '../model/outcome.ts';
import type { PlaceReason } from '../model/place-reason.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { cleanTitle } from './clean-text.ts';
import { badEnd, filesOf, final, joined, NOWHERE, refusalOf, type JobLog, type JobText, type Leg } from './job-log.ts';
import { failureText, killedText, mustNotRunAgain } from './outcome-text.ts';
import { placeName, placesOf } from './places-text.ts';
import { targetName } from './target-name.ts';

/** What a recipe printed since it was asked last. */
interface Piece {
  readonly text: Bytes;
  readonly title: string;
  /** How it ended, if it failed and make has said that it counts. */
  readonly failure: string | undefined;
  /** Nothing of it has ended. */
  readonly running: boolean;
  /** Files that have all of it, where it is long. */
  readonly files: readonly string[];
}

/** What has failed, to be shown once more. */
interface FailureText extends Pick<Piece, 'text' | 'title' | 'files'> {
  /** All of its text has been shown where it happened. */
  readonly isAbove: boolean;
  /** Why the job that failed could run nowhere, or not again. */
  readonly refusal: string | undefined;
  /** How it failed: `status 2`. */
  readonly words: string;
  readonly mustNotRunAgain: boolean;
}

/**
 * What the log knows of one recipe. Text and outcome of a job come by different ways, in either order; nothing here
 * depends on which is first.
 */
export class RecipeLog {
  readonly recipe: Recipe;
  readonly #directory: Bytes;
  readonly #jobs = new Map<number, JobLog>();
  /** The job whose text came last. */
  #last: JobLog | undefined;
  finished = false;
  /** Its recipe calls make. */
  recursive = false;
  failed: { readonly job: Job; readonly outcome: Outcome; readonly place: Place } | undefined;
  /** make has said so. */
  condemned = false;
  /** Something of it has been shown; so has its failure. */
  #shown = false;
  #told = false;
  /** The jobs of the last piece. */
  #taken: readonly JobLog[] = [];

  /** @param directory where the first make runs, absolute */
  constructor(recipe: Recipe, directory: Bytes) {
    this.recipe = recipe;
    this.#directory = directory;
  }

  /** The target on one line, to show to people. */
  get name(): string {
    return cleanTitle(decode(targetName(this.recipe, this.#directory)));
  }

  placed(job: Job, place: Place, reason: PlaceReason): void {
    const log = this.#job(job);
    log.place = place;
    log.reason = reason;
  }

  ended(job: Job, { place, outcome, seconds, again }: Omit<Leg, 'reason'>): void {
    const log = this.#job(job);
    log.legs.push({ place, reason: log.reason, outcome, seconds, again });
  }

  printed(job: Job, text: JobText): void {
    const log = this.#job(job);
    // A second text of one job is none that we know of; it is not lost all the same.
    log.text =
      log.printed || log.text === undefined ? text : { ...log.text, output: log.text.output + text.echo + text.output };
    log.printed = false;
    this.#last = log;
  }

  /** make's words on an ignored failure of the job whose text came last: part of what the recipe printed. */
  remark(text: Bytes): void {
    if (this.#last !== undefined) this.#last.remark += text;
  }

  /** Nothing is missing: each job that ended has printed, and none prints that has not ended. */
  get complete(): boolean {
    const logs = [...this.#jobs.values()];
    return this.finished && logs.length > 0 && logs.every((log) => log.text !== undefined && final(log) !== undefined);
  }

  /** One of its jobs has begun and has not printed yet: more comes. */
  get busy(): boolean {
    return [...this.#jobs.values()].some((log) => log.text === undefined);
  }

  /** Some of the text that was taken last is not shown. */
  leftOut(): void {
    for (const log of this.#taken) log.leftOut = true;
  }

  /** Takes what has been printed since the last time; undefined when there is nothing to show. */
  take(): Piece | undefined {
    const fresh = [...this.#jobs.values()].filter((log) => log.text !== undefined && !log.printed);
    // make prints the line before it asks: what was cancelled while it waited never ran.
    const shown = fresh.filter((log) => final(log)?.outcome.kind !== 'cancelled' || log.text?.output !== '');
    const text = shown.map((log) => joined(log.text) + log.remark).join('');
    const files = filesOf(shown);
    const ignored = shown.some((log) => log.remark !== '');
    for (const log of fresh) {
      log.printed = true;
      log.remark = '';
      const end = final(log);
      if (end !== undefined && succeeded(end.outcome)) log.text = { echo: '', output: '' };
    }
    this.#taken = shown;
    // A failure without a word may be one that make ignores: untoldFailure() has it once the recipe is over.
    if (text === '') return undefined;
    const failure = this.failed?.outcome ?? (this.condemned ? badEnd(shown) : undefined);
    this.#shown = true;
    if (failure !== undefined) this.#told = true;
    return {
      text,
      title: failure === undefined && !ignored ? this.#titleWithEnd(shown) : this.#title(shown),
      failure: failure === undefined ? undefined : this.#failureWords(failure),
      running: shown.every((log) => final(log) === undefined),
      files,
    };
  }

  /** The failure as a line, where it came after all that was shown, or with nothing to show. */
  untoldFailure(): string | undefined {
    if (this.failed === undefined || this.failed.outcome.kind === 'cancelled') return undefined;
    // What it called has failed, and stands there.
    if (this.#told || this.recursive) return undefined;
    this.#told = true;
    return `${this.#title([...this.#jobs.values()])}  failed: ${this.#failureWords(this.failed.outcome)}`;
  }

  /** The title of one that ran, and that nothing has been shown of. */
  quietTitle(): string | undefined {
    if (this.#shown || this.#told || this.recursive) return undefined;
    const logs = [...this.#jobs.values()];
    const ran = logs.some(({ legs }) => legs.some(({ outcome }) => outcome.kind !== 'cancelled'));
    return ran ? this.#titleWithEnd(logs) : undefined;
  }

  /** The line that failed. */
  failure(): FailureText {
    const log = this.failed === undefined ? undefined : this.#jobs.get(this.failed.job.id);
    const logs = log === undefined ? [] : [log];
    return {
      title: this.#title(logs),
      text: joined(log?.text),
      files: filesOf(logs),
      isAbove: log?.leftOut === false,
      refusal: log && refusalOf(log),
      words: this.failed === undefined ? '' : this.#failureWords(this.failed.outcome),
      mustNotRunAgain: this.failed !== undefined && mustNotRunAgain(this.failed.outcome, this.#losses),
    };
  }

  #failureWords(outcome: Outcome): string {
    return failureText(outcome, this.#losses);
  }

  /** Hosts that were lost while the line that failed ran there. */
  get #losses(): number {
    const legs = this.failed === undefined ? [] : (this.#jobs.get(this.failed.job.id)?.legs ?? []);
    return legs.filter((leg) => leg.outcome.kind === 'host-lost').length;
  }

  /** make -s says nothing of a failure that it ignores. */
  #titleWithEnd(logs: readonly JobLog[]): string {
    const end = badEnd(logs);
    return end === undefined ? this.#title(logs) : `${this.#title(logs)}  ${describeOutcome(end)}`;
  }

  /** `target  host  1.2 s`. */
  #title(logs: readonly JobLog[]): string {
    const legs = logs.flatMap((log) => (refusalOf(log) === undefined ? log.legs : log.legs.slice(0, -1)));
    return this.#titleOf(legs.filter((leg) => leg.outcome.kind !== 'cancelled'));
  }

  #titleOf(legs: readonly Leg[]): string {
    if (legs.length === 0) return this.name;
    const seconds = legs.reduce((sum, leg) => sum + leg.seconds, 0);
    return `${this.name}  ${placesOf(legs)}  ${seconds.toFixed(1)} s`;
  }

  /** Lines that failed on a host and passed when they were run again, as sentences. */
  failedThere(): string[] {
    const sentences: string[] = [];
    for (const { legs } of this.#jobs.values()) {
      const last = legs.at(-1);
      if (last === undefined || !succeeded(last.outcome)) continue;
      for (const leg of legs) {
        if (!leg.again || succeeded(leg.outcome)) continue;
        if (leg.outcome.kind === 'host-lost' || leg.outcome.kind === 'cancelled') continue;
        const where = last.place === undefined ? 'on the runner' : `on ${last.place.name}`;
        const there = placeName(leg.place);
        const how =
          leg.outcome.kind === 'timed-out'
            ? `${killedText(leg.outcome)} on ${there}`
            : `failed on ${there} (${describeOutcome(leg.outcome)})`;
        sentences.push(`${this.name}: ${how}, passed ${where}`);
      }
    }
    return sentences;
  }

  #job(job: Job): JobLog {
    let log = this.#jobs.get(job.id);
    if (log === undefined) {
      log = {
        job,
        place: NOWHERE,
        reason: undefined,
        legs: [],
        text: undefined,
        remark: '',
        printed: false,
        leftOut: false,
      };
      this.#jobs.set(job.id, log);
    }
    return log;
  }
}
