import { cleanLines, cleanTitle, LINE_LIMIT, maybeCommand } from './clean-text.ts';

/** What a step may have of each annotation; the runner drops the rest without a word. */
const ANNOTATIONS = 10;
/** Longest message of an annotation, in characters; the runner cuts there. */
const MESSAGE_LIMIT = 4096;

/**
 * What joins with the character before it. Where text is compared by culture, as the runner does it, the `::` of a command
 * is not found when such a one follows, and a fold would not open.
 */
// eslint-disable-next-line no-control-regex
const JOINS_BEFORE = /^[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Grapheme_Extend}\p{Emoji_Modifier}\x1b]/u;

type Level = 'error' | 'warning' | 'notice';

/** Where an annotation points; `file` is relative to the repository root. */
export interface AnnotationPlace {
  readonly title?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly col?: number | undefined;
}

/**
 * The only writer of the workflow's log. Everything that is given to it is untrusted: no output, target name or file
 * name can make the runner take it for a command (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 *
 * Text that holds anything like a command stands between `::stop-commands::TOKEN` and `::TOKEN::`, with a token made
 * for this use. Other text does not: the runner keeps each token as a secret, and thousands of them would slow down
 * every further line, besides the two lines of noise in every fold.
 */
export class WorkflowLog {
  readonly #write: (text: string) => void;
  readonly #token: () => string;
  readonly #used: Record<Level, number> = { error: 0, warning: 0, notice: 0 };
  #uncounted = 0;

  /**
   * @param write takes whole lines; what is written at one time must not be torn apart by other writers
   * @param token makes a word that no recipe can guess: at least 128 random bits, letters and digits
   */
  constructor(write: (text: string) => void, token: () => string) {
    this.#write = write;
    this.#token = token;
  }

  /** Text outside of any fold. */
  text(text: string): void {
    const lines = this.#guarded(text);
    if (lines.length > 0) this.#lines(lines);
  }

  /** One fold, whole: groups do not nest and cannot start open. */
  group(title: string, text: string): void {
    // Order matters: while commands are stopped the runner would not see the end of the group.
    this.#lines([`::group::${dataOf(cleanTitle(title))}`, ...this.#guarded(text), '::endgroup::']);
  }

  /** An error of the run. At most 10 are annotations, the rest are counted by {@link finish}. */
  error(place: AnnotationPlace, message: string): void {
    if (this.#used.error >= ANNOTATIONS) {
      this.#uncounted += 1;
      this.text(`Error: ${message}`);
    } else {
      this.#annotate('error', place, message);
    }
  }

  warning(message: string, place: AnnotationPlace = {}): void {
    if (this.#used.warning >= ANNOTATIONS) this.text(`Warning: ${message}`);
    else this.#annotate('warning', place, message);
  }

  notice(message: string, place: AnnotationPlace = {}): void {
    // The last one is kept for the count of errors.
    if (this.#used.notice >= ANNOTATIONS - 1) this.text(`Notice: ${message}`);
    else this.#annotate('notice', place, message);
  }

  /** How many more annotations of that level a step may have; one of the notices is kept for {@link finish}. */
  left(level: Level): number {
    return ANNOTATIONS - this.#used[level];
  }

  /** The last word: how many errors are not among the annotations. */
  finish(): void {
    if (this.#uncounted === 0) return;
    const noun = this.#uncounted === 1 ? 'error is' : 'errors are';
    this.#annotate('notice', {}, `${this.#uncounted} more ${noun} in the log: a step shows at most ${ANNOTATIONS}.`);
    this.#uncounted = 0;
  }

  #annotate(level: Level, place: AnnotationPlace, message: string): void {
    this.#used[level] += 1;
    const properties = Object.entries({
      title: place.title === undefined ? undefined : cleanTitle(place.title),
      file: place.file === undefined ? undefined : cleanTitle(place.file, LINE_LIMIT),
      line: place.line,
      col: place.col,
    })
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
      .join(',');
    const text = cut(cleanLines(message).join('\n'));
    // The runner trims the properties.
    const end = /[^\x21-\x7e]$/.test(properties) ? ' ' : '';
    this.#lines([`::${level}${properties === '' ? '' : ' '}${properties}${end}::${dataOf(text)}`]);
  }

  #guarded(text: string): string[] {
    const lines = cleanLines(text);
    if (!maybeCommand(lines)) return lines;
    const token = this.#token();
    return [`::stop-commands::${token}`, ...lines, `::${token}::`];
  }

  #lines(lines: readonly string[]): void {
    this.#write(lines.join('\n') + '\n');
  }
}

/** What the log of a run's recipes needs of it: a terminal can have that, too. */
export type StepLog = Pick<WorkflowLog, 'text' | 'group' | 'warning' | 'notice'>;

function cut(message: string): string {
  if (message.length <= MESSAGE_LIMIT) return message;
  return message.slice(0, MESSAGE_LIMIT - 4).replace(/[\ud800-\udbff]$/, '') + ' ...';
}

/** The command by which the runner masks a text in the log from here on. */
export function maskCommand(secret: string): string {
  return `::add-mask::${escapeData(secret)}`;
}

/** What stands behind the `::` of a command. */
function dataOf(text: string): string {
  return escapeData(JOINS_BEFORE.test(text) ? ` ${text}` : text);
}

/** As @actions/core does, which the runner undoes. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
