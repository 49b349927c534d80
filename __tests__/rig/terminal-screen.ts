import { widthOf } from '../../src/report/text-width.ts';

interface Row {
  cells: string[];
  /** The line goes on in the next row. */
  wrapped: boolean;
}

/** Of the escape sequences what a program needs that draws over its last lines; any other is an error of the test. */
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\x1b\[(\??)([0-9;]*)([A-Za-z])/y;

/**
 * What a terminal shows of what is written to it, as those do that break lines anew when they become narrower: written
 * after ECMA-48 and the behaviour of VTE.
 */
export class TerminalScreen {
  #columns: number;
  #rows: number;
  #lines: Row[] = [{ cells: [], wrapped: false }];
  /** First row that is on the screen; those before it have scrolled away. */
  #top = 0;
  #y = 0;
  #x = 0;
  cursorShown = true;
  /** How often something was erased or moved. */
  moves = 0;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  write(text: string): void {
    for (let at = 0; at < text.length;) {
      SEQUENCE.lastIndex = at;
      const match = SEQUENCE.exec(text);
      if (match) {
        this.#sequence(match[1]!, match[2]!, match[3]!);
        at += match[0].length;
        continue;
      }
      const character = String.fromCodePoint(text.codePointAt(at)!);
      this.#character(character);
      at += character.length;
    }
  }

  /** Breaks all lines anew. */
  resize(columns: number, rows: number): void {
    const lines: { cells: string[]; cursor: number | undefined }[] = [];
    let open = false;
    for (const [y, row] of this.#lines.entries()) {
      if (!open) lines.push({ cells: [], cursor: undefined });
      const line = lines.at(-1)!;
      if (y === this.#y) line.cursor = line.cells.length + this.#x;
      line.cells.push(...row.cells);
      open = row.wrapped;
    }
    this.#columns = columns;
    this.#rows = rows;
    this.#lines = [];
    for (const { cells, cursor } of lines) {
      const first = this.#lines.length;
      for (let at = 0; at === 0 || at < cells.length;) {
        // A wide character is not parted.
        const end = cells[at + columns] === '' ? at + columns - 1 : at + columns;
        this.#lines.push({ cells: cells.slice(at, end), wrapped: end < cells.length });
        at = end;
      }
      if (cursor === undefined) continue;
      this.#y = Math.min(first + Math.floor(cursor / columns), this.#lines.length - 1);
      this.#x = cursor % columns;
    }
    this.#top = Math.max(0, this.#y - rows + 1);
  }

  /** All lines, those that have scrolled away too, without blanks at their ends. */
  get text(): string {
    const text = this.#lines.map(({ cells }) => cells.join('').trimEnd()).join('\n');
    return text.trimEnd();
  }

  /** Whether a line did not fit. */
  get wrapped(): boolean {
    return this.#lines.some((row) => row.wrapped);
  }

  #character(character: string): void {
    if (character === '\r') {
      this.#x = 0;
    } else if (character === '\n') {
      this.#down();
      this.#x = 0;
    } else if (character < ' ' || character === '\x7f') {
      throw new Error(`control character ${JSON.stringify(character)}`);
    } else {
      const width = widthOf(character);
      if (this.#x + width > this.#columns) {
        this.#row.wrapped = true;
        this.#down();
        this.#x = 0;
      }
      const { cells } = this.#row;
      while (cells.length < this.#x) cells.push(' ');
      if (width === 0) cells[Math.max(0, this.#x - 1)] += character;
      else cells.splice(this.#x, width, character, ...Array<string>(width - 1).fill(''));
      this.#x += width;
    }
  }

  #sequence(question: string, parameters: string, final: string): void {
    if (question === '?') {
      if (parameters === '25') this.cursorShown = final === 'h';
      else if (parameters !== '2026') throw new Error(`mode ${parameters}`);
      return;
    }
    if (final === 'm') return;
    this.moves++;
    const count = Math.max(1, Number(parameters || '1'));
    const sequence = `${final}${final === 'K' || final === 'J' ? parameters : ''}`;
    if (sequence === 'A') this.#y = Math.max(this.#top, this.#y - count);
    else if (sequence === 'B') this.#y = Math.min(this.#top + this.#rows - 1, this.#y + count);
    else if (sequence === 'G') this.#x = count - 1;
    else if (sequence === 'K') this.#row.cells.length = Math.min(this.#x, this.#row.cells.length);
    else if (sequence === 'K2') this.#row.cells = [];
    else if (sequence === 'J') {
      this.#row.cells.length = Math.min(this.#x, this.#row.cells.length);
      this.#row.wrapped = false;
      this.#lines.length = this.#y + 1;
    } else throw new Error(`sequence ${JSON.stringify(parameters + final)}`);
    this.#fill();
  }

  #down(): void {
    this.#y++;
    this.#top = Math.max(this.#top, this.#y - this.#rows + 1);
    this.#fill();
  }

  #fill(): void {
    while (this.#lines.length <= this.#y) this.#lines.push({ cells: [], wrapped: false });
  }

  get #row(): Row {
    return this.#lines[this.#y]!;
  }
}
