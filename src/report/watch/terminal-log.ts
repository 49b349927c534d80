import { cleanLines, cleanTitle, withoutColours } from '../clean-text.ts';
import type { WorkflowLog } from '../workflow-commands.ts';
import { span, paint } from './line.ts';

/** What a log of recipes calls on a workflow's log. */
type Log = Pick<WorkflowLog, 'text' | 'group' | 'warning' | 'notice'>;

/** Ends whatever colour a text has begun. */
const PLAIN_AGAIN = '\x1b[0m';

/**
 * What a workflow's log would have, for a terminal: no commands, no folds. Everything that is given to it is untrusted;
 * of control characters only tabs and colours are left, and colours only where they are wanted.
 */
export class TerminalLog implements Log {
  readonly #write: (text: string) => void;
  readonly #colour: boolean;

  /** @param write takes whole lines */
  constructor(write: (text: string) => void, colour: boolean) {
    this.#write = write;
    this.#colour = colour;
  }

  text(text: string): void {
    const lines = cleanLines(text);
    if (lines.length === 0) return;
    const shown = lines.join('\n');
    if (!this.#colour) this.#write(`${withoutColours(shown)}\n`);
    else this.#write(`${shown}${shown.includes('\x1b') ? PLAIN_AGAIN : ''}\n`);
  }

  /** One after the other: a terminal has no folds. */
  group(title: string, text: string): void {
    this.#write(`${paint([span(withoutColours(cleanTitle(title)), 'bold')], Infinity, this.#colour)}\n`);
    this.text(text);
  }

  warning(message: string): void {
    this.#own(message);
  }

  notice(message: string): void {
    this.#own(message);
  }

  #own(message: string): void {
    this.text(`distmake: ${message}`);
  }
}
