import { readlinkSync, realpathSync } from 'node:fs';

import type { MakeCall, ParseCall } from '../engine/ports.ts';
import type { FirstMakefile } from '../make/first-makefile.ts';
import { goalSegments, hasGoalWaits } from '../make/goal-waits.ts';
import { processArguments, processStart } from '../make/process-facts.ts';
import { findMake, type RealMake } from '../make/real-make.ts';
import { fsPath, type Bytes } from '../util/bytes.ts';

/** How a make of the run was called. */
export interface KnownMake {
  /** Without argv[0]. */
  readonly arguments: readonly Bytes[];
  /** By its path, past our wrapper. */
  readonly byPath: boolean;
  /** The program that it is. */
  readonly make: RealMake;
  /** Goals between which `.WAIT` stood. */
  readonly goals: readonly (readonly Bytes[])[] | undefined;
}

interface Entry {
  /** Tells it from a later process with the same pid. */
  readonly start: string | undefined;
  readonly arguments: readonly Bytes[];
  readonly byPath: boolean;
  /** It is the run's own make. */
  readonly own: boolean;
}

/** The makes of a run below the first one, by their pids. */
export class KnownMakes {
  readonly #make: RealMake;
  readonly #first: FirstMakefile | undefined;
  readonly #initial: Entry;
  readonly #entries = new Map<number, Entry>();
  readonly #goals = new Map<number, Pick<Entry, 'start'> & { readonly segments: readonly (readonly Bytes[])[] }>();
  readonly #programs = new Map<Bytes, Promise<RealMake>>();

  /**
   * @param make of the run
   * @param words of the first make, without argv[0]
   * @param first where makes that are called by their path come to us as well
   */
  constructor(make: RealMake, words: readonly Bytes[], first: FirstMakefile | undefined) {
    this.#make = make;
    this.#first = first;
    this.#initial = { start: undefined, arguments: words, byPath: false, own: true };
  }

  /** A wrapper was called: it becomes that make. */
  called({ pid, argv: [name, ...words] }: Pick<MakeCall, 'pid' | 'argv'>): void {
    const own = name === this.#make.name;
    this.#entries.set(pid, { start: processStart(pid), arguments: words, byPath: false, own });
  }

  /** A make parses that did not come through a wrapper. @returns whether it is one that is new, called by its path */
  met(pid: number): boolean {
    if (this.#first === undefined || this.#entryOf(pid)) return false;
    const words = processArguments(pid).slice(1);
    this.#entries.set(pid, { start: processStart(pid), arguments: words, byPath: true, own: false });
    return true;
  }

  /** Whether it is the make that we have started. */
  isInitial(pid: number): boolean {
    return this.#entryOf(pid) === undefined;
  }

  argumentsOf(pid: number): readonly Bytes[] {
    return (this.#entryOf(pid) ?? this.#initial).arguments;
  }

  /** What is known of a make that is just parsing. */
  async parsing({ make: pid }: Pick<ParseCall, 'make'>): Promise<KnownMake> {
    const { byPath, own, arguments: words } = this.#entryOf(pid) ?? this.#initial;
    const goals = this.#goalsOf(pid, words);
    return { arguments: words, byPath, make: own ? this.#make : await this.#programOf(pid), goals };
  }

  /** A make that starts itself again no longer has what was taken out of its arguments. */
  #goalsOf(pid: number, words: readonly Bytes[]): KnownMake['goals'] {
    const segments = goalSegments(words);
    const start = processStart(pid);
    if (hasGoalWaits(words)) this.#goals.set(pid, { start, segments });
    const last = this.#goals.get(pid);
    if (last?.start === start && last?.segments.flat().join(' ') === segments.flat().join(' ')) return last.segments;
    this.#goals.delete(pid);
    return undefined;
  }

  #entryOf(pid: number): Entry | undefined {
    const entry = this.#entries.get(pid);
    if (entry === undefined || entry.start === processStart(pid)) return entry;
    this.#entries.delete(pid);
    return undefined;
  }

  /** What runs in a process; the run's own make where that cannot be told. */
  #programOf(pid: number): Promise<RealMake> {
    try {
      const path = readlinkSync(`/proc/${pid}/exe`, 'buffer').toString('latin1');
      if (path === realpathSync(fsPath(this.#make.path), 'buffer').toString('latin1'))
        return Promise.resolve(this.#make);
      const known = this.#programs.get(path) ?? this.#ask(path);
      this.#programs.set(path, known);
      return known;
    } catch {
      return Promise.resolve(this.#make);
    }
  }

  async #ask(path: Bytes): Promise<RealMake> {
    try {
      const found = await findMake(path, '');
      return found.kind === 'gnu' ? found : this.#make;
    } catch {
      return this.#make;
    }
  }
}
