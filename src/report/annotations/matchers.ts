import { posix } from 'node:path';
import { createContext, Script } from 'node:vm';
import { decode, encode, type Bytes } from '../../util/bytes.ts';
import type { Diagnostic, Severity } from './diagnostic.ts';
import { MatcherRun, type Matched, type ProblemMatcher } from './problem-matcher.ts';

/** Milliseconds that all matchers together may take for one piece of text; a sane one takes some thousandth of that. */
const BUDGET_MS = 1000;
/** Lines of a piece. */
const PIECE = 1000;

/** What one line is to the matchers, if it is a problem. */
export type Match = Omit<Diagnostic, 'directory'>;

/**
 * The problem matchers of a run. Their expressions are the user's and the texts are anybody's: an expression can take
 * longer than the world lasts for one line. So they run under a clock, and one that does not end is used no more.
 */
export class Matchers {
  #matchers: readonly ProblemMatcher[];
  readonly #onGivenUp: (owner: string) => void;
  readonly #budget: number;
  readonly #call: { run: () => void } = { run: () => undefined };
  readonly #context = createContext({ call: this.#call });
  // A regular expression can be stopped only from a script that has a time-out.
  readonly #script = new Script('call.run()');

  constructor(matchers: readonly ProblemMatcher[], onGivenUp: (owner: string) => void, budget = BUDGET_MS) {
    this.#budget = budget;
    this.#matchers = matchers;
    this.#onGivenUp = onGivenUp;
  }

  get none(): boolean {
    return this.#matchers.length === 0;
  }

  /** For each line of one text, what it is. */
  match(lines: readonly Bytes[]): readonly (Match | undefined)[] {
    const found: (Match | undefined)[] = [];
    let runs = this.#runs();
    for (let begin = 0; begin < lines.length && !this.none;) {
      let current: MatcherRun | undefined;
      const end = Math.min(begin + PIECE, lines.length);
      const ended = this.#within(this.#budget, () => {
        for (let at = begin; at < end; at++) {
          const line = decode(lines[at] ?? '');
          found[at] = undefined;
          for (current of runs) {
            const match = problemOf(current.match(line), current.matcher);
            if (!match) continue;
            for (const other of runs) if (other !== current) other.reset();
            found[at] = match;
            break;
          }
        }
      });
      if (ended) {
        begin = end;
      } else if (current) {
        this.#giveUp(current.matcher);
        runs = this.#runs();
      }
    }
    return found;
  }

  #runs(): MatcherRun[] {
    return this.#matchers.map((matcher) => new MatcherRun(matcher));
  }

  #giveUp(matcher: ProblemMatcher): void {
    this.#matchers = this.#matchers.filter((one) => one !== matcher);
    this.#onGivenUp(matcher.owner);
  }

  /** @returns false: it has not ended in time */
  #within(ms: number, run: () => void): boolean {
    this.#call.run = run;
    try {
      this.#script.runInContext(this.#context, { timeout: ms });
      return true;
    } catch (error) {
      if (
        typeof error === 'object' &&
        error !== null &&
        'code' in error &&
        error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
      )
        return false;
      throw error;
    }
  }
}

/** Undefined as well: it says nothing, or is of a severity that is none (`info`). */
function problemOf(found: Matched | undefined, { owner, severity: usual }: ProblemMatcher): Match | undefined {
  const message = found?.message?.trim();
  const severity = severityOf(found?.severity) ?? ((found?.severity ?? '') === '' ? usual : undefined);
  if (!found || message === undefined || message === '' || !severity) return undefined;
  const { file = '', fromPath = '', code = '' } = found;
  const name = posix.join(posix.dirname(fromPath.trim()), file.trim());
  const text = code.trim() === '' ? message : `${message} (${code.trim()})`;
  return {
    severity,
    spot:
      file.trim() === ''
        ? undefined
        : {
            file: encode(posix.isAbsolute(file.trim()) ? file.trim() : name),
            line: numberOf(found.line),
            column: numberOf(found.column),
          },
    via: [],
    message: encode(text),
    notes: [],
    origin: 'matcher',
    owner,
  };
}

export function severityOf(word: string | undefined): Severity | undefined {
  return (['error', 'warning', 'notice'] as const).find((one) => one === word?.toLowerCase());
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
