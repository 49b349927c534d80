import type { Outcome } from '../model/outcome.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import type { Arrival, Gate } from './gates.ts';

/** A recipe that has begun and of which it is not known that it is over. */
interface Open {
  readonly alone: boolean;
  /** Lines of it that run now: more than one when make goes on after one whose shim was killed. */
  running: number;
}

/** A recipe that waits for its first line. */
interface Waiting {
  readonly recipe: number;
  readonly alone: boolean;
  readonly admitted: Deferred<undefined>;
}

/** The recipes of one make. */
interface Floor {
  /** By the ids of the recipes. */
  readonly open: Map<number, Open>;
  readonly waiting: Waiting[];
  /** Make is being watched. */
  watched: boolean;
}

export interface ExclusiveGateOptions {
  /** Whether a recipe must run alone, by its first line; undefined: it is not this gate's business. */
  readonly alone: (arrival: Arrival) => boolean | undefined;
  /** See MakeRest. */
  readonly atRest: (make: number) => Promise<void>;
}

/**
 * Recipes that must not run concurrently (D16, D17): one starts only when no other recipe of its make is between its first
 * and its last line, and until it is over no other starts. They start in the order in which make asks for them, so that
 * what comes behind one waits too. What their own makes run is those makes' business.
 */
export class ExclusiveGate implements Gate {
  readonly #options: ExclusiveGateOptions;
  readonly #floors = new Map<number, Floor>();

  constructor(options: ExclusiveGateOptions) {
    this.#options = options;
  }

  /** Another make has that process id: what was known of it is forgotten. */
  forget(make: number): void {
    this.#floors.delete(make);
  }

  async enter(arrival: Arrival, signal: AbortSignal): Promise<undefined> {
    const { make, id } = arrival.job.recipe;
    let floor = this.#floors.get(make);
    const known = floor?.open.get(id);
    if (known) {
      known.running++;
      return undefined;
    }
    const alone = this.#options.alone(arrival);
    if (alone === undefined) return undefined;
    if (!floor) this.#floors.set(make, (floor = { open: new Map(), waiting: [], watched: false }));
    const waiting: Waiting = { recipe: id, alone, admitted: deferred() };
    floor.waiting.push(waiting);
    const { waiting: queue } = floor;
    const leave = (): void => {
      const at = queue.indexOf(waiting);
      if (at < 0) return;
      queue.splice(at, 1);
      waiting.admitted.resolve(undefined);
      this.#admit(make);
    };
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    this.#admit(make);
    await waiting.admitted.promise;
    signal.removeEventListener('abort', leave);
    return undefined;
  }

  left({ job }: Arrival, _outcome: Outcome): void {
    const { make, id } = job.recipe;
    const known = this.#floors.get(make)?.open.get(id);
    if (!known) return;
    known.running--;
    this.#admit(make);
  }

  #admit(make: number): void {
    const floor = this.#floors.get(make);
    if (!floor) return;
    for (;;) {
      const [next] = floor.waiting;
      if (!next) return;
      const others = [...floor.open].filter(([, other]) => next.alone || other.alone);
      if (others.length > 0) {
        if (!others.some(([, { running }]) => running > 0)) this.#watch(make, floor);
        return;
      }
      floor.waiting.shift();
      floor.open.set(next.recipe, { alone: next.alone, running: 1 });
      next.admitted.resolve(undefined);
    }
  }

  /** No line of those that are in the way runs now: they are over as soon as make is at rest without another. */
  #watch(make: number, floor: Floor): void {
    if (floor.watched) return;
    floor.watched = true;
    void this.#options.atRest(make).then(() => {
      floor.watched = false;
      if (this.#floors.get(make) !== floor) return;
      for (const [id, { running }] of floor.open) if (running === 0) floor.open.delete(id);
      this.#admit(make);
    });
  }
}
