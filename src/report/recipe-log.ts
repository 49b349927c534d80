import type { Place } from '../model/event.ts';
import type { Job, Recipe } from '../model/job.ts';
import { describeOutcome, succeeded, type Outcome } from '../model/outcome.ts';
import { isMissed, type PlaceReason } from '../model/place-reason.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { cleanTitle } from './clean-text.ts';
import { REASON_WORDS } from './reason-text.ts';

/** One time a job ran somewhere; a job that is run again has several. */
interface Leg {
  readonly place: Place;
  /** Undefined where nobody has said it. */
  readonly reason: PlaceReason | undefined;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly again: boolean;
}

/** What a job printed; `file` has all of a long output. */
interface JobText {
  readonly echo: Bytes;
  readonly output: Bytes;
  readonly file?: string | undefined;
}

interface JobLog {
  readonly job: Job;
  /** Why it is where it is now. */
  reason: PlaceReason | undefined;
  readonly legs: Leg[];
  text: JobText | undefined;
  /** make's words on its failure, which make ignored: they stand behind its text. */
  remark: Bytes;
  printed: boolean;
}

/** What a recipe printed since it was asked last. */
interface Piece {
  readonly text: Bytes;
  readonly title: string;
  /** How it ended, if it failed and that counts. */
  readonly failure: string | undefined;
  /** Nothing of it has ended. */
  readonly running: boolean;
  /** Files that have all of it, where it is long. */
  readonly files: readonly string[];
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
  /** Something of it has been shown; so has its failure. */
  #shown = false;
  #told = false;

  constructor(recipe: Recipe) {
    this.recipe = recipe;
  }

  /** The target on one line, to show to people. */
  get name(): string {
    return cleanTitle(decode(this.recipe.target));
  }

  placed(job: Job, reason: PlaceReason): void {
    this.#job(job).reason = reason;
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
    // A failure without a word may be one that make ignores: untoldFailure() has it once the recipe is over.
    if (text === '') return undefined;
    const ends = shown.map(final);
    const ended = ends.find((leg) => leg !== undefined && leg.outcome.kind !== 'cancelled' && !succeeded(leg.outcome));
    // Until the recipe is over only make's remark tells a failure that it ignores from one that ends the recipe.
    const failure = this.finished ? this.failed?.outcome : ignored ? undefined : ended?.outcome;
    this.#shown = true;
    if (failure !== undefined) this.#told = true;
    return {
      text,
      title: this.#title(shown),
      failure: failure === undefined ? undefined : describeOutcome(failure),
      running: ends.every((leg) => leg === undefined),
      files,
    };
  }

  /** The failure as a line, where it came after all that was shown, or with nothing to show. */
  untoldFailure(): string | undefined {
    if (this.failed === undefined || this.failed.outcome.kind === 'cancelled') return undefined;
    // What it called has failed, and stands there.
    if (this.#told || this.recursive) return undefined;
    this.#told = true;
    return `${this.#title([...this.#jobs.values()])}  failed: ${describeOutcome(this.failed.outcome)}`;
  }

  /** The title of one that ran, and that nothing has been shown of. */
  quietTitle(): string | undefined {
    if (this.#shown || this.#told || this.recursive) return undefined;
    const logs = [...this.#jobs.values()];
    const ran = logs.some(({ legs }) => legs.some(({ outcome }) => outcome.kind !== 'cancelled'));
    return ran ? this.#title(logs) : undefined;
  }

  /** Title and text of the line that failed, and the file that has all of it if it is long. */
  failure(): { readonly title: string; readonly text: Bytes; readonly files: readonly string[] } {
    const log = this.failed === undefined ? undefined : this.#jobs.get(this.failed.job.id);
    const logs = log === undefined ? [] : [log];
    return { title: this.#title(logs), text: joined(log?.text), files: filesOf(logs) };
  }

  /**
   * `target  host  1.2 s`; places in order, `a -> b` when a line was run again at b. Where it was the runner though it
   * might have left, why: `target  local, hosts full  1.2 s`.
   */
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
    const missed = legs.find((leg) => leg.reason !== undefined && isMissed(leg.reason));
    // The arrow has said it.
    const isSaid = missed?.reason === 'failed-there' && places.includes(' -> ');
    if (missed?.reason !== undefined && !isSaid) places += `, ${REASON_WORDS[missed.reason]}`;
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
        if (!leg.again || succeeded(leg.outcome)) continue;
        if (leg.outcome.kind !== 'exited' && leg.outcome.kind !== 'signaled') continue;
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
      log = { job, reason: undefined, legs: [], text: undefined, remark: '', printed: false };
      this.#jobs.set(job.id, log);
    }
    return log;
  }
}

function final(log: JobLog): Leg | undefined {
  const last = log.legs.at(-1);
  return last?.again === true ? undefined : last;
}

function filesOf(logs: readonly JobLog[]): readonly string[] {
  return logs.map((log) => log.text?.file).filter((file) => file !== undefined);
}

function joined(text: JobLog['text']): Bytes {
  if (text === undefined) return '';
  const echo = text.echo === '' || text.echo.endsWith('\n') ? text.echo : text.echo + '\n';
  return echo + withNewline(text.output);
}

function withNewline(text: Bytes): Bytes {
  return text === '' || text.endsWith('\n') ? text : text + '\n';
}
