import type { Arrival, Gate } from '../../../src/engine/gates.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { deferred, type Deferred } from '../../../src/util/deferred.ts';
import { OK } from './rig.ts';

/** Calls for a gate, and what became of each. */
export class GateRig {
  readonly gate: Gate;
  readonly make: number;
  /** In the order in which they were let through or spared: `a0`, `b1 exited 2`. */
  readonly story: string[] = [];
  readonly #recipes = new Map<string, number>();
  readonly #stops = new Map<string, AbortController>();

  constructor(gate: Gate, make = 77) {
    this.gate = gate;
    this.make = make;
  }

  arrival(target: string, line: number): Arrival {
    let id = this.#recipes.get(target);
    if (id === undefined) this.#recipes.set(target, (id = this.make * 100 + this.#recipes.size));
    const recipe = { id, make: this.make, target, directory: '/d' };
    return { line, flags: new Set(), job: { recipe } as Arrival['job'] };
  }

  /** A call comes. */
  come(target: string, line = 0): void {
    const stop = new AbortController();
    this.#stops.set(`${target}${line}`, stop);
    void this.gate.enter(this.arrival(target, line), stop.signal).then((spared) => {
      const how = spared && (spared.kind === 'exited' ? ` exited ${spared.status}` : ` ${spared.kind}`);
      this.story.push(`${target}${line}${how ?? ''}`);
    });
  }

  /** Its shim is gone. */
  abort(target: string, line = 0): void {
    this.#stops.get(`${target}${line}`)?.abort();
  }

  end(target: string, line = 0, outcome: Outcome = OK): void {
    this.gate.left(this.arrival(target, line), outcome);
  }
}

/** A make that comes to rest when it is told. */
export class TestRest {
  readonly #waiting: Deferred<void>[] = [];
  readonly atRest = (): Promise<void> => {
    const rest = deferred<void>();
    this.#waiting.push(rest);
    return rest.promise;
  };

  get watched(): number {
    return this.#waiting.length;
  }

  rest(): void {
    for (const one of this.#waiting.splice(0)) one.resolve();
  }
}
