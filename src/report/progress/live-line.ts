import { LiveRegion, type Terminal } from '../watch/live-region.ts';

/** A line at the bottom of a terminal that is drawn over and over. */
export class LiveLine {
  readonly #terminal: Terminal;
  #region: LiveRegion | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** @param text printable characters; what does not fit in one line is cut off */
  show(text: string): void {
    this.#region ??= new LiveRegion(this.#terminal);
    this.#region.draw([text.slice(0, Math.max(1, this.#region.size.columns - 1))]);
  }

  /** The line is gone, and the cursor stands where it began, until it is shown again. */
  hide(): void {
    this.#region?.draw([]);
  }

  /** Gives the terminal back. */
  close(): void {
    this.#region?.close();
    this.#region = undefined;
  }
}

/** Whether a stream is a terminal on which a line can be drawn anew; the log of a workflow is none. */
export function canDraw(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  const { TERM, GITHUB_ACTIONS } = environment;
  return stream.isTTY === true && TERM !== undefined && TERM !== 'dumb' && GITHUB_ACTIONS !== 'true';
}
