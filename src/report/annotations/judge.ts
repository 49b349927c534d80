import { succeeded, type Outcome } from '../../model/outcome.ts';
import { decode, encode, type Bytes } from '../../util/bytes.ts';
import type { Job, Recipe } from '../../model/job.ts';
import { cleanTitle } from '../clean-text.ts';
import { adviceOn, failureText } from '../outcome-text.ts';
import { placeName } from '../places-text.ts';
import { targetName } from '../target-name.ts';
import { endedByStop, isStopped } from '../verdict.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import type { Finding, Findings } from './findings.ts';
import { directoriesOf } from './command-directories.ts';
import type { Locator } from './locator.ts';
import type { Problems, Told } from './problems.ts';
import type { JobNotes, RecipeNotes } from './recipe-notes.ts';
import type { Verdicts } from './verdicts.ts';

/** How useful errors are, the most useful first, and how useful warnings are. */
const ERROR = { cause: 0, unplaced: 1, further: 2, passed: 3 } as const;
const WARNING = { placed: 0, doubtful: 1, unplaced: 2 } as const;
/** Targets that wait for the end of the run; more than can be shown. */
const WAITING = 1000;

/**
 * Decides what counts, and how much:
 *
 * Errors: the first that has a place, of each target that failed for good, and make's own; targets that failed and gave no place;
 * the further ones. Errors in a recipe that passed, or whose failure make ignores, are warnings, unless a problem matcher of the
 * user's says that they are errors.
 * Warnings: those with a place in the repository; then errors that do not count; then those without a place.
 */
export class Judge {
  readonly #findings: Findings;
  readonly #locator: Locator;
  /** Targets that failed and did not say why; where their lines stand make may say later. */
  readonly #silent: { readonly recipe: Recipe; readonly finding: Finding }[] = [];
  /** Those of them that call make: they say nothing, unless nothing else does. */
  readonly #callers: Finding[] = [];
  /** Those that a signal may have ended, perhaps the one that ends the run. */
  readonly #signaled: RecipeNotes[] = [];
  readonly #directory: Bytes;

  /** @param directory of the first make */
  constructor(findings: Findings, locator: Locator, directory: Bytes) {
    this.#findings = findings;
    this.#locator = locator;
    this.#directory = directory;
  }

