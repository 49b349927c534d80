import type { BuildEvent, Place } from '../../model/event.ts';
import type { Job, Recipe } from '../../model/job.ts';
import type { Outcome } from '../../model/outcome.ts';
import { decode } from '../../util/bytes.ts';
import { keptStart } from '../kept-start.ts';
import type { JobRecord, Leg, RecipeRecord } from './job-record.ts';
import { cameUp, newPlace, wentDown, type PlaceRecord } from './place-record.ts';
import { RUNNER, SlotNumbers } from './slot-numbers.ts';

export type { JobRecord, Leg, RecipeRecord } from './job-record.ts';
export type { Loss, PlaceRecord } from './place-record.ts';

/** Longest command that is kept, in bytes. */
const COMMAND_LIMIT = 2000;

/**
 * What happened in a run, as the events tell it: every job with its places and times. All pictures of a run (summary,
 * timeline, trace, page, what is shown on a terminal) are made from it. Keeps no output.
 */
export class RunRecord {
  readonly #now: () => number;
  readonly #slots = new Map<string, SlotNumbers>();
  readonly #jobs = new Map<number, JobRecord>();
  readonly #recipes = new Map<number, RecipeRecord>();
  readonly #places = new Map<string, PlaceRecord>();
  #start: Extract<BuildEvent, { type: 'run-started' }> | undefined;
  #end: Extract<BuildEvent, { type: 'run-finished' }> | undefined;
  #work: ReadonlySet<string> | undefined;

  /** @param now seconds since the start of the run, never less than before */
  constructor(now: () => number) {
    this.#now = now;
  }

  get start(): Extract<BuildEvent, { type: 'run-started' }> | undefined {
    return this.#start;
  }

  /** Undefined while it runs, and for one that was cut short. */
  get end(): Extract<BuildEvent, { type: 'run-finished' }> | undefined {
    return this.#end;
  }

  /** Targets that the first make is going to run recipes of, where that is known. */
  get work(): ReadonlySet<string> | undefined {
    return this.#work;
  }

