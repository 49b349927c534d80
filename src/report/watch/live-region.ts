import { createLogUpdate } from 'log-update';
import { heightOf } from '../text-width.ts';
import { stopSelf } from '../../util/stop-self.ts';

/** A terminal as node has it (`tty.WriteStream`). */
export type Terminal = NodeJS.WritableStream & { readonly columns?: number; readonly rows?: number };

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const ERASE_BELOW = '\r\x1b[J';

// eslint-disable-next-line no-control-regex
const COLOURS = /\x1b\[[0-9;]*m/g;

/**
 * Lines at the bottom of a terminal that are drawn again and again, with text above them that stays. The terminal is
 * left with its cursor shown however this process ends, as long as it can do anything about it, and while it is stopped.
 * One that goes away (its window is closed, its link lost) is no fault: nothing is written to it any more.
 */
export class LiveRegion {
  readonly #terminal: Terminal;
  readonly #sized: ReturnType<typeof sized>;
  readonly #update: ReturnType<typeof createLogUpdate>;
  /** What is on the terminal now. */
  #lines: readonly string[] = [];
  /** What stays and is not printed yet. */
  #above = '';
  #again: () => void = () => undefined;
  #open = true;
  #stopped = false;
  /** The terminal is no more. */
  #gone = false;

  /** Takes over the last lines of the terminal. */
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    this.#sized = sized(terminal, (text) => this.#write(text));
    // Hiding the cursor is done here: the library does it on standard error, and with handlers that take signals for us.
    this.#update = createLogUpdate(this.#sized, { showCursor: true });
    // For good: what becomes of the last that is written is known only later.
    terminal.on('error', this.#lose);
    terminal.on('resize', this.#resized);
    process.on('SIGTSTP', this.#suspend);
    process.on('SIGCONT', this.#resume);
    process.on('exit', this.#leave);
    this.#write(HIDE_CURSOR);
  }

  /** Columns, and rows that the region may have: the cursor stands in the one below. */
  get size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#sized;
    return { columns, rows: rows - 1 };
  }

  /** @param again called when the lines have to be drawn anew, at another size perhaps */
  onLost(again: () => void): void {
    this.#again = again;
  }

  /** Text that stays, in whole lines. It comes out with the next {@link draw}. */
  print(text: string): void {
    this.#above += text;
  }

  /** Replaces what is there. No line may be wider than the terminal, and no more may be given than {@link size} has. */
  draw(lines: readonly string[]): void {
    // Stopped: a timer may be faster than the word that the process goes on, and what the shell has printed is below.
    if (!this.#open || this.#stopped) return;
    this.#flush();
    if (lines.length === 0) {
      this.#clear();
      return;
    }
    this.#update(lines.join('\n'));
    this.#lines = lines;
  }

  /** Gives the terminal back: the region is gone, what was printed stays. A second call does nothing. */
  close(): void {
    if (this.#open) {
      this.#clear();
      this.#leave();
    }
    this.#terminal.off('resize', this.#resized);
    process.off('SIGTSTP', this.#suspend);
    process.off('SIGCONT', this.#resume);
    process.off('exit', this.#leave);
  }

  #write(text: string): boolean {
    return !this.#gone && this.#terminal.write(text);
  }

  #flush(): void {
    if (this.#above === '') return;
    this.#clear();
    this.#write(this.#above);
    this.#above = '';
  }

  #clear(): void {
    if (this.#lines.length > 0) this.#update.clear();
    this.#lines = [];
  }

  readonly #lose = (): void => {
    this.#open = false;
    this.#gone = true;
  };

  /** The last thing that is done, by whatever way the process ends. */
  readonly #leave = (): void => {
    this.#open = false;
    this.#write(this.#above + SHOW_CURSOR);
    this.#above = '';
  };

  /** A terminal that has become narrower has broken the lines that were there: the region is higher than it was. */
  readonly #resized = (): void => {
    const { columns } = this.size;
    const height = this.#lines.reduce((sum, line) => sum + heightOf(line.replace(COLOURS, ''), columns), 0);
    if (height > 0) this.#write(`\x1b[${height}A${ERASE_BELOW}`);
    this.#forget();
    this.#again();
  };

  /** Ctrl-Z: the shell gets a line and a cursor of its own. */
  readonly #suspend = (): void => {
    this.#clear();
    this.#write(SHOW_CURSOR);
    this.#stopped = true;
    stopSelf();
  };

  /** The shell has printed since: what was drawn is somewhere above. */
  readonly #resume = (): void => {
    // It may come twice, or for no reason.
    if (!this.#stopped) return;
    this.#stopped = false;
    this.#write(HIDE_CURSOR);
    this.#forget();
    this.#again();
  };

  #forget(): void {
    this.#update.done();
    this.#lines = [];
  }
}

/** As much of a terminal as is drawn with. One that does not know its size says 0, and is taken to have the usual one. */
function sized(
  terminal: Terminal,
  write: (text: string) => boolean,
): NodeJS.WritableStream & { readonly columns: number; readonly rows: number } {
  const part = {
    isTTY: true,
    get columns() {
      return terminal.columns || 80;
    },
    get rows() {
      return terminal.rows || 24;
    },
    write,
  };
  return part as typeof part & NodeJS.WritableStream;
}
