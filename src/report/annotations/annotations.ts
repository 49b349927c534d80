import type { BuildEvent } from '../../model/event.ts';
import type { Job, Recipe } from '../../model/job.ts';
import { succeeded, type Outcome } from '../../model/outcome.ts';
import { decode, encode, type Bytes } from '../../util/bytes.ts';
import type { Reporter } from '../reporter.ts';
import type { WorkflowLog } from '../workflow-commands.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import { textOf } from './annotation-text.ts';
import { makesOf } from './command-directories.ts';
import { Findings } from './findings.ts';
import { Judge } from './judge.ts';
import { eachLine } from './lines.ts';
import { Locator } from './locator.ts';
import { Matchers } from './matchers.ts';
import type { ProblemMatcher } from './problem-matcher.ts';
import { Problems } from './problems.ts';
import { lastLinesOf, RecipeNotes } from './recipe-notes.ts';
import { Scanner } from './scanner.ts';
import { Verdicts } from './verdicts.ts';

/** What a step may have of each annotation. */
const LIMIT = 10;
/** Bytes of make's text that are read at one time: it comes line by line, and to start the matchers costs something. */
const PIECE = 64 * 1024;

export interface AnnotationsOptions {
  readonly log: Pick<WorkflowLog, 'error' | 'warning' | 'notice'>;
  /** Of the repository, absolute: annotations name files relative to it. */
  readonly root: Bytes;
  /** Where the first make runs, absolute; default: the root. */
  readonly directory?: Bytes;
  /** The user's own, which are asked first. */
  readonly matchers?: readonly ProblemMatcher[];
  /** How many more annotations of a level the step may have; default: as many as a step may have at all. */
  readonly left?: (level: Severity) => number;
  /** Whether a path is a file, which has that line. */
  readonly exists?: (path: Bytes, line?: number) => boolean;
}

/**
 * Annotations for what compilers, linkers, make and the user's problem matchers say of the recipes. They come out at the
 * end, since a step may have few of them: the most useful are shown ({@link Judge}), not the first. What failed on a host and
 * passed when it was run again is not heard of: its text is nowhere.
 */
export class Annotations implements Reporter {
  readonly #options: AnnotationsOptions;
  readonly #locator: Locator;
  readonly #matchers: Matchers;
  readonly #findings = new Findings();
  readonly #judge: Judge;
  readonly #recipes = new Map<number, RecipeNotes>();
  /** What is said between the recipes' texts; whether errors there count, and which makes have run, is known at the end. */
  readonly #ofMake = new Problems();
  readonly #verdicts = new Verdicts();
  readonly #makeScanner: Scanner;
  #unread: Bytes[] = [];
  #unreadLength = 0;
  readonly #givenUp: string[] = [];
  #outcome: Outcome | undefined;
  #done = false;

