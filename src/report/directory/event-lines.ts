import type { BuildEvent, Place } from '../../model/event.ts';
import type { Job, Recipe } from '../../model/job.ts';
import { decode, encode, type Bytes } from '../../util/bytes.ts';
import { RUNNER } from '../record/slot-numbers.ts';
import { EVENTS_VERSION, type EventLine } from './event-schema.ts';

/** Longest command that is written, in characters. */
const COMMAND_LIMIT = 2000;

/** What a line says besides its time. */
type Said = EventLine extends infer Line ? (Line extends EventLine ? Omit<Line, 'time'> : never) : never;

/**
 * Events as lines of events.ndjson (docs/report.md). Recipes and jobs are introduced when they first appear, and are numbers
 * from then on.
 */
export class EventLines {
  readonly #now: () => number;
  readonly #fileOf: (job: number) => string | undefined;
  readonly #cutOf: (job: number) => number;
  readonly #recipes = new Set<number>();
  readonly #jobs = new Set<number>();
  #time = 0;

  /**
   * @param now seconds since the start of the run
   * @param fileOf the file with a job's whole output, relative to the report's directory
   * @param cutOf how many characters of a job's command are already missing at its end
   */
  constructor(
    now: () => number,
    fileOf: (job: number) => string | undefined,
    cutOf: (job: number) => number = () => 0,
  ) {
    this.#now = now;
    this.#fileOf = fileOf;
    this.#cutOf = cutOf;
  }

  /** The line before all others. */
  first(): string {
    return this.#line({ type: 'distmake-events', version: EVENTS_VERSION });
  }

  /** The lines for one event, none of which ends in a newline. */
  of(event: BuildEvent): readonly string[] {
    return [...this.#introductions(event), this.#say(event)].map((said) => this.#line(said));
  }

  #line(said: Said): string {
    // Microseconds are as much as the clock knows.
    this.#time = Math.max(this.#time, Math.round(this.#now() * 1e6) / 1e6);
    const text = JSON.stringify({ time: this.#time, ...said } satisfies EventLine);
    // Some readers take these for the end of a line.
    return text.replace(/[\x7f-\x9f\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }

  #introductions(event: BuildEvent): readonly Said[] {
    if ('job' in event) return this.#job(event.job);
    if (event.type !== 'recipe-finished') return [];
    return [...this.#recipe(event.recipe), ...(event.failed ? this.#job(event.failed.job) : [])];
  }

  #recipe({ id, make, target, directory }: Recipe): readonly Said[] {
    if (this.#recipes.has(id)) return [];
    this.#recipes.add(id);
    const names = { target: decode(target), directory: decode(directory) };
    return [{ type: 'recipe', recipe: id, make, ...names, ...lossy(target, directory) }];
  }

  #job(job: Job): readonly Said[] {
    const { id, recipe } = job;
    if (this.#jobs.has(id)) return [];
    this.#jobs.add(id);
    const command = decode(job.command);
    const cut = command.length - COMMAND_LIMIT + this.#cutOf(id);
    return [
      ...this.#recipe(recipe),
      {
        type: 'job',
        job: id,
        recipe: recipe.id,
        ...(job.directory !== recipe.directory && { directory: decode(job.directory) }),
        command: command.slice(0, COMMAND_LIMIT),
        ...(cut > 0 && { cut }),
        ...lossy(job.directory, job.command),
      },
    ];
  }

  #say(event: BuildEvent): Said {
    switch (event.type) {
      case 'run-started': {
        const { type, jobs, localJobs, processors, time } = event;
        const hosts = event.hosts.map(({ name, slots, local, speed }) => ({
          name,
          ...(slots !== undefined && { slots }),
          local,
          speed,
        }));
        return { type, hosts, jobs, localJobs, processors, started: new Date(time).toISOString() };
      }
      case 'work-known':
        return { type: event.type, targets: event.targets.map(decode), ...lossy(...event.targets) };
      case 'workspace-surveyed':
        return { ...event, directories: [...event.directories] };
      case 'staging-progress':
        return { ...event, host: event.host.name };
      case 'host-ready': {
        const { compressed, ...rest } = event;
        return { ...rest, host: event.host.name, ...(compressed !== undefined && { compressed }) };
      }
      case 'host-lost':
        return { ...event, host: event.host.name };
      case 'job-queued':
      case 'job-waits':
        return { type: event.type, job: event.job.id };
      case 'job-placed':
      case 'job-turned-away':
      case 'job-collecting':
        return { ...event, job: event.job.id, place: nameOf(event.place) };
      case 'job-started':
        return { type: event.type, job: event.job.id, place: nameOf(event.place) };
      case 'job-finished': {
        const { type, job, place, outcome, seconds, again, traffic } = event;
        return { type, job: job.id, place: nameOf(place), outcome, seconds, again, ...(traffic && { traffic }) };
      }
      case 'job-text': {
        const file = event.file === undefined ? undefined : this.#fileOf(event.job.id);
        const bytes = event.output.length;
        return { type: event.type, job: event.job.id, bytes, ...(file !== undefined && { file }) };
      }
      case 'make-text':
        return { type: event.type, bytes: event.text.length };
      case 'recipe-finished': {
        const { type, recipe, failed } = event;
        const failure = failed && { job: failed.job.id, outcome: failed.outcome, place: nameOf(failed.place) };
        return { type, recipe: recipe.id, class: event.class, ...(failure && { failed: failure }) };
      }
      case 'message':
        return event;
      case 'bulk-finished': {
        const { built, upToDate, failed, skipped, notReached } = event.report;
        return {
          type: event.type,
          built: built.length,
          upToDate: upToDate.length,
          failed: failed.length,
          skipped: skipped.length,
          notReached: notReached.length,
          file: event.file,
        };
      }
      case 'run-finished':
        return { ...event, failedTargets: [...event.failedTargets], hosts: [...event.hosts] };
    }
  }
}

function nameOf(place: Place): string {
  return place?.name ?? RUNNER;
}

function lossy(...names: readonly Bytes[]): { readonly lossy?: true } {
  return names.some((name) => encode(decode(name)) !== name) ? { lossy: true } : {};
}