  /** In the order in which make asked for their first lines. */
  get recipes(): readonly RecipeRecord[] {
    return [...this.#recipes.values()];
  }

  get jobs(): readonly JobRecord[] {
    return [...this.#jobs.values()];
  }

  /** The hosts in the order of the matrix, the runner last. */
  get places(): readonly PlaceRecord[] {
    return [...this.#places.values()];
  }

  job(id: number): JobRecord | undefined {
    return this.#jobs.get(id);
  }

  /** Seconds from the start of the run to now, or to its end. */
  get seconds(): number {
    return this.#end?.seconds ?? this.#now();
  }

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started':
        this.#begin(event);
        return;
      case 'work-known':
        this.#work = new Set(event.targets.map(decode));
        return;
      case 'staging-progress': {
        const { ready, staging } = this.#place(event.host);
        // A host that comes back is staged anew: these are the figures of its first staging.
        if (ready === undefined) Object.assign(staging, { ...event.of, done: event.bytes, seconds: event.seconds });
        return;
      }
      case 'host-ready':
        cameUp(this.#place(event.host), event, this.#now());
        return;
      case 'host-lost':
        wentDown(this.#place(event.host), event, this.#now());
        return;
      case 'job-queued':
        this.#job(event.job);
        return;
      case 'job-placed': {
        const { place, reason, slots } = event;
        const { name } = this.#place(place);
        // Its place was lost before anything of it ran there; nobody tells the end of that.
        this.#endLeg(event.job, { kind: 'host-lost', reason: 'lost before it began' }, true);
        const slot = this.#numbers(name).take(slots);
        this.#job(event.job).legs.push(legOf({ place: name, reason, slot, slots, placed: this.#now() }));
        return;
      }
      case 'job-started': {
        const leg = this.#leg(event.job);
        if (leg) leg.started ??= this.#now();
        return;
      }
      case 'job-waits': {
        const leg = this.#leg(event.job);
        if (!leg || leg.waits !== undefined) return;
        leg.waits = this.#now();
        this.#numbers(leg.place).give(leg.slot, leg.slots);
        return;
      }
      case 'job-collecting': {
        const leg = this.#leg(event.job);
        if (leg) leg.collecting = this.#now();
        return;
      }
      case 'job-turned-away':
        this.#endLeg(event.job, 'turned-away', true);
        return;
      case 'job-finished':
        this.#finished(event);
        return;
      case 'recipe-finished': {
        const recipe = this.#recipe(event.recipe);
        recipe.class = event.class;
        const { failed } = event;
        if (failed) {
          recipe.failed = { job: failed.job.id, outcome: failed.outcome, place: this.#place(failed.place).name };
        }
        return;
      }
      case 'run-finished':
        this.#end = event;
        for (const figures of event.hosts) {
          const place = this.#places.get(nameOf(figures));
          if (place) place.figures = figures;
        }
        return;
      default:
        return;
    }
  };

  #begin(event: Extract<BuildEvent, { type: 'run-started' }>): void {
    this.#start = event;
    for (const host of event.hosts) this.#place(host);
    const runner = this.#place(undefined);
    runner.state = 'ready';
    runner.slots = event.processors;
  }

  #finished(event: Extract<BuildEvent, { type: 'job-finished' }>): void {
    const { job, outcome, again, seconds, traffic } = event;
    const leg = this.#endLeg(job, outcome, again);
    if (leg) Object.assign(leg, { seconds, ...traffic });
    if (!again) this.#job(job).ended = this.#now();
  }

  #endLeg(job: Job, outcome: Outcome | 'turned-away', again: boolean): Leg | undefined {
    const leg = this.#leg(job);
    if (!leg) return undefined;
    Object.assign(leg, { outcome, again, ended: this.#now(), seconds: 0 });
    if (leg.waits === undefined) this.#numbers(leg.place).give(leg.slot, leg.slots);
    return leg;
  }

  /** Where the job runs now. */
  #leg(job: Job): Leg | undefined {
    const leg = this.#job(job).legs.at(-1);
    return leg?.ended === undefined ? leg : undefined;
  }

  #job(job: Job): JobRecord {
    let record = this.#jobs.get(job.id);
    if (!record) {
      const recipe = this.#recipe(job.recipe);
      record = {
        id: job.id,
        recipe,
        command: decode(keptStart(job.command, COMMAND_LIMIT)),
        directory: decode(job.directory),
        queued: this.#now(),
        legs: [],
        ended: undefined,
      };
      this.#jobs.set(job.id, record);
      recipe.jobs.push(record);
    }
    return record;
  }

  #recipe({ id, make, target, directory }: Recipe): RecipeRecord {
    let record = this.#recipes.get(id);
    if (!record) {
      const names = { target: decode(target), directory: decode(directory) };
      record = { id, make, ...names, jobs: [], class: undefined, failed: undefined };
      this.#recipes.set(id, record);
    }
    return record;
  }

  /** Bare localhost is the runner, by another name where it is listed. */
  #place(place: Place): PlaceRecord {
    const name = nameOf(place);
    let record = this.#places.get(name);
    if (!record) {
      record = newPlace(name, place);
      this.#places.set(name, record);
    }
    return record;
  }

  #numbers(place: string): SlotNumbers {
    let numbers = this.#slots.get(place);
    if (!numbers) this.#slots.set(place, (numbers = new SlotNumbers()));
    return numbers;
  }
}

/** What goes for a place here. No host goes by the runner's name, which would make one of two machines. */
function nameOf(place: { readonly name: string } | undefined): string {
  if (!place) return RUNNER;
  return place.name === RUNNER ? `${RUNNER} (host)` : place.name;
}

function legOf(known: Pick<Leg, 'place' | 'reason' | 'slot' | 'slots' | 'placed'>): Leg {
  return {
    ...known,
    started: undefined,
    waits: undefined,
    collecting: undefined,
    ended: undefined,
    seconds: undefined,
    outcome: undefined,
    again: false,
    sent: 0,
    received: 0,
    files: 0,
  };
}
