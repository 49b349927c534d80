import { setTimeout } from 'node:timers/promises';
import { BulkGate, type BulkWorld } from '../engine/bulk-gate.ts';
import { bulkReport } from '../engine/bulk-report.ts';
import { succeeded, type Outcome } from '../model/outcome.ts';
import type { BulkReport } from '../model/bulk.ts';
import { decode, encode, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { DiskLedger } from './disk-ledger.ts';
import { DoneList } from './done-list.ts';
import { Marks, type MarksWorld } from './marks.ts';
import { planOf, type PlannedRule } from './plan.ts';
import { writeReport } from './report-file.ts';

export interface BulkOptions extends MarksWorld, Pick<BulkWorld, 'isItem' | 'atRest' | 'limit' | 'tell' | 'changed'> {
  /** Where marks, records and the report are kept, absolute. */
  readonly directory: string;
}

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

/** One run of a bulk build: makes of the same items, one after another, until nothing is to be tried again. */
export class Bulk {
  readonly gate: BulkGate;
  readonly #directory: Bytes;
  readonly #marks: Marks;
  readonly #done: DoneList;
  readonly #tell: (text: string) => void;
  #hasPlan = false;

  private constructor(options: BulkOptions, marks: Marks, done: DoneList) {
    this.#directory = encode(options.directory);
    this.#marks = marks;
    this.#done = done;
    this.#tell = options.tell;
    const pause = (ms: number): Promise<void> => setTimeout(ms, undefined, { ref: false });
    const ledger = new DiskLedger(marks, done, options.tell, options.now);
    this.gate = new BulkGate({ ...options, ledger, pause });
  }

  /**
   * Opens the directory, clears the marks of dead runs and names those that cannot be read.
   *
   * @throws UserError when the directory cannot be used
   */
  static open(options: BulkOptions): Bulk {
    const directory = encode(options.directory);
    try {
      const marks = new Marks(`${directory}/locks`, options);
      const done = new DoneList(`${directory}/done`);
      for (const mark of marks.all()) {
        if (mark.kind !== 'unreadable') continue;
        options.tell(`the mark ${mark.file} cannot be read and is left; remove it if no run is making that item`);
      }
      return new Bulk(options, marks, done);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new UserError(`the directory of the bulk build cannot be used: ${why}. Name one that can be written`);
    }
  }

  /**
   * Tells what the items are.
   *
   * @param rules in the data base of a dry run for the goals; undefined: it could not be had
   * @param goals the default one where none is given
   */
  setRules(rules: readonly PlannedRule[] | undefined, goals: readonly Bytes[]): void {
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
   */
  finish(outcome: Outcome, complete: boolean): BulkReport {
    const report = bulkReport(this.gate.plan, this.gate.fates, complete);
    try {
      writeReport(`${this.#directory}/report`, report);
      // What is in the list may be of use to another run that still works on the same.
      if (succeeded(outcome) && this.#marks.all().every(({ kind }) => kind !== 'taken')) this.#done.remove();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#tell(`the report of the bulk build cannot be written to ${decode(this.#directory)}: ${why}`);
    }
    return report;
  }
}
