import type { RecipeClass, Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import { targetPath, type Job, type Recipe } from '../model/job.ts';
import type { MissedReason, PlaceReason } from '../model/place-reason.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';

/** How the last job of a recipe that failed ended. */
export interface Failure {
  readonly job: Job;
  readonly outcome: Outcome;
  readonly place: Place;
}

/** What is known of one recipe while its jobs come and go. */
export class RecipeState {
  readonly recipe: Recipe;
  /** The host on which its first line ran: the others follow. */
  host: Host | undefined;
  /** Why a line had to be run again on the runner: the others stay there. */
  retried: MissedReason | undefined;
  /** Where its last line ran that counts. */
  ranOn: Place;
  /** A host on which lines of it had run was lost: what they left in its /tmp went with it. */
  parted: Host | undefined;
  /** Why it began on the runner: the other lines stay there. */
  here: PlaceReason | undefined;
  failure: Failure | undefined;
  /** Lines that failed and after which make went on: it will say so, or has. */
  ignored = 0;
  /** Ends the wait for make's word on the failure. */
  settled: (() => void) | undefined;
  /** The failure ends its make, unless make ignores it. */
  fatal = false;
  /** Never started: its make had failed by then. */
  dropped = false;
  /** All is known of it. */
  closed = false;
  /** A job of it could not run anywhere. */
  refused = false;
  /** A line of it may run, or has run, on a host. */
  leaves = false;
  /** Shell calls so far. */
  jobs = 0;
  #remote = 0;
  #local = 0;
  #recursive = 0;

  constructor(recipe: Recipe) {
    this.recipe = recipe;
  }

  ran(job: Job, outcome: Outcome, place: Place, recursive: boolean): void {
    this.ranOn = place;
    if (recursive) this.#recursive++;
    else if (place && !place.local) this.#remote++;
    else this.#local++;
    this.failure = succeeded(outcome) ? undefined : { job, outcome, place };
  }

  /** A job of it could not run anywhere. */
  refuse(job: Job, outcome: Outcome, place: Place): void {
    this.refused = true;
    this.failure = { job, outcome, place };
  }

  /** Each recipe counts once: remote when every line of it ran on hosts, retried when one was run again here. */
  get class(): RecipeClass | undefined {
    if (this.retried !== undefined) return 'retried';
    if (this.#local > 0) return 'local';
    if (this.#remote > 0) return this.#recursive > 0 ? 'local' : 'remote';
    if (this.#recursive > 0) return 'recursive';
    return this.refused ? 'local' : undefined;
  }
}

/** All recipes of a run. Make tells of jobs only: those of one target in one make process are its recipe. */
export class RecipeBook {
  readonly #states = new Map<string, RecipeState>();
  readonly #byTarget = new Map<Bytes, RecipeState[]>();
  readonly #byId = new Map<number, RecipeState>();
  #next = 1;

  /** The recipe to which a job of that target belongs. */
  of(make: number, target: Bytes, directory: Bytes): RecipeState {
    const key = `${make} ${target}`;
    let state = this.#states.get(key);
    if (!state) {
      state = new RecipeState({ id: this.#next++, make, target, directory });
      this.#states.set(key, state);
      this.#byId.set(state.recipe.id, state);
      const path = targetPath(state.recipe);
      this.#byTarget.set(path, [...this.makersOf(path), state]);
    }
    return state;
  }

  /** One of a make that runs, or has run and was not replaced by another of its process id. */
  byId(id: number): RecipeState | undefined {
    return this.#byId.get(id);
  }

  /** The recipes so far, of any make, whose target is that file. */
  makersOf(path: Bytes): readonly RecipeState[] {
    return this.#byTarget.get(path) ?? [];
  }

  /** A process id that is used again is another make. */
  forgetMake(make: number): RecipeState[] {
    const gone: RecipeState[] = [];
    for (const [key, state] of this.#states) {
      if (state.recipe.make !== make) continue;
      this.#states.delete(key);
      this.#byId.delete(state.recipe.id);
      gone.push(state);
    }
    return gone;
  }

  all(): Iterable<RecipeState> {
    return this.#states.values();
  }
}
