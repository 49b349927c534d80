import { createLogUpdate } from 'log-update';

/** What is needed of a terminal. */
export type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** A line at the bottom of a terminal that is drawn over and over. */
export class LiveLine {
  readonly #width: () => number;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  #shown = false;

  constructor(terminal: Terminal) {
    // A terminal that does not know its size says 0.
    this.#width = () => terminal.columns || 80;
    const sized = {
      isTTY: terminal.isTTY,
      get columns(): number {
        return terminal.columns || 80;
      },
      write: (text: string) => terminal.write(text),
    };
    // A cursor that the library hides it shows again by handlers that take signals for us.
    this.#draw = createLogUpdate(sized as Terminal, { showCursor: true });
  }

  /** @param text printable characters; what does not fit in one line is cut off */
  show(text: string): void {
    this.#shown = true;
    this.#draw(text.slice(0, Math.max(1, this.#width() - 1)));
  }

  /** The line is gone, and the cursor stands where it began, until it is shown again. */
  hide(): void {
    if (this.#shown) this.#draw.clear();
    this.#shown = false;
  }
}

/** Whether a stream is a terminal on which a line can be drawn anew; the log of a workflow is none. */
export function canDraw(stream: Pick<Terminal, 'isTTY'>, environment: NodeJS.ProcessEnv): boolean {
  const { TERM, GITHUB_ACTIONS } = environment;
  return stream.isTTY === true && TERM !== undefined && TERM !== 'dumb' && GITHUB_ACTIONS !== 'true';
}
