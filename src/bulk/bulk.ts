import { readdirSync } from 'node:fs';
import { resolve } from 'node:path/posix';
import { setTimeout } from 'node:timers/promises';
import { BulkGate, type BulkWorld } from '../engine/bulk-gate.ts';
import { bulkReport } from '../engine/bulk-report.ts';
import type { ParseCall } from '../engine/ports.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { BulkReport } from '../model/bulk.ts';
import { decode, encode, fsPath, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { DiskLedger } from './disk-ledger.ts';
import { DoneList } from './done-list.ts';
import { Marks, type MarksWorld } from './marks.ts';
import { planOf, type PlannedRule } from './plan.ts';
import { writeReport } from './report-file.ts';
import { Runs } from './runs.ts';
import { statsOf } from './file-stamp.ts';
import { messageOf } from '../util/message-of.ts';

export interface BulkOptions extends MarksWorld, Pick<BulkWorld, 'atRest' | 'limit' | 'tell' | 'changed'> {
  /** Where marks, records and the report are kept, absolute. */
  readonly directory: string;
}

/** What is called so belongs to a bulk build: a directory without it that has other things is somebody's. */
const LOCKS = 'locks';

/** Options of a make that runs no recipe for good. */
const DRY = ['n', 'q', 't'];

/**
 * Recipes that make may start in a bulk build: more than any makefile has leaves that are ready, or as many of them as one
 * can hold (each is a process that waits). So the heaviest of all that are ready begins first (P7). One at a time stays
 * one: people ask for that when their makefile needs order.
 *
 * @param jobs of them that may run
 */
export function bulkWindow(jobs: number): number {
  return jobs === 1 ? 1 : Math.max(jobs * 2, 512);
}

/** What is kept in the directory. */
interface Kept {
  readonly marks: Marks;
  readonly done: DoneList;
  readonly runs: Runs;
}

/** One run of a bulk build: makes of the same items, one after another, until nothing is to be tried again. */
export class Bulk {
  readonly gate: BulkGate;
  readonly #directory: Bytes;
  readonly #marks: Marks;
  readonly #done: DoneList;
  readonly #runs: Runs;
  readonly #tell: (text: string) => void;
  readonly #born: BulkOptions['born'];
  /** The make whose recipes are the items, and where it runs. */
  #make: { readonly pid: number; readonly born: string | undefined; readonly directory: Bytes } | undefined;
  #hasPlan = false;

  private constructor(options: BulkOptions, { marks, done, runs }: Kept) {
    this.#directory = encode(options.directory);
    this.#marks = marks;
    this.#done = done;
    this.#runs = runs;
    this.#tell = options.tell;
    this.#born = options.born;
    const pause = (ms: number): Promise<void> => setTimeout(ms, undefined, { ref: false });
    const ledger = new DiskLedger(marks, done, options.tell, options.now);
    const isItem: BulkWorld['isItem'] = ({ job, flags }) =>
      job.recipe.make === this.#make?.pid && !DRY.some((flag) => flags.has(flag));
    this.gate = new BulkGate({ ...options, isItem, ledger, pause });
  }

  /**
   * Opens the directory, clears the marks of dead runs and names those that cannot be read.
   *
   * @throws UserError when the directory cannot be used
   */
  static open(options: BulkOptions): Bulk {
    const directory = encode(options.directory);
    try {
      refuseForeign(directory);
      const marks = new Marks(`${directory}/${LOCKS}`, options);
      const runs = new Runs(`${directory}/runs`, options);
      const done = new DoneList(`${directory}/done`);
      for (const mark of marks.all()) {
        if (mark.kind !== 'unreadable') continue;
        options.tell(`the mark ${mark.file} cannot be read and is left; remove it if no run is making that item`);
      }
      return new Bulk(options, { marks, done, runs });
    } catch (error) {
      if (error instanceof UserError) throw error;
      const why = messageOf(error);
      throw new UserError(`the directory of the bulk build cannot be used: ${why}. Name one that can be written`);
    }
  }

  /**
   * Tells what the items are.
   *
   * @param make the one whose recipes make them; one that comes while another lives was called below that, and has none
   * @param rules in the data base of a dry run for the goals; undefined: it could not be had
   * @param goals the default one where none is given
   */
  setRules(
    { make: pid, directory }: Pick<ParseCall, 'make' | 'directory'>,
    rules: readonly PlannedRule[] | undefined,
    goals: readonly Bytes[],
  ): void {
    const current = this.#make;
    if (current && current.pid !== pid && current.born !== undefined && this.#born(current.pid) === current.born)
      return;
    this.#make = { pid, born: this.#born(pid), directory };
    if (rules) this.gate.plan = planOf(rules, goals);
    else if (!this.#hasPlan)
      this.#tell(
        'what needs what is not known: nothing is told of what was skipped, and finished items are made again',
      );
    this.#hasPlan = true;
  }

  /** The run is being stopped by a signal. */
  stop(): void {
    this.gate.stop();
  }

  /** A make has ended: whether to start it once more, since an item that failed is to be tried again. */
  again(outcome: Outcome): boolean {
    this.gate.passEnded(outcome);
    return this.gate.again();
  }

  /**
   * The last make has ended. A run that ends well leaves nothing to go on from.
   *
   * @param complete make came to the end: with success, or with -k
   * @returns file: where the report is; undefined: it could not be written
   */
  finish(outcome: Outcome, complete: boolean): { readonly report: BulkReport; readonly file: string | undefined } {
    const good = succeeded(outcome);
    const base = this.#make?.directory ?? '/';
    const missing = (name: Bytes): boolean => !good && statsOf(resolve(base, name)) === undefined;
    const report = bulkReport(this.gate.plan, this.gate.fates, complete, missing);
    const file = `${this.#directory}/report`;
    const isWritten = this.#try(`the report of the bulk build cannot be written to ${decode(this.#directory)}`, () => {
      writeReport(file, report);
    });
    this.#try(`${decode(this.#directory)} cannot be cleared for the next build`, () => {
      this.#runs.leave();
      if (good) this.#forget();
    });
    return { report, file: isWritten ? decode(file) : undefined };
  }

  /** All has been made. */
  #forget(): void {
    const { plan, fates } = this.gate;
    // Somebody has made it by hand: the mark of its failure is over.
    this.#marks.forgetFailures((target) => plan.has(target) && fates.get(target)?.kind !== 'failed');
    // What is in the list may be of use to another run that still works on the same.
    const others = this.#runs.others();
    for (const { owner, file, lives } of others) {
      if (!lives)
        this.#tell(`${owner} may still be at this bulk build, so what is done is kept; if it is gone, remove ${file}`);
    }
    if (others.length === 0 && this.#marks.all().every(({ kind }) => kind !== 'taken')) this.#done.remove();
  }

  #try(words: string, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#tell(`${words}: ${messageOf(error)}`);
      return false;
    }
  }
}

/** @throws UserError when a directory holds other things than the state of a bulk build */
function refuseForeign(directory: Bytes): void {
  let names: readonly Bytes[];
  try {
    names = readdirSync(fsPath(directory), { encoding: 'latin1' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (names.length === 0 || names.includes(LOCKS)) return;
  throw new UserError(
    `the directory of the bulk build, ${decode(directory)}, holds other things: the state of a bulk build wants one of its own. Name a new one, or an empty one`,
  );
}
