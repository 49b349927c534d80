import type { Place } from '../model/event.ts';
import type { Job, Recipe } from '../model/job.ts';
import { describeOutcome, succeeded, type Outcome } from '../model/outcome.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { cleanTitle } from './clean-text.ts';

/** One time a job ran somewhere; a job that is run again has several. */
interface Leg {
  readonly place: Place;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly again: boolean;
}

interface JobLog {
  readonly job: Job;
  readonly legs: Leg[];
  text: { readonly echo: Bytes; readonly output: Bytes } | undefined;
  /** make's words on its failure, which make ignored: they stand behind its text. */
  remark: Bytes;
  printed: boolean;
}

/** Name of a place in the log. */
export function placeName(place: Place): string {
  return place?.name ?? 'local';
}

/**
 * What the log knows of one recipe. Text and outcome of a job come by different ways, in either order; nothing here
 * depends on which is first.
 */
export class RecipeLog {
  readonly recipe: Recipe;
  readonly #jobs = new Map<number, JobLog>();
  /** The job whose text came last. */
  #last: JobLog | undefined;
  finished = false;
  /** Its recipe calls make. */
  recursive = false;
  failed: { readonly job: Job; readonly outcome: Outcome; readonly place: Place } | undefined;

  constructor(recipe: Recipe) {
    this.recipe = recipe;
  }

  /** The target on one line, to show to people. */
  get name(): string {
    return cleanTitle(decode(this.recipe.target));
  }

  ended(job: Job, leg: Leg): void {
    this.#job(job).legs.push(leg);
  }

  printed(job: Job, text: { readonly echo: Bytes; readonly output: Bytes }): void {
    const log = this.#job(job);
    // A second text of one job is none that we know of; it is not lost all the same.
    log.text =
      log.printed || log.text === undefined
        ? text
        : { echo: log.text.echo, output: log.text.output + text.echo + text.output };
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

  /** Takes what has been printed since the last time; undefined when there is nothing to show. */
  take():
    | { readonly text: Bytes; readonly title: string; readonly failure: string | undefined; readonly running: boolean }
    | undefined {
    const fresh = [...this.#jobs.values()].filter((log) => log.text !== undefined && !log.printed);
    // make prints the line before it asks: what was cancelled while it waited never ran.
    const shown = fresh.filter((log) => final(log)?.outcome.kind !== 'cancelled' || log.text?.output !== '');
    const text = shown.map((log) => joined(log.text) + log.remark).join('');
    const ignored = shown.some((log) => log.remark !== '');
    for (const log of fresh) {
      log.printed = true;
      log.remark = '';
      const end = final(log);
      if (end !== undefined && succeeded(end.outcome)) log.text = { echo: '', output: '' };
    }
    if (text === '') return undefined;
    const ends = shown.map(final);
    const ended = ends.find((leg) => leg !== undefined && leg.outcome.kind !== 'cancelled' && !succeeded(leg.outcome));
    // Until the recipe is over only make's remark tells a failure that it ignores from one that ends the recipe.
    const failure = this.finished ? this.failed?.outcome : ignored ? undefined : ended?.outcome;
    return {
      text,
      title: this.#title(shown),
      failure: failure === undefined ? undefined : describeOutcome(failure),
      running: ends.every((leg) => leg === undefined),
    };
  }

  /** Title, text and bare output of the line that failed. */
  failure(): { readonly title: string; readonly text: Bytes; readonly output: Bytes } {
    const log = this.failed === undefined ? undefined : this.#jobs.get(this.failed.job.id);
    return {
      title: this.#title(log === undefined ? [] : [log]),
      text: joined(log?.text),
      output: log?.text?.output ?? '',
    };
  }

  /** `target  host  1.2 s`; places in order, `a -> b` when a line was run again at b. */
  #title(logs: readonly JobLog[]): string {
    const legs = logs.flatMap((log) => log.legs).filter((leg) => leg.outcome.kind !== 'cancelled');
    let places = '';
    let last: string | undefined;
    let retried = false;
    const seen = new Set<string>();
    for (const leg of legs) {
      const name = placeName(leg.place);
      if (last === undefined) places = name;
      else if (retried) places += ` -> ${name}`;
      else if (!seen.has(name)) places += `, ${name}`;
      seen.add(name);
      last = name;
      retried = leg.again;
    }
    if (last === undefined) return this.name;
    const seconds = legs.reduce((sum, leg) => sum + leg.seconds, 0);
    return `${this.name}  ${places}  ${seconds.toFixed(1)} s`;
  }

  /** Lines that failed on a host and passed when they were run again, as sentences. */
  failedThere(): string[] {
    const sentences: string[] = [];
    for (const { legs } of this.#jobs.values()) {
      const last = legs.at(-1);
      if (last === undefined || !succeeded(last.outcome)) continue;
      for (const leg of legs) {
        if (!leg.again || (leg.outcome.kind !== 'exited' && leg.outcome.kind !== 'signaled')) continue;
        const where = last.place === undefined ? 'on the runner' : `on ${last.place.name}`;
        sentences.push(
          `${this.name}: failed on ${placeName(leg.place)} (${describeOutcome(leg.outcome)}), passed ${where}`,
        );
      }
    }
    return sentences;
  }

  #job(job: Job): JobLog {
    let log = this.#jobs.get(job.id);
    if (log === undefined) {
      log = { job, legs: [], text: undefined, remark: '', printed: false };
      this.#jobs.set(job.id, log);
    }
    return log;
  }
}

function final(log: JobLog): Leg | undefined {
  const last = log.legs.at(-1);
  return last?.again === true ? undefined : last;
}

function joined(text: JobLog['text']): Bytes {
  if (text === undefined) return '';
  const echo = text.echo === '' || text.echo.endsWith('\n') ? text.echo : text.echo + '\n';
  return echo + withNewline(text.output);
}

function withNewline(text: Bytes): Bytes {
  return text === '' || text.endsWith('\n') ? text : text + '\n';
}
