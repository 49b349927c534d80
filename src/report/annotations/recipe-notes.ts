import type { Place } from '../../model/event.ts';
import type { Job, Recipe } from '../../model/job.ts';
import type { Outcome } from '../../model/outcome.ts';
import { decode, type Bytes } from '../../util/bytes.ts';
import { eachLine } from './lines.ts';
import { Problems } from './problems.ts';

/** Last lines of a text that may have to speak for it, and the characters of one. */
const LAST_LINES = 10;
const LAST_WIDTH = 300;

/** What one job printed, as far as annotations may need it. */
export interface JobNotes {
  readonly job: Job;
  readonly problems: Problems;
  lastLines: string;
  /** Its last outcome, which counts. */
  outcome: Outcome | undefined;
  /** Hosts that were lost while it ran there. */
  losses: number;
  /** Its text has come. */
  printed: boolean;
}

/** What is known of one recipe until it is over. Text, outcome and end come in any order. */
export class RecipeNotes {
  readonly recipe: Recipe;
  readonly jobs = new Map<number, JobNotes>();
  finished = false;
  recursive = false;
  failed: { readonly job: Job; readonly outcome: Outcome; readonly place: Place } | undefined;

  constructor(recipe: Recipe) {
    this.recipe = recipe;
  }

  job(job: Job): JobNotes {
    let notes = this.jobs.get(job.id);
    if (!notes) {
      notes = { job, problems: new Problems(), lastLines: '', outcome: undefined, losses: 0, printed: false };
      this.jobs.set(job.id, notes);
    }
    return notes;
  }

  /** Nothing of it is still to come. */
  get complete(): boolean {
    return this.finished && [...this.jobs.values()].every(({ printed, outcome }) => printed && outcome !== undefined);
  }
}

/** The end of a text, for people. */
export function lastLinesOf(text: Bytes): string {
  const lines: Bytes[] = [];
  eachLine(text.slice(-LAST_LINES * 4096).trimEnd(), (line) => lines.push(line));
  return lines
    .slice(-LAST_LINES)
    .map((line) => decode(line.length > LAST_WIDTH ? `${line.slice(0, LAST_WIDTH)} ...` : line))
    .join('\n');
}
