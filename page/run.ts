import {
  LEG_ENDS,
  PAGE_CLASSES,
  type LegEnd,
  type PageClass,
  type PageData,
  type PagePlace,
} from '../src/report/page/page-data.ts';

/** What a leg is coloured and filtered by. */
export const STATES = ['remote', 'missed', 'here', 'make', 'failed', 'again', 'stopped'] as const;

export type State = (typeof STATES)[number];

export const STATE_WORDS: Readonly<Record<State, string>> = {
  remote: 'on a host',
  missed: 'on the runner, might have left',
  here: 'on the runner',
  make: 'calls make: runs, then waits for it',
  failed: 'failed',
  again: 'run again',
  stopped: 'cancelled or not ended',
};

export const STEP_WORDS = ['make', 'waiting for a slot', 'staging', 'running', 'collecting'] as const;

/** One time a job ran in one place. Times are seconds since the start of the run. */
export interface Leg {
  readonly job: Job;
  readonly place: Place;
  readonly reason: string;
  readonly slot: number;
  readonly slots: number;
  readonly placed: number;
  readonly started: number | undefined;
  readonly waits: number | undefined;
  readonly collecting: number | undefined;
  readonly ended: number | undefined;
  readonly end: LegEnd;
  readonly outcome: string;
  readonly state: State;
  readonly sent: number;
  readonly received: number;
  readonly files: number;
}

export interface Job {
  readonly index: number;
  readonly recipe: Recipe;
  readonly command: string;
  readonly directory: string;
  readonly queued: number;
  readonly legs: Leg[];
  /** File with all of its output, relative to the page. */
  readonly output: string | undefined;
  onPath: boolean;
}

export interface Recipe {
  readonly target: string;
  readonly directory: string;
  readonly class: PageClass;
  readonly jobs: Job[];
}

/** A time for which a host was away, in seconds since the start of the run. */
export interface Loss {
  readonly from: number;
  /** The end of the run where it did not come back. */
  readonly to: number;
  readonly isBack: boolean;
  readonly reason: string;
  readonly wasReady: boolean;
  readonly leftOut: string;
}

export interface Place extends Omit<PagePlace, 'losses'> {
  readonly index: number;
  readonly losses: readonly Loss[];
  readonly legs: Leg[];
}

export interface Step {
  readonly job: Job | undefined;
  /** Index of {@link STEP_WORDS}. */
  readonly kind: number;
  readonly from: number;
  readonly to: number;
}

/** How long a job took, added up over its legs, in seconds. */
export interface Times {
  wait: number;
  staging: number;
  running: number;
  collecting: number;
}

/** The run that a page shows. */
export class Run {
  readonly data: PageData;
  readonly seconds: number;
  readonly jobs: readonly Job[];
  readonly recipes: readonly Recipe[];
  readonly places: readonly Place[];
  readonly steps: readonly Step[];
  /** Why each leg ran where it ran: the words, how often, and whether it might have left. */
  readonly reasons: ReadonlyMap<string, { readonly count: number; readonly missed: boolean }>;

  constructor(data: PageData) {
    this.data = data;
    const { strings } = data;
    const text = (index: number | undefined): string => strings[index ?? -1] ?? '';
    this.seconds = data.duration / 1000;
    this.places = data.places.map((place, index) => ({
      ...place,
      index,
      legs: [],
      losses: place.losses.map(({ from, to, ...loss }) => ({
        ...loss,
        from: from / 1000,
        to: to === null ? this.seconds : to / 1000,
        isBack: to !== null,
      })),
    }));
    this.recipes = data.recipes.target.map((target, index) => ({
      target: text(target),
      directory: text(data.recipes.directory[index]),
      class: PAGE_CLASSES[data.recipes.class[index] ?? 0] ?? 'open',
      jobs: [],
    }));
    let queued = 0;
    this.jobs = data.jobs.recipe.flatMap((number, index) => {
      const recipe = this.recipes[number];
      if (!recipe) return [];
      queued += data.jobs.queued[index] ?? 0;
      const job: Job = {
        ...{ index, recipe, queued: queued / 1000, legs: [], onPath: false },
        command: text(data.jobs.command[index]),
        directory: text(data.jobs.directory[index]),
        output: data.outputs[String(index)],
      };
      recipe.jobs.push(job);
      return [job];
    });
    this.reasons = this.#readLegs(text);
    this.steps = this.#readSteps();
  }

