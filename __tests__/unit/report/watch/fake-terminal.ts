import { Writable } from 'node:stream';
import { TerminalScreen } from '../../../rig/terminal-screen.ts';

/** A terminal as node has it, with what a person sees on it. */
export class FakeTerminal extends Writable {
  readonly isTTY = true;
  readonly screen: TerminalScreen;
  columns: number;
  rows: number;
  /** All that was written. */
  written = '';

  constructor(columns: number, rows: number) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    this.screen = new TerminalScreen(columns, rows);
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.written += text;
    this.screen.write(text);
    done();
  }

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.screen.resize(columns, rows);
    this.emit('resize');
  }
}