  constructor(options: AnnotationsOptions) {
    this.#options = options;
    const { root, directory = root, matchers = [], exists } = options;
    this.#locator = new Locator(root, exists);
    this.#locator.addMake(directory);
    this.#judge = new Judge(this.#findings, this.#locator, directory);
    this.#matchers = new Matchers(matchers, (owner) => this.#givenUp.push(owner));
    this.#makeScanner = new Scanner({
      directory,
      ofMake: true,
      onProblem: (problem) => this.#ofMake.add(problem),
      onVerdict: (target, verdict) => this.#verdicts.add(target, verdict),
    });
  }

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'host-ready':
        this.#locator.addStaging(encode(event.staging));
        return;
      case 'job-waits':
        this.#addMakes(event.job, true);
        return;
      case 'job-finished':
        this.#jobFinished(event);
        return;
      case 'job-text':
        this.#printed(event.job, event.output);
        this.#settle(event.job.recipe);
        return;
      case 'make-text':
        this.#makeText(event.text);
        return;
      case 'recipe-finished': {
        const notes = this.#recipe(event.recipe);
        notes.finished = true;
        notes.failed = event.failed;
        notes.recursive = event.class === 'recursive';
        this.#settle(event.recipe);
        return;
      }
      case 'run-finished':
        this.#outcome = event.outcome;
        return;
      default:
    }
  };

  /** Prints them. */
  finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#unread.push('\n');
    this.#readMakeText();
    for (const notes of this.#recipes.values()) this.#judge.recipe(notes);
    this.#recipes.clear();
    this.#judge.make(this.#ofMake, this.#verdicts, this.#outcome);
    const more = (['error', 'warning', 'notice'] as const).map((severity) => this.#print(severity));
    const counts = more.flatMap((count, index) =>
      count === 0 ? [] : [`${count} more ${['error', 'warning', 'notice'][index] ?? ''}${count === 1 ? '' : 's'}`],
    );
    if (counts.length > 0) {
      const [verb, most] = [more.reduce((a, b) => a + b) === 1 ? 'is' : 'are', LIMIT];
      this.#options.log.notice(`${counts.join(', ')} ${verb} in the log: a step shows at most ${most} of each.`);
    }
    for (const owner of this.#givenUp) {
      const text = `problem matcher ${owner}: its expressions took more than a second for a few lines, and it was not used any more. Have them try fewer ways, with [^:]+ in place of .* say`;
      this.#options.log.warning(text);
    }
  }

  #jobFinished({ job, outcome, again }: Extract<BuildEvent, { type: 'job-finished' }>): void {
    this.#addMakes(job, false);
    const isLost = outcome.kind === 'host-lost';
    if (again && !isLost) return;
    const notes = this.#recipe(job.recipe).job(job);
    if (isLost) notes.losses++;
    if (again) return;
    notes.outcome = outcome;
    this.#settle(job.recipe);
  }

  #recipe(recipe: Recipe): RecipeNotes {
    let notes = this.#recipes.get(recipe.id);
    if (!notes) {
      notes = new RecipeNotes(recipe);
      this.#recipes.set(recipe.id, notes);
      this.#locator.addMake(recipe.directory);
    }
    return notes;
  }

  /** Where it calls make: a make that fails before its first recipe is known by nothing else. */
  #addMakes({ command, directory }: Job, calls: boolean): void {
    const makes = makesOf(command, directory);
    if (!makes || (calls && makes.length === 0)) this.#locator.addMakeElsewhere();
    for (const one of makes ?? []) this.#locator.addMake(one);
  }

  #printed(job: Job, output: Bytes): void {
    const notes = this.#recipe(job.recipe).job(job);
    notes.printed = true;
    if (output === '' || notes.outcome?.kind === 'cancelled') return;
    const { directory } = job;
    const onProblem = (problem: Diagnostic): void => notes.problems.add(problem);
    this.#scan(output, new Scanner({ directory, ofMake: false, onProblem }), directory, onProblem);
    if (notes.outcome === undefined || !succeeded(notes.outcome)) notes.lastLines = lastLinesOf(output);
  }

  /** It comes in pieces of any size. */
  #makeText(text: Bytes): void {
    this.#unread.push(text);
    this.#unreadLength += text.length;
    if (this.#unreadLength >= PIECE) this.#readMakeText();
  }

  #readMakeText(): void {
    const text = this.#unread.join('');
    const whole = text.lastIndexOf('\n') + 1;
    // A line that does not end is none of make's.
    const rest = text.length - whole < PIECE ? text.slice(whole) : '';
    this.#unread = [rest];
    this.#unreadLength = rest.length;
    this.#scan(text.slice(0, whole), this.#makeScanner, undefined, (problem) => this.#ofMake.add(problem));
  }

  #scan(text: Bytes, scanner: Scanner, usual: Bytes | undefined, onMatch: (problem: Diagnostic) => void): void {
    if (this.#matchers.none) {
      eachLine(text, (line) => scanner.line(line));
      return;
    }
    const lines: Bytes[] = [];
    eachLine(text, (line) => lines.push(line));
    const matches = this.#matchers.match(lines);
    lines.forEach((line, index) => {
      const match = matches[index];
      if (!match) {
        scanner.line(line);
        return;
      }
      scanner.pass();
      onMatch({ ...match, directory: scanner.entered ?? usual });
    });
  }

  #settle({ id }: Recipe): void {
    const notes = this.#recipes.get(id);
    if (!notes?.complete) return;
    this.#recipes.delete(id);
    this.#judge.recipe(notes);
  }

  /** @returns how many are not shown */
  #print(severity: Severity): number {
    const { log, left = () => LIMIT } = this.#options;
    // The notice that counts the rest is one, too.
    const most = Math.max(0, Math.min(LIMIT, left(severity)) - (severity === 'notice' ? 2 : 0));
    const { best, more } = this.#findings.best(severity, most);
    for (const counted of best) {
      const { place, title } = counted.finding;
      const text = textOf(counted, this.#locator);
      const at = { title, file: place && decode(place.file), line: place?.line, col: place?.column };
      if (severity === 'error') log.error(at, text);
      else log[severity](text, at);
    }
    return more;
  }
}
