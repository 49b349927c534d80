import { posix } from 'node:path';
import type { BuildEvent, Place } from '../../model/event.ts';
import type { Job, Recipe } from '../../model/job.ts';
import { describeOutcome } from '../../model/outcome.ts';
import { isMissed } from '../../model/place-reason.ts';
import { decode, type Bytes } from '../../util/bytes.ts';
import { RUNNER } from '../record/slot-numbers.ts';
import { seen } from '../text-width.ts';
import { WatchedPlace } from './watched-place.ts';

/** Failures that are kept: more than a terminal has lines for. */
const FAILURES = 50;

/** A target that has failed for good. Its texts are harmless. */
export interface WatchedFailure {
  readonly target: string;
  /** Undefined: on the runner. */
  readonly host: string | undefined;
  /** `status 2`. */
  readonly verdict: string;
  /** When, in seconds since the start of the run. */
  readonly at: number;
}

type End = Extract<BuildEvent, { type: 'run-finished' }>;

/**
 * A run as it is at this moment. Keeps what runs, waits and has failed, and counts of the rest, so that a look at it
 * costs the same after 20 000 jobs as after 20.
 */
export class WatchState {
  readonly #now: () => number;
  readonly #directory: Bytes;
  /** By the host's name; undefined: the runner, whatever a host is called. */
  readonly #places = new Map<string | undefined, WatchedPlace>();
  /** Where each job is that has a slot. */
  readonly #placed = new Map<number, WatchedPlace>();
  readonly #queue = new Set<number>();
  readonly #failures: WatchedFailure[] = [];
  #failed = 0;
  #end: End | undefined;

  /**
   * @param now seconds since the start of the run, never less than before
   * @param directory where the first make runs, absolute
   */
  constructor(now: () => number, directory: Bytes) {
    this.#now = now;
    this.#directory = directory;
  }

  /** Seconds from the start of the run to now, or to its end. */
  get seconds(): number {
    return this.#end?.seconds ?? this.#now();
  }

  get end(): End | undefined {
    return this.#end;
  }

  /** The hosts in the order of the matrix, the runner last. */
  get places(): readonly WatchedPlace[] {
    return [...this.#places.values()];
  }

  /** Jobs that wait for their turn or for a place. */
  get queue(): number {
    return this.#queue.size;
  }

  /** Targets that have failed for good; a recipe that calls make fails for another's sake, and does not count. */
  get failed(): number {
    return this.#failed;
  }

  /** The last of them, the newest first. */
  get failures(): readonly WatchedFailure[] {
    return this.#failures;
  }

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started': {
        for (const host of event.hosts) this.#place(host);
        this.#place(undefined).slots = event.processors;
        return;
      }
      case 'staging-progress': {
        const { bytes, of } = event;
        this.#place(event.host).staged = of.bytes > 0 ? Math.min(1, bytes / of.bytes) : undefined;
        return;
      }
      case 'host-ready':
        this.#place(event.host).ready(event.slots, this.#now());
        return;
      case 'host-lost':
        this.#place(event.host).lost(seen(event.reason), this.#now(), event.benched);
        return;
      case 'job-queued':
        this.#queue.add(event.job.id);
        return;
      case 'job-placed':
        this.#jobPlaced(event);
        return;
      case 'job-started': {
        const job = this.#placed.get(event.job.id)?.running.get(event.job.id);
        if (job) job.started ??= this.#now();
        return;
      }
      case 'job-collecting': {
        const job = this.#placed.get(event.job.id)?.running.get(event.job.id);
        if (job) job.collecting = true;
        return;
      }
      case 'job-waits':
        this.#leaves(event.job);
        return;
      case 'job-turned-away':
        this.#leaves(event.job);
        this.#queue.add(event.job.id);
        return;
      case 'job-finished':
        this.#leaves(event.job);
        if (event.outcome.kind !== 'cancelled') this.#place(event.place).done += 1;
        if (event.again) this.#queue.add(event.job.id);
        else this.#queue.delete(event.job.id);
        return;
      case 'recipe-finished':
        this.#recipeFinished(event);
        return;
      case 'run-finished':
        this.#end = event;
        this.#queue.clear();
        for (const place of this.#places.values()) place.running.clear();
        this.#placed.clear();
        return;
      default:
        return;
    }
  };

  #jobPlaced({ job, place, reason, slots }: Extract<BuildEvent, { type: 'job-placed' }>): void {
    this.#leaves(job);
    this.#queue.delete(job.id);
    const at = this.#place(place);
    const placed = this.#now();
    const target = this.#name(job.recipe);
    at.running.set(job.id, { target, reason, slots, placed, started: undefined, collecting: false });
    this.#placed.set(job.id, at);
    if (isMissed(reason)) at.missed.set(reason, (at.missed.get(reason) ?? 0) + 1);
  }

  #leaves(job: Job): void {
    this.#placed.get(job.id)?.leaves(job.id, this.#now());
    this.#placed.delete(job.id);
  }

  #recipeFinished({ recipe, class: kind, failed }: Extract<BuildEvent, { type: 'recipe-finished' }>): void {
    if (failed === undefined || failed.outcome.kind === 'cancelled' || kind === 'recursive') return;
    this.#failed += 1;
    const host = failed.place === undefined ? undefined : this.#place(failed.place).name;
    const verdict = seen(describeOutcome(failed.outcome));
    this.#failures.unshift({ target: this.#name(recipe), host, verdict, at: this.#now() });
    if (this.#failures.length > FAILURES) this.#failures.pop();
  }

  /** Many makes have a `main.o`: it is told with its directory. */
  #name({ target, directory }: Recipe): string {
    const below = posix.relative(this.#directory, directory);
    if (below === '' || target.startsWith('/')) return seen(decode(target));
    return seen(decode(below.startsWith('../') || below === '..' ? `${directory}/${target}` : `${below}/${target}`));
  }

  #place(place: Place): WatchedPlace {
    let known = this.#places.get(place?.name);
    if (!known) {
      known = new WatchedPlace(seen(place?.name ?? RUNNER), place?.local ?? true, place?.slots);
      this.#places.set(place?.name, known);
    }
    return known;
  }
}
