import { callsMake } from '../engine/make-flags.ts';
import type { BuildEvent, Place } from '../model/event.ts';
import type { Job } from '../model/job.ts';
import { encode, type Bytes } from '../util/bytes.ts';
import { cleanTitle } from './clean-text.ts';
import { DmakePart } from './dmake-part.ts';
import { plainLog } from './plain.ts';

/** `TXT1`: what starts is told, and all blocks have headers. `TXT2`: one block for each job when it ends, without any. */
export type DmakeOutputMode = 'TXT1' | 'TXT2';

export interface DmakeLogOptions {
  readonly mode: DmakeOutputMode;
  /** The runner's own host name: what headers call it. */
  readonly runner: string;
  /** Takes bytes for standard output. */
  readonly write: (text: Bytes) => void;
  /** Takes a line of the command's own with its newline, for standard error. */
  readonly say: (text: string) => void;
}

type Event<Type extends BuildEvent['type']> = Extract<BuildEvent, { type: Type }>;

/**
 * dmake's text (D19). What a job printed comes out whole, when it ends, never mixed with another's, and unchanged; make's
 * own words come out as they are. TXT1 adds, for a job on HOST:
 *
 *     HOST --> 2 jobs          it starts; so many run there, with it
 *     cc -c a.c                its commands, where they are not silenced (`@`)
 *     HOST --> Job output      it has ended, and there is more to show than its commands
 *     cc -c a.c
 *     a.c:1: warning: ...
 *
 * Where this is not dmake's to the letter:
 *
 * - Whether a command is silenced may be known only when make hands out the recipe's text, at its end. Then commands stand
 *   below the header of the start if nothing else has been printed since; otherwise that header stands alone, and the
 *   commands come below `Job output`, even if there is no output: bare, they would pass for those of another job.
 * - A job is a recipe, as in dmake. What stands before and behind a line that calls make is a job of its own.
 * - A line that calls make on the runner has no header of its start and does not count: it waits for other jobs. Its
 *   command comes out bare, as in dmake, where such a target runs alone; below the start of another job it gets a header.
 * - What a job prints on standard error stays within its output, as in dmake when both streams go to one place: make's
 *   output is taken apart in one pipe. So there is no `Job errors`.
 * - A job that is run again elsewhere has a second header of its start.
 *
 * With make -s no headers are printed, in dmake as here. HTML1 has no form of its own in dmake: it is TXT1.
 */
export class DmakeLog {
  readonly #options: DmakeLogOptions;
  readonly #words: ReturnType<typeof plainLog>;
  readonly #parts = new Map<number, DmakePart>();
  /** Where jobs run, by their ids; without those that only wait for a make. */
  readonly #running = new Map<number, Bytes>();
  /** Whose text is gathering. */
  #open: DmakePart | undefined;
  /** Whose header of the start, with its commands, was printed last. */
  #below: DmakePart | undefined;
  #atLineStart = true;

  constructor(options: DmakeLogOptions) {
    this.#options = options;
    this.#words = plainLog(options.say);
  }

  readonly handle = (event: BuildEvent): void => {
    this.#words.handle(event);
    switch (event.type) {
      case 'job-started':
        this.#started(event);
        return;
      case 'job-finished':
        this.#finished(event);
        return;
      case 'job-text':
        this.#printed(event);
        return;
      case 'make-text':
        this.#makeText(event.text);
        return;
      case 'recipe-finished':
        if (this.#open?.recipe.id === event.recipe.id) this.#flush();
        return;
      case 'run-finished':
        this.finish();
        return;
      default:
        return;
    }
  };

  /** Prints what is still held. Also after a run that was cut short. */
  finish(): void {
    this.#flush();
  }

  #started({ job, place, echo }: Event<'job-started'>): void {
    const part = this.#part(job);
    const waits = place?.local !== false && callsMake(job.command);
    part.started(job, waits);
    // Makes that run one recipe at a time go on to another, or to another make: what was held is a whole.
    const open = this.#open;
    if (open?.serial === true && (open === part ? waits : part.serial)) this.#flush();
    if (waits) return;
    const host = this.#name(place);
    this.#running.set(job.id, host);
    if (this.#options.mode === 'TXT2' || part.silent) return;
    if (part.announced !== host) {
      const jobs = [...this.#running.values()].filter((one) => one === host).length;
      this.#header(host, jobs === 1 ? '1 job' : `${jobs} jobs`);
      part.announced = host;
      this.#below = part;
    }
    if (echo !== undefined && this.#below === part) {
      this.#write(echo);
      part.shown(job);
      this.#below = part;
    }
  }

  #finished({ job, place, outcome, again }: Event<'job-finished'>): void {
    this.#running.delete(job.id);
    if (again) return;
    const part = this.#part(job);
    part.ended(job, outcome.kind === 'cancelled' ? 'cancelled' : 'ended', this.#name(place));
    if (part !== this.#open) this.#forget(part);
  }

  #printed({ job, echo, output }: Event<'job-text'>): void {
    const part = this.#part(job);
    if (this.#open !== part) this.#flush();
    if (part.waits(job, output)) {
      this.#flush();
      this.#running.delete(job.id);
      const text = echo + output;
      // Below the start of another job it would pass for that job's command.
      if (text !== '' && this.#below !== undefined && this.#below !== part)
        this.#header(this.#name(undefined), 'Job output');
      this.#write(text);
      part.told(job);
      this.#forget(part);
      return;
    }
    part.add(job, echo, output);
    this.#open = part;
    if (part.complete && !part.serial) this.#flush();
  }

  #makeText(text: Bytes): void {
    const open = this.#open;
    if (open !== undefined && (!open.complete || / \(ignored\)\n?$/.test(text))) {
      open.remark(text);
      return;
    }
    this.#flush();
    this.#write(text);
  }

  #flush(): void {
    const part = this.#open;
    if (part === undefined) return;
    this.#open = undefined;
    const { commands, text, beyond } = part.take();
    if (this.#options.mode === 'TXT2' || part.silent) {
      this.#write(text);
    } else {
      const below = this.#below === part;
      if (below) this.#write(commands);
      if (beyond || (!below && commands !== '')) {
        this.#header(part.host ?? this.#name(undefined), 'Job output');
        this.#write(text);
      }
    }
    this.#forget(part);
  }

  #part(job: Job): DmakePart {
    const { id } = job.recipe;
    let part = this.#parts.get(id);
    if (part === undefined) {
      part = new DmakePart(job);
      this.#parts.set(id, part);
    }
    return part;
  }

  #forget(part: DmakePart): void {
    if (part.over) this.#parts.delete(part.recipe.id);
  }

  /** On one line: a host's name must not pass for another line. */
  #name(place: Place): Bytes {
    return encode(cleanTitle(place === undefined || place.local ? this.#options.runner : place.name));
  }

  #header(host: Bytes, words: string): void {
    this.#write(`${this.#atLineStart ? '' : '\n'}${host} --> ${words}\n`);
  }

  #write(text: Bytes): void {
    if (text === '') return;
    this.#atLineStart = text.endsWith('\n');
    this.#below = undefined;
    this.#options.write(text);
  }
}
