import { describeOutcome, type Outcome } from '../../../../src/model/outcome.ts';
import type { BuildEvent, Place } from '../../../../src/model/event.ts';
import type { Line } from './makefile.ts';

/** Something that happened, at a moment of virtual time. */
interface At {
  readonly at: number;
}

export interface Told extends At {
  readonly event: BuildEvent;
}

/** A line has begun to run somewhere. */
export interface Begin extends At {
  readonly command: string;
  /** A host; undefined: the runner. */
  readonly host: string | undefined;
}

/** What a line wrote is in the workspace. */
export interface Effect extends At {
  readonly command: string;
}

/** What make was told of a line. */
export interface Answer extends At {
  readonly make: number;
  readonly line: Line;
  readonly outcome: Outcome;
  /** Its shim was killed: this is what make saw, whatever we had to say. */
  readonly killed: boolean;
}

/** A connection has ended that we had not ended. */
export interface Break extends At {
  readonly host: string;
}

/** What becomes of a host. `trial`: it is begun with, or a part of that. */
export interface Turn extends At {
  readonly host: string;
  readonly what: 'ready' | 'benched' | 'lost' | 'trial' | 'trial failed';
}

/** Everything that happened in one run, in order. */
export class Story {
  readonly #now: () => number;
  readonly told: Told[] = [];
  readonly begins: Begin[] = [];
  readonly effects: Effect[] = [];
  readonly answers: Answer[] = [];
  readonly broken: Break[] = [];
  readonly turns: Turn[] = [];
  /** What must never be, seen while it happened. */
  readonly wrongs: string[] = [];
  /** When the run was told to end. */
  stopped: number | undefined;
  readonly #notes: (At & { readonly text: string; readonly order: number })[] = [];
  #order = 0;
  readonly #orders: number[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  tell(event: BuildEvent): void {
    this.told.push({ at: this.#now(), event });
    this.#orders.push(this.#order++);
    if (event.type === 'host-ready') this.turn(event.host.name, 'ready');
    if (event.type === 'host-lost') this.turn(event.host.name, event.benched ? 'benched' : 'lost');
  }

  turn(host: string, what: Turn['what']): void {
    this.turns.push({ at: this.#now(), host, what });
  }

  note(text: string): void {
    this.#notes.push({ at: this.#now(), text, order: this.#order++ });
  }

  begin(command: string, host: string | undefined): void {
    this.begins.push({ at: this.#now(), command, host });
  }

  effect(command: string): void {
    this.effects.push({ at: this.#now(), command });
    this.note(`what "${command}" writes is in the workspace`);
  }

  stop(): void {
    this.stopped = this.#now();
  }

  breaks(host: string): void {
    this.broken.push({ at: this.#now(), host });
  }

  answer(answer: Omit<Answer, 'at'>): void {
    this.answers.push({ at: this.#now(), ...answer });
    const { line, outcome, killed } = answer;
    this.note(`make hears of "${line.command}": ${describeOutcome(outcome)}${killed ? ', its shim was killed' : ''}`);
  }

  wrong(text: string): void {
    this.wrongs.push(`${Math.round(this.#now())} ms: ${text}`);
    this.note(`WRONG: ${text}`);
  }

  /** For people: a line for each moment. */
  toString(): string {
    const events = this.told.map(({ at, event }, n) => ({ at, text: textOf(event), order: this.#orders[n] ?? 0 }));
    return [...events, ...this.#notes]
      .sort((one, other) => one.order - other.order)
      .map(({ at, text }) => `${String(Math.round(at)).padStart(8)} ms  ${text}`)
      .join('\n');
  }
}

function textOf(event: BuildEvent): string {
  const words: string[] = [event.type];
  if ('job' in event) words.push(`job ${event.job.id} "${event.job.command}" of ${event.job.recipe.target}`);
  if ('host' in event) words.push(event.host.name);
  if ('place' in event) words.push(`on ${nameOf(event.place)}`);
  if ('outcome' in event) words.push(describeOutcome(event.outcome));
  if (event.type === 'job-finished' && event.again) words.push('and again');
  if (event.type === 'host-lost') words.push(event.benched ? 'benched:' : 'for good:', event.reason);
  if (event.type === 'host-ready') words.push(`${event.slots} slots`, event.returned ? 'returned' : '');
  if (event.type === 'job-placed') words.push(event.reason);
  if (event.type === 'message') words.push(event.text);
  if (event.type === 'recipe-finished') words.push(event.recipe.target, event.failed ? 'failed' : '');
  return words.join(' ');
}

function nameOf(place: Place): string {
  return place?.name ?? 'the runner';
}
