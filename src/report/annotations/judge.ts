import { describeOutcome, succeeded, type Outcome } from '../../model/outcome.ts';
import { decode, encode, type Bytes } from '../../util/bytes.ts';
import type { Job, Recipe } from '../../model/job.ts';
import { cleanTitle } from '../clean-text.ts';
import { placeName } from '../recipe-log.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Finding, Findings } from './findings.ts';
import { directoriesOf, type Locator } from './locator.ts';
import type { JobNotes, RecipeNotes } from './recipe-notes.ts';
import type { Verdicts } from './verdicts.ts';

/** How useful errors are, the most useful first, and how useful warnings are. */
const ERROR = { cause: 0, unplaced: 1, further: 2, passed: 3 } as const;
const WARNING = { placed: 0, doubtful: 1, unplaced: 2 } as const;
/** Targets that failed without a word and wait for make's; of more than can be shown. */
const SILENT = 1000;

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

  constructor(findings: Findings, locator: Locator) {
    this.#findings = findings;
    this.#locator = locator;
  }

  /** A recipe is over, and all of its text has come. */
  recipe(notes: RecipeNotes): void {
    const { failed } = notes;
    for (const job of notes.jobs.values()) {
      if (failed?.job.id === job.job.id) this.#failure(notes, failed, job);
      else if (job.outcome?.kind !== 'cancelled') this.#other(notes, job);
    }
  }

  /** What is no error, from wherever. */
  harmless(problem: Diagnostic, bases: readonly Bytes[] = []): void {
    const { severity } = problem;
    this.#add(problem, { bases, severity, rank: [WARNING.placed, WARNING.unplaced], title: speaker(problem) });
  }

  /**
   * The run is over.
   *
   * @param errors that stand outside of recipes' texts, in make's
   * @param outcome of the run; undefined: it was cut short
   */
  make(errors: readonly Diagnostic[], verdicts: Verdicts, outcome: Outcome | undefined): void {
    const passed = outcome !== undefined && succeeded(outcome);
    for (const { recipe, finding } of this.#silent) {
      this.#findings.add({ ...finding, place: verdicts.place(recipe, this.#locator) });
    }
    for (const error of errors) {
      if (passed) this.#uncounted(error, []);
      else if (error.origin !== 'weak') {
        this.#add(error, { severity: 'error', rank: [ERROR.cause, ERROR.unplaced], title: speaker(error) });
      }
    }
    if (passed || this.#findings.has('error')) return;
    for (const finding of this.#callers) this.#findings.add(finding);
    if (this.#callers.length > 0) return;
    // Of the recipes of a make that runs undistributed nothing is known but what it says of them itself.
    for (const verdict of verdicts.all())
      this.#add(verdict, { severity: 'error', rank: [ERROR.cause, ERROR.unplaced], title: 'make' });
  }

  #failure(
    { recipe, recursive }: RecipeNotes,
    { outcome, place: host }: NonNullable<RecipeNotes['failed']>,
    { job, problems, lastLines }: JobNotes,
  ): void {
    if (outcome.kind === 'cancelled') return;
    const target = cleanTitle(decode(recipe.target));
    const title = `${target} failed`;
    const remark = `${target}: ${describeOutcome(outcome)}${host === undefined ? '' : ` on ${placeName(host)}`}`;
    const bases = basesOf(job);
    const errors = problems.filter(({ severity, origin }) => severity === 'error' && origin !== 'weak');
    const cause = errors.find((error) => this.#locator.locate(error, bases)) ?? errors[0];
    for (const problem of problems) {
      if (problem.severity !== 'error') this.harmless(problem, bases);
    }
    for (const error of errors) {
      const rank =
        error === cause ? ([ERROR.cause, ERROR.unplaced] as const) : ([ERROR.further, ERROR.further] as const);
      this.#add(error, { bases, severity: 'error', rank, title, remark });
    }
    if (cause) return;
    const message = encode(lastLines);
    const rank = ERROR.unplaced;
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
    else if (this.#silent.length < SILENT) this.#silent.push({ recipe, finding });
    else this.#findings.add(finding);
  }

  #other({ recipe }: RecipeNotes, { job, problems, outcome }: JobNotes): void {
    if (problems.length === 0) return;
    const isIgnored = outcome !== undefined && !succeeded(outcome);
    const title = isIgnored ? `${cleanTitle(decode(recipe.target))} failed, which make ignores` : undefined;
    const bases = basesOf(job);
    for (const problem of problems) {
      if (problem.severity === 'error') this.#uncounted(problem, bases, title);
      else this.harmless(problem, bases);
    }
  }

  #uncounted(error: Diagnostic, bases: readonly Bytes[], title = speaker(error)): void {
    const { origin } = error;
    if (origin === 'matcher') {
      this.#add(error, { bases, severity: 'error', rank: [ERROR.passed, ERROR.passed], title });
    } else if (origin !== 'weak') {
      this.#add(error, { bases, severity: 'warning', rank: [WARNING.doubtful, WARNING.unplaced], title });
    }
  }

  /** @param told rank: of one that has a place in the repository, and of one that has not */
  #add(
    diagnostic: Diagnostic,
    told: Pick<Finding, 'severity'> & {
      readonly bases?: readonly Bytes[];
      readonly rank: readonly [number, number];
      readonly title?: string | undefined;
      readonly remark?: string;
    },
  ): void {
    const { bases = [], severity, rank, title, remark = '' } = told;
    const place = this.#locator.locate(diagnostic, bases);
    const { message } = diagnostic;
    this.#findings.add({ severity, rank: place ? rank[0] : rank[1], place, diagnostic, message, title, remark });
  }
}

/** Where a name in a job's output may start from. */
function basesOf({ command, directory, recipe }: Job): Bytes[] {
  return [...directoriesOf(command, directory), directory, recipe.directory];
}

/** Who says it, where that is none of the compilers and linkers. */
function speaker({ origin, owner }: Diagnostic): string | undefined {
  return origin === 'make' ? 'make' : owner;
}
