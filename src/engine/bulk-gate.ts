import type { BulkPlan } from '../model/bulk.ts';
import type { Place } from '../model/event.ts';
import { targetPath, type Recipe } from '../model/job.ts';
import { describeOutcome, succeeded, type Outcome } from '../model/outcome.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { digestOf, finishedBefore } from './bulk-done.ts';
import type { BulkLedger, BulkMark } from './bulk-ledger.ts';
import { BulkQueue } from './bulk-queue.ts';
import { fateOf, newState, RUNNER, type Fate, type ItemState } from './bulk-state.ts';
import type { Arrival, Gate } from './gates.ts';

export interface BulkWorld {
  readonly ledger: BulkLedger;
  /** Whether a job is a line of an item: of a recipe of the first make, which really runs. */
  readonly isItem: (arrival: Pick<Arrival, 'job' | 'flags'>) => boolean;
  /** See MakeRest. */
  readonly atRest: (make: number) => Promise<void>;
  /** Items that may have begun at one time. */
  readonly limit: () => number;
  /** A warning for people. */
  readonly tell: (text: string) => void;
  /** Another run has changed the workspace. */
  readonly changed: () => void;
  readonly pause: (ms: number) => Promise<void>;
}

/** How often the mark of another run is looked at. */
const MARK_MS = 300;

/** A mark may go between two looks at it; more often than that something else is wrong. */
const MOST_REFUSALS = 10;

const DONE: Outcome = { kind: 'exited', status: 0 };
const FAILED: Outcome = { kind: 'exited', status: 2 };

/**
 * The gate of a bulk build: marks the items that are being made, leaves alone those that another run makes, that failed
 * and whose mark stands (E22), and those that an earlier run has finished (P9).
 *
 * Make does not tell where a recipe ends. It starts the next line as soon as it has taken note of the end of the one
 * before: a recipe is over when its make has nothing left but to wait for others, or when something starts that needs it.
 */
export class BulkGate implements Gate {
  /** Set once make has read its makefiles; before that nothing is known of items but their names. */
  plan: BulkPlan = new Map();
  readonly #world: BulkWorld;
  readonly #states = new Map<string, ItemState>();
  readonly #fates = new Map<Bytes, Fate>();
  readonly #ending = new Set<ItemState>();
  /** Makes of which it is awaited that they rest. */
  readonly #watched = new Set<number>();
  readonly #queue: BulkQueue;
  readonly #told = new Set<Bytes>();
  /** Failures after which a make starts nothing more. */
  #failures = 0;
  #begun = 0;
  #redo = false;
  #stopping = false;

  constructor(world: BulkWorld) {
    this.#world = world;
    this.#queue = new BulkQueue(() => world.limit() - this.#begun);
  }

  get fates(): ReadonlyMap<Bytes, Fate> {
    return this.#fates;
  }

  /** The rank of a recipe among those that wait (P7). What belongs to an item that has begun comes first. */
  weightOf({ make, target }: Recipe): number {
    return this.#states.has(`${make} ${target}`) ? (this.plan.get(target)?.weight ?? 0) : Infinity;
  }

  async enter(arrival: Arrival, signal: AbortSignal): Promise<Outcome | undefined> {
    return this.#world.isItem(arrival) ? this.#admit(this.#stateOf(arrival), arrival, signal) : undefined;
  }

