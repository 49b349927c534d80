import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { BuildEvent } from '../../model/event.ts';
import type { Job } from '../../model/job.ts';
import { pageData } from '../page/encode-page.ts';
import { renderPage } from '../page/render-page.ts';
import { RunRecord } from '../record/run-record.ts';
import type { Reporter } from '../reporter.ts';
import { EventLines } from './event-lines.ts';
import { EventsFile } from './events-file.ts';
import { MaskedEvents } from './masked-events.ts';
import { clearDirectory, EVENTS, PAGE, TRACE } from './open-directory.ts';
import { OutputFiles, type OutputFile } from './output-files.ts';
import { Secrets } from './secrets.ts';
import { trace } from './trace.ts';

/** So much is given to the file system at one time, in characters. */
const PIECE = 1 << 20;

export interface ReportDirectoryOptions {
  /** What `openDirectory` has given. */
  readonly path: string;
  /** Where people are, absolute: what is below it goes by its path from there. */
  readonly from: string;
  /** What must not be in any of its files: the texts that the log masks, and others, line by line. */
  readonly secrets: readonly (string | undefined)[];
  /** Seconds since the start of the run, never less than before. */
  readonly now: () => number;
  /** Told, for people, what could not be written: once for each file. The build goes on. */
  readonly onTrouble: (text: string) => void;
  /** The page without data. Default: what the build has made. */
  readonly template?: string;
}

/**
 * What is kept of a run: its events as they come, and at its end a trace, a page, and the whole outputs of what the log
 * cuts (docs/report.md). Has a record of its own, of events without secrets. Nothing here holds up the build or fails it.
 */
export class ReportDirectory implements Reporter {
  /** Real path. Nothing in it is for hosts. */
  readonly path: string;
  readonly #options: ReportDirectoryOptions;
  readonly #shown: string;
  readonly #record: RunRecord;
  readonly #masked: MaskedEvents;
  readonly #lines: EventLines;
  readonly #events: EventsFile;
  readonly #outputs: OutputFiles;
  #done = false;

  /**
   * Removes an earlier report.
   *
   * @throws UserError when the directory cannot be written to
   */
  constructor(options: ReportDirectoryOptions) {
    const { now, onTrouble } = options;
    this.#options = options;
    this.#shown = shownPath(options);
    this.path = options.path;
    clearDirectory(this.path);
    const secrets = new Secrets(options.secrets);
    this.#record = new RunRecord(now);
    this.#masked = new MaskedEvents(secrets);
    this.#outputs = new OutputFiles({ directory: this.path, shown: this.#shown, secrets, onTrouble });
    this.#lines = new EventLines(now, (job) => this.#outputs.names.get(job), this.#masked.cutOf);
    this.#events = new EventsFile(join(this.path, EVENTS), (error) => this.#trouble(EVENTS, error));
    this.#events.add(this.#lines.first());
  }

  readonly handle = (event: BuildEvent): void => {
    if (this.#done) return;
    const masked = this.#masked.mask(event);
    this.#record.handle(masked);
    for (const line of this.#lines.of(masked)) this.#events.add(line);
  };

  /** Opens a file for the whole output of a job; undefined when there is no more room for such. */
  readonly spool = (job: Job): OutputFile | undefined => {
    return this.#done ? undefined : this.#outputs.open(this.#masked.job(job));
  };

  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#events.close();
    if (!existsSync(join(this.path, EVENTS))) {
      const shown = join(this.#shown, EVENTS);
      this.#options.onTrouble(`report: ${shown} is gone: something has removed it while the build ran`);
    }
    this.#write(TRACE, () => trace(this.#record));
    this.#write(PAGE, () => [this.#page()]);
  }

  #page(): string {
    return renderPage(pageData(this.#record, this.#outputs.names), this.#options.template);
  }

  /** All of it, or nothing. */
  #write(name: string, pieces: () => Iterable<string>): void {
    const path = join(this.path, name);
    const part = `${path}.part`;
    try {
      mkdirSync(this.path, { recursive: true });
      rmSync(part, { force: true });
      const descriptor = openSync(part, 'wx');
      try {
        let text = '';
        for (const piece of pieces()) {
          text += piece;
          if (text.length < PIECE) continue;
          writeWhole(descriptor, text);
          text = '';
        }
        writeWhole(descriptor, text);
      } finally {
        closeSync(descriptor);
      }
      renameSync(part, path);
    } catch (error) {
      rmSync(part, { force: true });
      this.#trouble(name, error);
    }
  }

  #trouble(name: string, error: unknown): void {
    const why = (error as Error).message;
    this.#options.onTrouble(`report: ${join(this.#shown, name)} could not be written: ${why}`);
  }
}

function shownPath({ path, from }: Pick<ReportDirectoryOptions, 'path' | 'from'>): string {
  const below = relative(from, path);
  return below === '' || /^\.\.(?:\/|$)/.test(below) ? path : below;
}

function writeWhole(descriptor: number, text: string): void {
  for (let rest = Buffer.from(text); rest.length > 0;) rest = rest.subarray(writeSync(descriptor, rest));
}