  /** A recipe is over, and all of its text has come. */
  recipe(notes: RecipeNotes): void {
    if (notes.failed && maybeSignaled(notes.failed.outcome) && this.#signaled.length < WAITING)
      this.#signaled.push(notes);
    else this.#recipe(notes);
  }

  /**
   * The run is over.
   *
   * @param problems that stand outside of recipes' texts, in make's
   * @param outcome of the run; undefined: it was cut short
   */
  make(problems: Problems, verdicts: Verdicts, outcome: Outcome | undefined): void {
    const passed = outcome !== undefined && succeeded(outcome);
    for (const notes of this.#signaled) this.#recipe(notes, outcome);
    for (const { recipe, finding } of this.#silent) {
      this.#findings.add({ ...finding, place: verdicts.place(recipe, this.#locator) });
    }
    for (const told of problems.kept) {
      const { severity, origin } = told.problem;
      if (severity !== 'error') this.#harmless(told, []);
      else if (passed) this.#uncounted(told, []);
      else if (origin !== 'weak') {
        this.#add(told, { severity, rank: [ERROR.cause, ERROR.unplaced], title: speaker(told.problem) });
      }
    }
    this.#leaveOut(problems, !passed);
    if (passed || isStopped(outcome) || this.#findings.has('error')) return;
    for (const finding of this.#callers) this.#findings.add(finding);
    if (this.#callers.length > 0) return;
    // Of the recipes of a make that runs undistributed nothing is known but what it says of them itself.
    for (const problem of verdicts.all())
      this.#add({ problem, times: 1 }, { severity: 'error', rank: [ERROR.cause, ERROR.unplaced], title: 'make' });
  }

  /** @param end of the run; undefined: it is not over, or was cut short */
  #recipe(notes: RecipeNotes, end?: Outcome): void {
    const { failed } = notes;
    for (const job of notes.jobs.values()) {
      if (failed?.job.id !== job.job.id) {
        if (job.outcome?.kind !== 'cancelled') this.#other(notes, job);
      } else if (!endedByStop(failed.outcome, end)) {
        this.#failure(notes, failed, job);
      }
    }
  }

  /** What is no error, from wherever. */
  #harmless(told: Told, bases: readonly Bytes[]): void {
    const { problem } = told;
    const rank = [WARNING.placed, WARNING.unplaced] as const;
    this.#add(told, { bases, severity: problem.severity, rank, title: speaker(problem) });
  }

  #failure(
    { recipe, recursive }: RecipeNotes,
    { outcome, place: host }: NonNullable<RecipeNotes['failed']>,
    { job, problems, lastLines, losses }: JobNotes,
  ): void {
    if (outcome.kind === 'cancelled') return;
    const target = this.#titleOf(recipe);
    const isKilled = outcome.kind === 'timed-out';
    const title = `${target} ${isKilled ? 'was killed' : 'failed'}`;
    const advice = adviceOn(outcome);
    const where = host === undefined ? (isKilled ? 'the runner' : undefined) : placeName(host);
    const remark = `${target}: ${failureText(outcome, losses, where)}${advice === undefined ? '' : `. ${advice}`}`;
    const bases = basesOf(job);
    const all = problems.kept;
    const errors = all.filter(({ problem }) => problem.severity === 'error' && problem.origin !== 'weak');
    // What it printed before it was killed, or cut off, is not why.
    const isCut = isKilled || outcome.kind === 'host-lost';
    const cause = isCut ? undefined : (errors.find(({ problem }) => this.#locator.locate(problem, bases)) ?? errors[0]);
    for (const told of all) {
      if (told.problem.severity !== 'error') this.#harmless(told, bases);
    }
    this.#leaveOut(problems, true);
    for (const error of errors) {
      const rank =
        error === cause ? ([ERROR.cause, ERROR.unplaced] as const) : ([ERROR.further, ERROR.further] as const);
      this.#add(error, { bases, severity: 'error', rank, title, remark });
    }
    if (cause) return;
    // What we say of it there stands in the remark.
    const message = encode(isCut ? lastLines.replace(/^distmake: .*$\n?/gm, '').trimEnd() : lastLines);
    const rank = isCut ? ERROR.cause : ERROR.unplaced;
    const finding: Finding = {
      severity: 'error',
      rank,
      place: undefined,
      diagnostic: undefined,
      message,
      title,
      remark,
    };
    if (recursive) this.#callers.push(finding);
    else if (this.#silent.length < WAITING) this.#silent.push({ recipe, finding });
    else this.#findings.add(finding);
  }

  #other({ recipe }: RecipeNotes, { job, problems, outcome }: JobNotes): void {
    const isIgnored = outcome !== undefined && !succeeded(outcome);
    const title = isIgnored ? `${this.#titleOf(recipe)} failed, which make ignores` : undefined;
    const bases = basesOf(job);
    for (const told of problems.kept) {
      if (told.problem.severity === 'error') this.#uncounted(told, bases, title);
      else this.#harmless(told, bases);
    }
    this.#leaveOut(problems, false);
  }

  #uncounted(error: Told, bases: readonly Bytes[], title = speaker(error.problem)): void {
    const severity = levelOf(error.problem, false);
    if (severity === 'error') {
      this.#add(error, { bases, severity, rank: [ERROR.passed, ERROR.passed], title });
    } else if (severity) {
      this.#add(error, { bases, severity, rank: [WARNING.doubtful, WARNING.unplaced], title });
    }
  }

  #leaveOut({ leftOut }: Problems, errorsCount: boolean): void {
    for (const { problem, times } of leftOut) {
      const severity = levelOf(problem, errorsCount);
      if (severity) this.#findings.leaveOut(severity, times);
    }
  }

  /** Two makes may have targets of one name: by its path below the first make. */
  #titleOf(recipe: Recipe): string {
    return cleanTitle(decode(targetName(recipe, this.#directory)));
  }

  /** @param shown rank: of one that has a place in the repository, and of one that has not */
  #add(
    { problem, times }: Told,
    shown: Pick<Finding, 'severity'> & {
      readonly bases?: readonly Bytes[];
      readonly rank: readonly [number, number];
      readonly title?: string | undefined;
      readonly remark?: string;
    },
  ): void {
    const { bases = [], severity, rank, title, remark = '' } = shown;
    const place = this.#locator.locate(problem, bases);
    const { message } = problem;
    const finding = { severity, rank: place ? rank[0] : rank[1], place, diagnostic: problem, message, title, remark };
    this.#findings.add(finding, times);
  }
}

/** By a signal, or as shells exit that have caught one. */
function maybeSignaled(outcome: Outcome): boolean {
  return outcome.kind === 'signaled' || (outcome.kind === 'exited' && outcome.status > 128);
}

/** Where a name in a job's output may start from. */
function basesOf({ command, directory, recipe }: Job): Bytes[] {
  return [...directoriesOf(command, directory), directory, recipe.directory];
}

/** What a problem is shown as; undefined: not at all. Errors that do not count are warnings, but for the user's own. */
function levelOf({ severity, origin }: Diagnostic, errorsCount: boolean): Severity | undefined {
  if (origin === 'weak') return undefined;
  return severity === 'error' && !errorsCount && origin !== 'matcher' ? 'warning' : severity;
}

/** Who says it, where that is none of the compilers and linkers. */
function speaker({ origin, owner }: Diagnostic): string | undefined {
  return origin === 'make' ? 'make' : owner;
}
