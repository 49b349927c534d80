import type { EventSink } from '../model/event.ts';
import type { Job } from '../model/job.ts';
import { bytesOf, type Bytes } from '../util/bytes.ts';
import { JOB_TEXT_LIMIT } from './capped-text.ts';
import { splitEcho } from './echo.ts';
import { JobText } from './job-text.ts';
import { Spools } from './spools.ts';
import type { TextFile } from './text-file.ts';
import { isMakesOwn, parseVerdict, type Verdict } from './verdict.ts';

/** Text that may yet turn out to be an echo is held up to this length; no command can be longer (128 KiB a string). */
const GAP_LIMIT = 1024 * 1024;

/** Bytes of a command that are looked for in the text of another: less, and they may well be what that one prints. */
const TELLING = 8;

/** What the shim prints on its own descriptor 1 before the output of a job. `nonce`: random hex of the run. */
export function beginMarker(nonce: string, id: number): Bytes {
  return `\x1eD${nonce}B${id}\x1e`;
}

/** What the shim prints behind the output of a job. */
export function endMarker(nonce: string, id: number): Bytes {
  return `\x1eD${nonce}E${id}\x1e`;
}

export interface OutputParserOptions {
  readonly nonce: string;
  readonly jobById: (id: number) => Job | undefined;
  /** Whether the job has called make. May turn true while the job runs. */
  readonly isRecursive: (id: number) => boolean;
  /** Whether make hands out what the job prints in one piece when that has ended, as far as its command tells. */
  readonly isSynchronised: (job: Job) => boolean;
  /** Puts the user's own shell back where our link stands; applied to echoes and to make's text. */
  readonly rewrite: (text: Bytes) => Bytes;
  /** Called before the event with that line. */
  readonly onVerdict?: (verdict: Verdict) => void;
  /** True: that line is left out and `onVerdict` is not called. */
  readonly dropVerdict?: (target: Bytes, verdict: Verdict) => boolean;
  /** Takes `job-text` and `make-text`. */
  readonly emit: EventSink;
  /** Bytes kept of one job's output. */
  readonly jobTextLimit?: number;
  /** Opens a file for the whole output of a job of which a log may leave some out; undefined: there is no place for it. */
  readonly spool?: ((job: Job) => TextFile | undefined) | undefined;
}

/** A job between its begin and its end marker. */
interface OpenJob {
  readonly job: Job | undefined;
  readonly echo: Bytes;
  readonly text: JobText;
  readonly synchronised: boolean;
  /** Its echo is out already and its output counts as make's text. */
  recursive: boolean;
}

/**
 * Takes apart what `make -O` prints, stdout and stderr in one stream. A target's text arrives whole:
 *
 *     echo B output E echo B output E ... verdict
 *
 * where an echo is absent when the line is silent, and what lies between an E and the next B that is not the echo of
 * that next job is make's own. Recursive recipes are not synchronised (make manual, "Output During Parallel
 * Execution"): other jobs stand between their B and E, and these two may stand anywhere in what is being handed out of
 * another. The events are the same however the stream is cut into chunks.
 */
export class OutputParser {
  readonly #options: OutputParserOptions;
  readonly #lead: Bytes;
  /** In the order of their begin markers. */
  readonly #open = new Map<number, OpenJob>();
  readonly #spools: Spools;
  /** The end of the stream so far, when it may be the beginning of a marker. */
  #held: Bytes = '';
  /** Text since the last marker whose owner is not yet known. */
  #gap: Bytes = '';
  /** The line that the gap ends with, kept apart: looking into the growing gap would copy it for every line. */
  #line: Bytes = '';

  constructor(options: OutputParserOptions) {
    this.#options = options;
    this.#spools = new Spools(options.spool);
    this.#lead = `\x1eD${options.nonce}`;
  }

