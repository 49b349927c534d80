import type { Host } from '../model/host.ts';
import { deferred } from '../util/deferred.ts';
import { SYSTEM_CLOCK, type Clock } from './clock.ts';
import { firstDifference, type Model, type Tool, type ToolAnswer } from './toolchain.ts';

/**
 * Hosts among themselves: the first in the matrix of those that are there is the model for the others; for a tool that
 * it lacks, the next that has it.
 */
export class ToolModel {
  readonly #tools: readonly Tool[];
  readonly #grace: number;
  /** In matrix order; lost ones are taken out. */
  readonly #hosts: Set<Host>;
  readonly #models: (Model | undefined)[] = [];
  /** Hosts that are there before the model is known. */
  readonly #waiting = new Map<Host, () => void>();
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  #known = false;

  /**
   * @param hosts in matrix order
   * @param grace how long the first to be there waits for those before it, in ms
   */
  constructor(tools: readonly Tool[], hosts: readonly Host[], grace: number, clock = SYSTEM_CLOCK) {
    this.#tools = tools;
    this.#hosts = new Set(hosts);
    this.#grace = grace;
    this.#clock = clock;
  }

  /** @returns how the host differs, for people; undefined: it does not */
  compare(host: Host, there: readonly ToolAnswer[]): Promise<string | undefined> {
    const found = deferred<string | undefined>();
    // One that was gone may be back.
    this.#hosts.add(host);
    this.#waiting.set(host, () =>
      found.resolve(
        firstDifference(this.#tools, there, (at, answer) => (this.#models[at] ??= { answer, name: host.name })),
      ),
    );
    this.#cancel ??= this.#clock.after(this.#grace, () => this.#begin());
    this.#look();
    return found.promise;
  }

  /** It will not be there any more. */
  gone(host: Host): void {
    this.#hosts.delete(host);
    this.#waiting.delete(host);
    this.#look();
  }

  /** Nobody that comes before the first of those that wait is still on the way. */
  #look(): void {
    const [first] = this.#hosts;
    if (this.#known || (first && this.#waiting.has(first))) this.#begin();
  }

  #begin(): void {
    this.#cancel?.();
    this.#known = true;
    for (const host of this.#hosts) this.#waiting.get(host)?.();
    this.#waiting.clear();
  }
}
