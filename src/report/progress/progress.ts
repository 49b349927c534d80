import type { BuildEvent } from '../../model/event.ts';
import type { Job } from '../../model/job.ts';
import { decode } from '../../util/bytes.ts';
import { HostsReady, type HostFigures } from './hosts-ready.ts';
import { RecentAverage } from './recent-average.ts';
import { RecipeProgress } from './recipe-progress.ts';
import { estimate } from './time-left.ts';

/** How far a run has come. */
export interface ProgressFigures {
  /** Recipes of which a job has ended and none is open. */
  readonly done: number;
  /** Recipes of the whole run; undefined: not known. */
  readonly total: number | undefined;
  /** There are sub-makes, whose recipes are in the total only once they are asked for. */
  readonly grows: boolean;
  readonly hosts: HostFigures;
  /** That have a slot now. */
  readonly jobs: number;
  /** Undefined: nothing can be said of it, or not yet. */
  readonly secondsLeft: number | undefined;
  /** Make has asked for something. */
  readonly begun: boolean;
}

/** How long the recipe of a target held a slot in earlier runs, in seconds. Directory: of its make, absolute. */
export type EarlierTimes = (directory: string, target: string) => number | undefined;

/** Counts how far a run has come, as its events tell. Each event costs the same, however many recipes there are. */
export class Progress {
  readonly #now: () => number;
  readonly #earlier: EarlierTimes;
  readonly #recipes = new Map<number, RecipeProgress>();
  /** Those that have begun and are not done. */
  readonly #open = new Set<RecipeProgress>();
  readonly #parallel = new RecentAverage();
  readonly #hosts = new HostsReady();
  /** Of the first make, once it has asked for something; and when it has. */
  #first: { readonly make: number; readonly directory: string; readonly time: number } | undefined;
  /** Targets of it, as a dry view has found them, until it is known where it runs. */
  #work: readonly string[] | undefined;
  readonly #begun = new Set<string>();
  /** Targets of it that have not begun, with their earlier times. */
  #waiting: Map<string, number | undefined> | undefined;
  #jobs = 0;
  #done = 0;
  #below = 0;
  readonly #finished = { count: 0, seconds: 0 };

  /** @param now seconds since the start of the run, never less than before */
  constructor(now: () => number, earlier: EarlierTimes = () => undefined) {
    this.#now = now;
    this.#earlier = earlier;
  }

  get figures(): ProgressFigures {
    return {
      done: this.#done,
      total: this.#total,
      grows: this.#below > 0,
      hosts: this.#hosts.figures,
      jobs: this.#jobs,
      secondsLeft: this.#secondsLeft,
      begun: this.#first !== undefined,
    };
  }

  readonly handle = (event: BuildEvent): void => {
    this.#hosts.handle(event);
    switch (event.type) {
      case 'work-known':
        this.#work = event.targets.map(decode);
        this.#reckon();
        return;
      case 'job-queued':
        this.#queued(event.job);
        return;
      case 'job-placed':
        this.#recipes.get(event.job.recipe.id)?.placed(event.job.id, this.#now());
        this.#count(1);
        return;
      case 'job-waits':
        this.#left(event.job);
        this.#recipes.get(event.job.recipe.id)?.waits();
        return;
      case 'job-turned-away':
        this.#left(event.job);
        return;
      case 'job-finished':
        this.#left(event.job);
        if (!event.again) this.#ended(event.job, event.outcome.kind !== 'cancelled');
        return;
      default:
        return;
    }
  };

  get #total(): number | undefined {
    if (!this.#waiting) return undefined;
    const own = this.#waiting.size + this.#recipes.size - this.#below;
    // Mostly sub-makes: what the first make does says little of the whole.
    return this.#below > own ? undefined : own + this.#below;
  }

  get #secondsLeft(): number | undefined {
    // Nobody knows what sub-makes are going to do.
    if (!this.#waiting || !this.#first || this.#below > 0) return undefined;
    const now = this.#now();
    return estimate({
      waiting: this.#waiting.values(),
      running: [...this.#open].map((recipe) => ({ expected: recipe.expected, seconds: recipe.seconds(now) })),
      finished: this.#finished,
      parallel: this.#parallel.at(now),
      elapsed: now - this.#first.time,
    });
  }

  #queued({ id, recipe: { id: number, make, directory, target } }: Job): void {
    const where = decode(directory);
    const name = decode(target);
    this.#first ??= { make, directory: where, time: this.#now() };
    const below = make !== this.#first.make;
    let recipe = this.#recipes.get(number);
    if (!recipe) {
      recipe = new RecipeProgress(below, this.#earlier(where, name));
      this.#recipes.set(number, recipe);
      if (below) this.#below++;
      else this.#begun.add(name);
    }
    if (recipe.done) this.#redone(recipe, -1);
    recipe.queued(id);
    this.#open.add(recipe);
    if (!below) this.#waiting?.delete(name);
    this.#reckon();
  }

  #left(job: Job): void {
    if (this.#recipes.get(job.recipe.id)?.left(job.id, this.#now()) === true) this.#count(-1);
  }

  #ended(job: Job, ran: boolean): void {
    const recipe = this.#recipes.get(job.recipe.id);
    if (!recipe) return;
    recipe.ended(job.id, ran);
    if (!recipe.done) return;
    this.#open.delete(recipe);
    this.#redone(recipe, 1);
  }

  /** It is done, or it was not: there is a further line. */
  #redone(recipe: RecipeProgress, by: 1 | -1): void {
    this.#done += by;
    if (recipe.calls) return;
    this.#finished.count += by;
    this.#finished.seconds += by * recipe.seconds(this.#now());
  }

  #count(by: 1 | -1): void {
    this.#jobs += by;
    this.#parallel.set(this.#jobs, this.#now());
  }

  /** Once both are known: what is to be done, and where. */
  #reckon(): void {
    if (!this.#work || !this.#first) return;
    const { directory } = this.#first;
    const left = this.#work.filter((target) => !this.#begun.has(target));
    this.#waiting = new Map(left.map((target) => [target, this.#earlier(directory, target)]));
    this.#work = undefined;
  }
}