  #readLegs(text: (index: number | undefined) => string): Run['reasons'] {
    const { legs, reasons } = this.data;
    const counts = new Map<string, { count: number; missed: boolean }>();
    for (const [index, number] of legs.job.entries()) {
      const job = this.jobs[number];
      const place = this.places[legs.place[index] ?? 0];
      const reason = reasons[legs.reason[index] ?? 0];
      if (!job || !place || !reason) continue;
      const placed = Math.round(job.queued * 1000) + (legs.placed[index] ?? 0);
      const since = (column: readonly number[]): number | undefined => {
        const time = column[index] ?? -1;
        return time < 0 ? undefined : (placed + time) / 1000;
      };
      const end = LEG_ENDS[legs.end[index] ?? 0] ?? 'open';
      const waits = since(legs.waits);
      const leg: Leg = {
        ...{ job, place, reason: reason.words, end, waits },
        slot: legs.slot[index] ?? 1,
        slots: legs.slots[index] ?? 1,
        placed: placed / 1000,
        started: since(legs.started),
        collecting: since(legs.collecting),
        ended: since(legs.ended),
        outcome: text(legs.outcome[index]),
        state: stateOf(end, place.local, reason.missed, waits !== undefined),
        sent: legs.sent[index] ?? 0,
        received: legs.received[index] ?? 0,
        files: legs.files[index] ?? 0,
      };
      job.legs.push(leg);
      place.legs.push(leg);
      const counted = counts.get(reason.words);
      if (counted) counted.count++;
      else counts.set(reason.words, { count: 1, missed: reason.missed });
    }
    return counts;
  }

  #readSteps(): Step[] {
    const { path } = this.data;
    let to = 0;
    return path.job.map((number, index) => {
      const job = this.jobs[number];
      if (job) job.onPath = true;
      const from = to;
      to += (path.duration[index] ?? 0) / 1000;
      return { job, kind: path.kind[index] ?? 0, from, to };
    });
  }
}

/** How long a host was away in all after it had been ready, in seconds. */
export function awaySeconds({ losses }: Place): number {
  return losses.reduce((sum, { from, to, wasReady }) => sum + (wasReady ? Math.max(0, to - from) : 0), 0);
}

/** When a leg was over, or the run was. */
export function endOf(leg: Leg, run: Run): number {
  return leg.ended ?? run.seconds;
}

export function timesOf(job: Job, run: Run): Times {
  const times: Times = { wait: 0, staging: 0, running: 0, collecting: 0 };
  let before = job.queued;
  for (const leg of job.legs) {
    const end = endOf(leg, run);
    const started = leg.started ?? leg.collecting ?? end;
    const collecting = leg.collecting ?? end;
    times.wait += Math.max(0, leg.placed - before);
    times.staging += Math.max(0, started - leg.placed);
    times.running += Math.max(0, collecting - started);
    times.collecting += Math.max(0, end - collecting);
    before = end;
  }
  if (job.legs.length === 0) times.wait = Math.max(0, run.seconds - before);
  return times;
}

/** What is shown of a job that ran more than once: the last, which counts. */
export function stateOfJob(job: Job): State {
  return job.legs.at(-1)?.state ?? 'stopped';
}

function stateOf(end: LegEnd, local: boolean, missed: boolean, waits: boolean): State {
  if (end === 'failed') return 'failed';
  if (end === 'again') return 'again';
  if (end === 'cancelled' || end === 'open') return 'stopped';
  if (waits) return 'make';
  if (!local) return 'remote';
  return missed ? 'missed' : 'here';
}
