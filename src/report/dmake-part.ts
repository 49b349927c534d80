import { makeFlags } from '../engine/make-flags.ts';
import type { Job, Recipe } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';

/** One job of the part, and what is known of it. */
interface Line {
  /** Cancelled ones may never print: they are not waited for. */
  state: 'running' | 'ended' | 'cancelled';
  /** It calls make and waits for it on the runner. */
  waits: boolean;
  told: boolean;
  /** Its command stands below the header of the start. */
  shown: boolean;
}

/** What is to be printed of a part. */
export interface PartText {
  /** Echoes of commands that do not stand below the header of the start yet. */
  readonly commands: Bytes;
  /** Everything: commands and output, in order. */
  readonly text: Bytes;
  /** Whether there is more in it than echoed commands. */
  readonly beyond: boolean;
}

/**
 * What dmake calls a job: lines of one recipe whose text comes out of make together. That is the whole recipe, or, when a
 * line of it calls make, what stands before or behind that line.
 */
export class DmakePart {
  readonly recipe: Recipe;
  /** make -s: nothing but output is printed. */
  readonly silent: boolean;
  /**
   * Its make runs one recipe at a time. Then -O does nothing, and each line's text comes when that line has ended: that
   * the recipe is over shows only in what comes next.
   */
  readonly serial: boolean;
  /** Where the header says that it started. */
  announced: Bytes | undefined;
  /** Where its last line ended. */
  host: Bytes | undefined;
  readonly #lines = new Map<number, Line>();
  #commands: Bytes[] = [];
  #text: Bytes[] = [];
  #beyond = false;

  /** @param job the first one that is known of it */
  constructor(job: Job) {
    this.recipe = job.recipe;
    this.silent = makeFlags(job.environment).has('s');
    this.serial = !runsSeveral(job.environment);
  }

  /** @param waits it calls make and waits for it on the runner */
  started({ id }: Job, waits: boolean): void {
    const line = this.#line(id);
    line.state = 'running';
    line.waits = waits;
  }

  ended({ id }: Job, how: 'ended' | 'cancelled', host: Bytes): void {
    this.#line(id).state = how;
    this.host = host;
  }

  /**
   * Whether the text of a job is no block, but goes on in make's own words: it waits for a make. Text of a job that still
   * runs comes only from one that has called make after all.
   */
  waits({ id }: Job, output: Bytes): boolean {
    const line = this.#lines.get(id);
    return line !== undefined && (line.waits || (line.state === 'running' && output === ''));
  }

  /** The command stands below the header of the start. */
  shown({ id }: Job): void {
    this.#line(id).shown = true;
  }

  /** What it printed has been dealt with elsewhere. */
  told({ id }: Job): void {
    this.#line(id).told = true;
  }

  add({ id }: Job, echo: Bytes, output: Bytes): void {
    const line = this.#line(id);
    line.told = true;
    // make prints the line before it asks: what was cancelled while it waited never ran.
    if (line.state === 'cancelled' && output === '') return;
    if (!line.shown) this.#commands.push(echo);
    this.#text.push(echo, output);
    this.#beyond ||= output !== '';
  }

  /** make's own words amid the lines. */
  remark(text: Bytes): void {
    this.#text.push(text);
    this.#beyond = true;
  }

  /** No text is on its way: every line that has ended has been told. */
  get complete(): boolean {
    return [...this.#lines.values()].every((line) => line.told || line.state !== 'ended');
  }

  /** All lines that are known of it have ended, and are told. */
  get over(): boolean {
    return [...this.#lines.values()].every((line) => line.told && line.state !== 'running');
  }

  /** Hands out what has gathered. */
  take(): PartText {
    const taken = { commands: this.#commands.join(''), text: this.#text.join(''), beyond: this.#beyond };
    this.#commands = [];
    this.#text = [];
    this.#beyond = false;
    return taken;
  }

  #line(id: number): Line {
    let line = this.#lines.get(id);
    if (line === undefined) {
      line = { state: 'running', waits: false, told: false, shown: false };
      this.#lines.set(id, line);
    }
    return line;
  }
}

/** Whether a make runs recipes at the same time, by what MAKEFLAGS says of -j: variables stand behind `--`. */
function runsSeveral(environment: readonly Bytes[]): boolean {
  const flags = environment.find((entry) => entry.startsWith('MAKEFLAGS='))?.slice(10) ?? '';
  return /(?:^| )-j(?!1(?: |$))/.test(flags.replace(/(?:^| )-- .*$/s, ''));
}
