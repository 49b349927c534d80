import type { BulkLedger, BulkMark, DoneRecord, Taking } from '../../../src/engine/bulk-ledger.ts';
import { BulkGate, type BulkWorld } from '../../../src/engine/bulk-gate.ts';
import type { Arrival } from '../../../src/engine/gates.ts';
import type { BulkItem } from '../../../src/model/bulk.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { deferred, type Deferred } from '../../../src/util/deferred.ts';

export const exited = (status: number): Outcome => ({ kind: 'exited', status });
export const never = new AbortController().signal;

/** Marks and records in memory. */
export class MemoryLedger implements BulkLedger {
  readonly marks = new Map<string, BulkMark>();
  /** Those that are ours, and where they run. */
  readonly own = new Map<string, string>();
  /** Where its lines ran, of those that were told. */
  readonly lines: string[] = [];
  readonly records = new Map<string, DoneRecord>();
  /** Targets that another run has made. */
  readonly made = new Set<string>();
  readonly files = new Map<string, number>();
  time = 1000;
  #order = 0;

  look(target: string): BulkMark | undefined {
    return this.marks.get(target);
  }

  take({ target, place, line }: Taking): boolean {
    if (this.marks.has(target)) return false;
    if (line !== undefined) this.lines.push(`${target} ${line}`);
    this.own.set(target, place);
    return true;
  }

  goesOn(target: string, line: number): void {
    this.lines.push(`${target} ${line}`);
  }

  drop(target: string): void {
    this.own.delete(target);
  }

  fail(target: string, outcome: Outcome): void {
    this.own.delete(target);
    this.marks.set(target, { kind: 'failed', file: `locks/${target}`, owner: 'us', outcome });
  }

  record(target: string, record: Omit<DoneRecord, 'order'>): void {
    this.records.set(target, { ...record, lines: [...record.lines], order: ++this.#order });
  }

  forget(target: string): void {
    this.records.set(target, { lines: [], start: this.time, file: false, peers: [], order: ++this.#order });
  }

  done(target: string): DoneRecord | undefined {
    return this.records.get(target);
  }

  wasMade(target: string): boolean {
    return this.made.has(target);
  }

  exists(path: string): boolean {
    return this.files.has(path);
  }

  isNewer(paths: readonly string[], time: number): boolean {
    return paths.some((path) => (this.files.get(path) ?? 0) > time);
  }

  digest(words: readonly string[]): string {
    return words.join(' ');
  }

  now(): number {
    return this.time++;
  }
}

/** A gate, and a make that rests when it is told. */
export class GateRig {
  readonly ledger = new MemoryLedger();
  readonly told: string[] = [];
  readonly gate: BulkGate;
  limit = 10;
  changes = 0;
  #rest: Deferred<void> = deferred();
  #pause: Deferred<void> = deferred();
  #jobs = 0;

  constructor(items: readonly (Partial<BulkItem> & { readonly target: string })[] = []) {
    const world: BulkWorld = {
      ledger: this.ledger,
      isItem: ({ flags }) => !flags.has('n'),
      atRest: () => this.#rest.promise,
      limit: () => this.limit,
      tell: (text) => void this.told.push(text),
      changed: () => void this.changes++,
      pause: () => this.#pause.promise,
    };
    this.gate = new BulkGate(world);
    const none = { after: [], inputs: [], sources: [], peers: [] };
    const rest = { ...none, weight: 0, recipe: 'r', file: true, removable: true, ignores: false };
    this.gate.plan = new Map(items.map((item) => [item.target, { ...rest, ...item }]));
  }

  line(
    target: string,
    line = 0,
    options: {
      readonly flags?: string;
      readonly make?: number;
      readonly command?: string;
      readonly shim?: number;
    } = {},
  ): Arrival {
    const { flags = '', make = 7, command = `${target}${line}` } = options;
    const id = ++this.#jobs;
    const job = {
      id,
      recipe: { id, make, target, directory: '/w' },
      directory: '/w',
      argv: ['sh', '-c', command],
      command,
      environment: [],
      umask: 0o22,
      prerequisites: undefined,
    };
    return { job, line, flags: new Set(flags), ...(options.shim !== undefined && { shim: options.shim }) };
  }

  /** A line comes and gets a place at once; it runs if that is undefined. */
  async begin(arrival: Arrival): Promise<Outcome | undefined> {
    return (await this.gate.enter(arrival, never)) ?? (await this.gate.start(arrival, undefined, never));
  }

  /** It comes, runs and ends so. */
  async run(arrival: Arrival, outcome: Outcome): Promise<Outcome | undefined> {
    const spared = await this.begin(arrival);
    if (!spared) this.gate.left(arrival, outcome);
    return spared;
  }

  /** Make has nothing more to do by itself. */
  async rest(): Promise<void> {
    const before = this.#rest;
    this.#rest = deferred();
    before.resolve();
    await settled();
  }

  /** Time passes for those that look at the marks of others. */
  async later(): Promise<void> {
    const before = this.#pause;
    this.#pause = deferred();
    before.resolve();
    await settled();
  }
}

/** All that can go on by itself has. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