  push(chunk: Buffer): void {
    const data = this.#held + bytesOf(chunk);
    this.#held = '';
    const marker = /([BE])(\d{1,15})\x1e/y; // eslint-disable-line no-control-regex
    let done = 0;
    for (let from = 0; ;) {
      const at = data.indexOf(this.#lead, from);
      if (at === -1) break;
      const behind = at + this.#lead.length;
      marker.lastIndex = behind;
      const match = marker.exec(data);
      if (match !== null) {
        this.#text(data.slice(done, at));
        this.#mark(match[1] === 'B', Number(match[2]));
        done = from = marker.lastIndex;
      } else if (/^(?:[BE]\d{0,15})?$/.test(data.slice(behind, behind + 17))) {
        this.#text(data.slice(done, at));
        this.#held = data.slice(at);
        return;
      } else {
        from = behind;
      }
    }
    const last = data.lastIndexOf('\x1e');
    const keep = last >= done && this.#lead.startsWith(data.slice(last)) ? last : data.length;
    this.#text(data.slice(done, keep));
    this.#held = data.slice(keep);
  }

  /** The stream has ended: everything that is still held comes out, jobs without an end marker too. */
  end(): void {
    this.#text(this.#held);
    this.#held = '';
    this.#give(this.#takeGap());
    for (const open of this.#open.values()) this.#finish(open);
    this.#open.clear();
  }

  #mark(begin: boolean, id: number): void {
    const open = this.#open.get(id);
    if (begin && open === undefined) this.#begin(id);
    else if (!begin && open !== undefined) this.#end(id, open);
  }

  #begin(id: number): void {
    for (const open of this.#open.values()) if (this.#turnedRecursive(open)) this.#release(open);
    const job = this.#options.jobById(id);
    const synchronised = job !== undefined && this.#options.isSynchronised(job);
    const [before, echo] = this.#splitGap(job, synchronised);
    this.#give(before);
    const open = {
      job,
      echo,
      text: new JobText(this.#options.jobTextLimit ?? JOB_TEXT_LIMIT, job && this.#spools.of(job, echo)),
      synchronised,
      recursive: job === undefined,
    };
    this.#open.set(id, open);
    if (this.#turnedRecursive(open)) this.#release(open);
  }

  /** Takes the gap before a job apart: what is not its own, as it came; its echo. */
  #splitGap(job: Job | undefined, synchronised: boolean): readonly [Bytes, Bytes] {
    const { rewrite } = this.#options;
    const gap = this.#takeGap();
    if (job === undefined) return [gap, ''];
    if (!synchronised && job.command.length >= TELLING && this.#handedOut() !== undefined) {
      // Its make wrote it into another job's text, perhaps in the middle of a line.
      const line = `${job.command}\n`;
      const at = gap.lastIndexOf(line);
      if (at !== -1) return [gap.slice(0, at) + gap.slice(at + line.length), line];
    }
    return splitEcho(gap, job.command, rewrite);
  }

  #end(id: number, open: OpenJob): void {
    if (this.#turnedRecursive(open)) this.#release(open);
    this.#give(this.#takeGap(), this.#handedOut() ?? open);
    this.#open.delete(id);
    this.#finish(open);
  }

  #turnedRecursive(open: OpenJob): boolean {
    return !open.recursive && open.job !== undefined && this.#options.isRecursive(open.job.id);
  }

  /** From here on the job's output is make's text. Its echo comes first, so that the log reads as make's own. */
  #release(open: OpenJob): void {
    if (open.job !== undefined) this.#options.emit({ type: 'job-text', job: open.job, echo: open.echo, output: '' });
    this.#makeText(this.#options.rewrite(open.text.release()));
    open.recursive = true;
  }

  #finish(open: OpenJob): void {
    if (open.recursive || open.job === undefined) return;
    this.#options.emit({ type: 'job-text', job: open.job, echo: open.echo, ...open.text.end() });
  }

  /** Line by line, so that what is decided here depends on the text alone and not on the chunks. */
  #text(text: Bytes): void {
    for (let begin = 0; begin < text.length;) {
      const newline = text.indexOf('\n', begin);
      const next = newline === -1 ? text.length : newline + 1;
      const piece = text.slice(begin, next);
      this.#gap += piece;
      this.#line += piece;
      begin = next;
      this.#spill();
      if (newline !== -1) this.#lineEnded();
    }
  }

  #lineEnded(): void {
    const line = this.#line.slice(0, -1);
    const before = this.#gap.length - this.#line.length;
    this.#line = '';
    const owner = this.#owner();
    if (owner === undefined || owner.recursive) {
      if (isMakesOwn(line)) this.#give(this.#takeGap());
    } else if (parseVerdict(line)?.target === owner.job?.recipe.target) {
      // Its shim was killed before it could print the end marker, and make has noticed.
      const gap = this.#takeGap();
      owner.text.push(gap.slice(0, before));
      if (owner.job !== undefined) this.#open.delete(owner.job.id);
      this.#finish(owner);
      this.#makeText(this.#options.rewrite(gap.slice(before)));
    }
  }

  /** No echo is that long: the front has an owner. */
  #spill(): void {
    while (this.#gap.length >= GAP_LIMIT) {
      const half = GAP_LIMIT / 2;
      const cut = this.#gap.lastIndexOf('\n', half - 1) + 1 || half;
      const front = this.#gap.slice(0, cut);
      this.#gap = this.#gap.slice(cut);
      if (this.#line.length > this.#gap.length) this.#line = this.#gap;
      this.#give(front);
    }
  }

  #takeGap(): Bytes {
    const gap = this.#gap;
    this.#gap = '';
    this.#line = '';
    return gap;
  }

  /** The job whose text make is handing out: one at a time, so the last to begin. */
  #handedOut(): OpenJob | undefined {
    let last: OpenJob | undefined;
    for (const open of this.#open.values()) if (open.synchronised && !open.recursive) last = open;
    return last;
  }

  /** Whose text it is that comes: those who begin in the middle of what is handed out only write into it. */
  #owner(): OpenJob | undefined {
    let owner = this.#handedOut();
    if (owner === undefined) for (const open of this.#open.values()) owner = open;
    return owner;
  }

  #give(text: Bytes, owner = this.#owner()): void {
    if (owner === undefined || owner.recursive) this.#makeText(this.#options.rewrite(text));
    else owner.text.push(text);
  }

  /** Verdicts come out as events of their own, after the hook has seen them. */
  #makeText(text: Bytes): void {
    let plain = 0;
    for (let begin = 0; begin < text.length;) {
      const newline = text.indexOf('\n', begin);
      const next = newline === -1 ? text.length : newline + 1;
      const verdict = parseVerdict(text.slice(begin, newline === -1 ? next : newline));
      if (verdict !== undefined) {
        this.#emitText(text.slice(plain, begin));
        if (this.#options.dropVerdict?.(verdict.target, verdict) !== true) {
          this.#options.onVerdict?.(verdict);
          this.#emitText(text.slice(begin, next));
        }
        plain = next;
      }
      begin = next;
    }
    this.#emitText(text.slice(plain));
  }

  #emitText(text: Bytes): void {
    if (text !== '') this.#options.emit({ type: 'make-text', text });
  }
}