  /**
   * There is a place for a job. Its item is marked before it runs.
   *
   * @returns undefined: it may run. Else it gives the place back, waits for this, and ends with the outcome without
   *   having run, or asks for a place again
   */
  start(arrival: Arrival, place: Place, signal: AbortSignal): Promise<Outcome | undefined> | undefined {
    if (!this.#world.isItem(arrival)) return undefined;
    const { ledger } = this.#world;
    const state = this.#stateOf(arrival);
    const { target, path, make, open } = state;
    const item = this.plan.get(target);
    if (!open && this.#begun >= this.#world.limit()) return this.#queue.wait(item?.weight ?? 0, signal);
    state.place = place?.name ?? RUNNER;
    const { shim: line } = arrival;
    if (open) {
      if (line !== undefined) ledger.goesOn(target, line);
      return undefined;
    }
    if (arrival.line === 0) state.start = ledger.now();
    const { start } = state;
    if (!ledger.take({ target, path, make, line, removable: item?.removable ?? false, place: state.place, start }))
      return this.#refused(state, arrival, signal);
    // It may have waited for its place for long.
    if (arrival.line === 0 && this.#isDone(state, arrival)) {
      ledger.drop(target);
      return Promise.resolve(this.#spareAs(state, 'other'));
    }
    state.open = true;
    this.#begun++;
    return undefined;
  }

  left(arrival: Arrival, outcome: Outcome): void {
    if (!this.#world.isItem(arrival)) return;
    const state = this.#stateOf(arrival);
    if (state.open) this.#lineEnded(state, arrival, outcome);
    // It never began, or another gate has spared it.
    else if (!state.spared && outcome.kind !== 'cancelled')
      this.#fates.set(state.target, fateOf(outcome, state.place, false));
    this.#queue.wake();
  }

  /** The run is being stopped: what fails from here on was cut short. */
  stop(): void {
    this.#stopping = true;
  }

  /** A make has ended so: nothing more comes of its recipes. Where it ended by itself it has seen to their targets. */
  passEnded(outcome: Outcome): void {
    for (const state of this.#ending) this.#settle(state, succeeded(outcome));
    for (const { open, target } of this.#states.values())
      if (open && outcome.kind === 'exited') this.#world.ledger.drop(target);
    this.#states.clear();
    this.#begun = 0;
  }

  /** Whether there is reason to start make once more: the mark of an item that failed has been removed. */
  again(): boolean {
    let again = this.#redo;
    this.#redo = false;
    for (const [target, fate] of this.#fates) {
      if (fate.kind !== 'failed' || !fate.marked || this.#world.ledger.look(target) !== undefined) continue;
      this.#fates.delete(target);
      this.#told.delete(target);
      again = true;
    }
    return again;
  }

  #lineEnded(state: ItemState, arrival: Arrival, outcome: Outcome): void {
    this.#begun--;
    // Its mark stays until it is known why.
    if (outcome.kind === 'cancelled') return;
    state.lines[arrival.line] = this.#digest(arrival);
    state.ending = outcome;
    state.ignoring = arrival.flags.has('i');
    this.#ending.add(state);
    // Those that wait for other runs must see that their make is over.
    if (!succeeded(outcome) && !state.ignoring && !arrival.flags.has('k')) this.#failures++;
    void this.#watch(state.make);
  }

  async #admit(state: ItemState, arrival: Arrival, signal: AbortSignal): Promise<Outcome | undefined> {
    if (state.spared) return this.#spareLine(state, arrival);
    if (arrival.line > 0) {
      this.#goesOn(state);
      return undefined;
    }
    const before = new Set(this.plan.get(state.target)?.after);
    // Make would not come to this one if their failures counted.
    for (const one of this.#ending) if (one.make === state.make && before.has(one.target)) this.#settle(one, true);
    return this.#ready(state, arrival, signal);
  }

  /** The recipe is not over. */
  #goesOn(state: ItemState): void {
    if (state.open && state.ending) this.#begun++;
    state.ending = undefined;
    this.#ending.delete(state);
    // It was taken for finished.
    if (!state.open && this.#fates.delete(state.target)) this.#world.ledger.forget(state.target);
  }

  /** Somebody else's mark was there. */
  async #refused(state: ItemState, arrival: Arrival, signal: AbortSignal): Promise<Outcome | undefined> {
    const { ledger, pause } = this.#world;
    const { target } = state;
    if (ledger.look(target) === undefined) {
      if (++state.refusals > MOST_REFUSALS) {
        this.#tell(target, `${decode(target)} can neither be marked, nor is there a mark of it that can be read`);
        return this.#failAs(state, FAILED, 'it cannot be marked', RUNNER, false);
      }
      await pause(MARK_MS);
    }
    return this.#ready(state, arrival, signal);
  }

  /** Waits while another run makes the item. */
  async #ready(state: ItemState, arrival: Arrival, signal: AbortSignal): Promise<Outcome | undefined> {
    const { ledger, pause, changed } = this.#world;
    const { target } = state;
    const failures = this.#failures;
    let other: Extract<BulkMark, { kind: 'taken' }> | undefined;
    for (;;) {
      const mark = ledger.look(target);
      if (mark?.kind === 'unreadable') {
        this.#tell(target, `the mark ${mark.file} cannot be read; remove it if no run is making ${decode(target)}`);
        return this.#failAs(state, FAILED, 'its mark cannot be read', 'another run');
      }
      if (mark?.kind === 'failed') {
        if (other)
          return this.#failAs(state, mark.outcome, describeOutcome(mark.outcome), `another run, ${mark.owner}`);
        this.#tell(
          target,
          `${decode(target)} failed in an earlier run (mark ${mark.file}); remove the mark to try again`,
        );
        return this.#failAs(state, FAILED, describeOutcome(mark.outcome), 'an earlier run');
      }
      if (!mark) {
        if (other) changed();
        if (other && ledger.wasMade(target, other)) return this.#spareAs(state, 'other');
        return this.#isDone(state, arrival) ? this.#spareAs(state, 'earlier') : undefined;
      }
      other = mark;
      this.#tell(target, `${decode(target)} is being made by ${mark.owner} (mark ${mark.file}); waiting for it`);
      await pause(MARK_MS);
      if (signal.aborted || failures !== this.#failures) return undefined;
    }
  }

  #isDone(state: ItemState, arrival: Arrival): boolean {
    const item = this.plan.get(state.target);
    state.record = item && finishedBefore(arrival, item, state.path, this.#world.ledger);
    return state.record !== undefined;
  }

  #spareLine(state: ItemState, arrival: Arrival): Outcome | undefined {
    const { record } = state;
    if (!record || record.lines[arrival.line] === this.#digest(arrival)) return state.spared;
    const name = decode(state.target);
    this.#world.tell(
      `${name} was finished earlier, but its recipe has changed behind the first line: it is made once more`,
    );
    this.#world.ledger.forget(state.target);
    this.#redo = true;
    return this.#failAs(state, FAILED, 'its recipe has changed', RUNNER, false);
  }

  #spareAs(state: ItemState, by: 'earlier' | 'other'): Outcome {
    // In a further pass what this run has built is done as well.
    if (this.#fates.get(state.target)?.kind !== 'built') this.#fates.set(state.target, { kind: 'spared', by });
    state.spared = DONE;
    return DONE;
  }

  #failAs(state: ItemState, outcome: Outcome, how: string, where: string, marked = true): Outcome {
    this.#fates.set(state.target, { kind: 'failed', how, where, marked });
    state.spared = outcome;
    state.record = undefined;
    return outcome;
  }

  /** Waits for the ends of recipes. */
  async #watch(make: number): Promise<void> {
    if (this.#watched.has(make)) return;
    this.#watched.add(make);
    for (;;) {
      // Those that end later may have a line to come when make rests.
      const ended = [...this.#ending]
        .filter((state) => state.make === make)
        .map((state) => [state, state.ending] as const);
      if (ended.length === 0) break;
      await this.#world.atRest(make);
      for (const [state, ending] of ended) if (state.ending === ending) this.#settle(state, false);
    }
    this.#watched.delete(make);
  }

  /** @param counts make goes on with what needs it: had its last line failed, make has ignored that */
  #settle(state: ItemState, counts: boolean): void {
    const { ledger } = this.#world;
    const { target, ending } = state;
    this.#ending.delete(state);
    if (!ending) return;
    state.ending = undefined;
    const ignored = counts || state.ignoring || this.plan.get(target)?.ignores === true;
    // The mark tells the next run what may be half-made.
    if (this.#stopping && !ignored && !succeeded(ending)) return;
    state.open = false;
    if (ignored || succeeded(ending)) {
      const { lines, start, recipe } = state;
      const peers = this.plan.get(target)?.peers ?? [];
      ledger.record(target, {
        lines,
        start,
        file: ledger.exists(state.path),
        peers: peers.filter((peer) => ledger.exists(targetPath({ ...recipe, target: peer }))),
      });
      ledger.drop(target);
    } else {
      ledger.fail(target, ending);
    }
    this.#fates.set(target, fateOf(ignored ? DONE : ending, state.place, ledger.look(target) !== undefined));
  }

  #digest(arrival: Arrival): string {
    return digestOf(arrival, this.plan.get(arrival.job.recipe.target), this.#world.ledger);
  }

  #stateOf({ job: { recipe } }: Arrival): ItemState {
    const { make, target } = recipe;
    const key = `${make} ${target}`;
    let state = this.#states.get(key);
    if (!state) {
      state = newState(recipe);
      this.#states.set(key, state);
    }
    return state;
  }

  #tell(target: Bytes, text: string): void {
    if (this.#told.has(target)) return;
    this.#told.add(target);
    this.#world.tell(text);
  }
}
