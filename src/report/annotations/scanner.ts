import type { Bytes } from '../../util/bytes.ts';
import type { Diagnostic, Spot } from './diagnostic.ts';
import { Frames } from './frames.ts';
import { readLine, spotOf, type Saying } from './grammar.ts';
import { isMakefile, readMakefileError, readMakeWords, type MakeWords } from './make-words.ts';

/** Notes that are kept with a problem: a template error has dozens. */
const NOTES = 3;
/** Further ways to a problem that its notes tell. */
const WAYS = 20;

export interface ScannerOptions {
  /** Where the text was printed, absolute. */
  readonly directory: Bytes;
  /** It is what make prints between the recipes' texts. */
  readonly ofMake: boolean;
  /** Notes are added to it after the call. */
  readonly onProblem: (diagnostic: Diagnostic) => void;
  readonly onVerdict?: (target: Bytes, diagnostic: Diagnostic) => void;
}

/** Finds what compilers (gcc, clang), linkers (ld, gold, lld, mold) and make say is wrong, line by line. */
export class Scanner {
  readonly #options: ScannerOptions;
  readonly #frames = new Frames();
  /** The directories of makes below, by level: make tells when it enters one. */
  readonly #entered = new Map<number, Bytes>();
  #object: Bytes | undefined;
  /** What notes belong to. */
  #last: Diagnostic | undefined;

  constructor(options: ScannerOptions) {
    this.#options = options;
  }

  /** One line, without its end and without escapes. */
  line(line: Bytes): void {
    // Nothing that is understood has neither.
    if (!line.includes(': ') && !line.includes(':(') && !line.includes(' from ') && !line.startsWith('>>> ')) return;
    const words = readMakeWords(line);
    if (words) {
      this.#make(words);
      return;
    }
    const makefile = readMakefileError(line);
    if (makefile) this.#problem({ severity: 'error', ...makefile, message: makefile.text, origin: 'make' });
    else if (line.startsWith('>>> ')) this.#linkerNote(line.slice('>>> '.length));
    else this.#saying(readLine(line));
  }

  /** The line is another's: what follows are no notes on what was said before it. */
  pass(): void {
    this.#last = undefined;
  }

  #make(words: MakeWords): void {
    const { level } = words;
    const directory = this.#entered.get(level) ?? (level === 0 ? this.#options.directory : undefined);
    if (words.kind === 'enters') this.#entered.set(level, words.directory);
    else if (words.kind === 'leaves') this.#entered.delete(level);
    else if (words.kind === 'verdict') {
      const { target, end, spot } = words;
      const diagnostic = diagnosticOf({
        severity: 'error',
        spot,
        message: `${target}: ${end}`,
        origin: 'weak',
        directory,
      });
      this.#options.onVerdict?.(target, diagnostic);
    } else if (words.kind !== 'other') {
      this.#problem({ severity: words.kind, spot: undefined, message: words.text, origin: 'make', directory });
    }
  }

  #saying(saying: Saying | undefined): void {
    if (!saying) return;
    this.#frames.take(saying);
    if (saying.kind === 'object') {
      this.#object = saying.object;
    } else if (saying.kind === 'note') {
      this.#note(saying.spot, saying.text);
    } else if (saying.kind === 'remark') {
      const byMake = this.#options.ofMake || this.#entered.size > 0;
      if (!byMake || !isMakefile(saying.spot.file)) return;
      this.#problem({ severity: 'warning', spot: saying.spot, message: saying.text, origin: 'make' });
    } else if (saying.kind === 'problem') {
      this.#told(saying);
    }
  }

  #told({ severity, spot, text, weak }: Extract<Saying, { kind: 'problem' }>): void {
    // The second line of what make says of a rule that is there twice.
    if (/^ignoring old (?:recipe|commands) for target/.test(text)) {
      this.#note(spot, text);
      return;
    }
    const unlinked = spot && spot.line === undefined ? { ...spot, object: this.#object } : spot;
    const way = spot ? this.#frames.to(spot.file) : [];
    const [, file, line] = /; (?:[^:;]*:)?([^:;]+):(\d{1,9}): first defined here/.exec(text) ?? [];
    const first = file === undefined ? [] : [spotOf(file, line, undefined)];
    const origin = weak === true ? 'weak' : 'tool';
    this.#problem({ severity, spot: unlinked, via: [...first, ...way], message: text, origin });
  }

  #note(spot: Spot | undefined, text: Bytes): void {
    const last = this.#last;
    if (!last) return;
    const isWay = /requested here$|^in (?:instantiation|expansion) of |^expanded from /.test(text);
    if (spot && isWay && last.via.length < WAYS) last.via.push(spot);
    if (last.notes.length < NOTES) last.notes.push({ spot, text });
  }

  /** lld: `>>> referenced by b.cpp:5 (src/b.cpp:5)`. */
  #linkerNote(text: Bytes): void {
    const [, file, line] =
      /^(?:referenced by|defined at) .*\(([^():]+):(\d{1,9})\)$/.exec(text) ??
      /^(?:referenced by|defined at) ([^\s:()]+):(\d{1,9})/.exec(text) ??
      [];
    if (file !== undefined && this.#last && this.#last.via.length < WAYS)
      this.#last.via.push(spotOf(file, line, undefined));
    if (/^(?:referenced|defined) /.test(text)) this.#note(undefined, text);
  }

  #problem(found: Found): void {
    const byMake = this.#options.ofMake || found.origin === 'make';
    const directory = this.entered ?? (byMake ? undefined : this.#options.directory);
    this.#last = diagnosticOf({ directory, ...found });
    this.#options.onProblem(this.#last);
  }

  /** Of the innermost make that has entered one and has said so (not with --no-print-directory). */
  get entered(): Bytes | undefined {
    let level = -1;
    for (const one of this.#entered.keys()) level = Math.max(level, one);
    return this.#entered.get(level);
  }
}

type Found = Pick<Diagnostic, 'severity' | 'spot' | 'message' | 'origin'> &
  Partial<Pick<Diagnostic, 'via' | 'directory'>>;

function diagnosticOf({
  severity,
  spot,
  via = [],
  message,
  origin,
  directory,
}: Found & { directory: Bytes | undefined }): Diagnostic {
  return { severity, spot, via, message, notes: [], origin, directory };
}
