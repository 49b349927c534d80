import { button, h } from './dom.ts';
import { number } from './words.ts';

/** A column of a table; one with `order` can be sorted by. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => Node | string;
  readonly order?: (row: Row) => number | string;
  /** Numbers stand at the right. */
  readonly figure?: boolean;
}

export interface TableOptions<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Rows of one page. */
  readonly page?: number;
  /** What one row is. */
  readonly one?: string;
}

/** A table of any length, sorted by its headings, a page at a time. */
export class Table<Row> {
  readonly element: HTMLElement;
  readonly #options: TableOptions<Row>;
  readonly #body = h('tbody');
  readonly #headings: HTMLTableCellElement[];
  readonly #pager = h('nav', { class: 'pager' });
  readonly #where = h('span', { role: 'status' });
  readonly #previous = button('Previous', () => this.#turn(-1));
  readonly #next = button('Next', () => this.#turn(1));
  #rows: readonly Row[];
  #sorted: readonly Row[] = [];
  #by = -1;
  #down = false;
  #page = 0;

  constructor(options: TableOptions<Row>) {
    const { caption, columns, rows } = options;
    this.#options = options;
    this.#rows = rows;
    this.#headings = columns.map((column, index) => this.#heading(column, index));
    const table = h('table', {}, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...this.#headings)), this.#body);
    this.#pager.setAttribute('aria-label', `Pages: ${caption}`);
    this.#pager.append(this.#previous, this.#where, this.#next);
    const frame = h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': caption }, table);
    this.element = h('div', { class: 'table' }, frame, this.#pager);
    this.show(rows);
  }

  /** Other rows, from the first page. */
  show(rows: readonly Row[]): void {
    this.#rows = rows;
    this.#page = 0;
    this.#sort();
    this.#fill();
  }

  get #size(): number {
    return this.#options.page ?? 50;
  }

  #heading({ title, order, figure = false }: Column<Row>, index: number): HTMLTableCellElement {
    const cell = h('th', { scope: 'col', class: figure ? 'figure' : '' });
    if (!order) cell.append(title);
    else cell.append(button(title, () => this.#sortBy(index), { class: 'sort' }));
    return cell;
  }

  #sortBy(index: number): void {
    // Figures are asked for to see the largest.
    const first = this.#options.columns[index]?.figure === true;
    this.#down = this.#by === index ? !this.#down : first;
    this.#by = index;
    for (const [at, heading] of this.#headings.entries()) {
      if (at === index) heading.setAttribute('aria-sort', this.#down ? 'descending' : 'ascending');
      else heading.removeAttribute('aria-sort');
    }
    this.#page = 0;
    this.#sort();
    this.#fill();
  }

  #sort(): void {
    const order = this.#options.columns[this.#by]?.order;
    if (!order) {
      this.#sorted = this.#rows;
      return;
    }
    const keyed = this.#rows.map((row) => ({ row, key: order(row) }));
    const sign = this.#down ? -1 : 1;
    keyed.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0));
    this.#sorted = keyed.map(({ row }) => row);
  }

  #turn(by: number): void {
    if ((this.#page + by) * this.#size >= this.#sorted.length || this.#page + by < 0) return;
    this.#page += by;
    this.#fill();
  }

  #fill(): void {
    const first = this.#page * this.#size;
    const rows = this.#sorted.slice(first, first + this.#size);
    this.#body.replaceChildren(...rows.map((row) => this.#row(row)));
    const total = this.#sorted.length;
    this.#pager.hidden = total <= this.#size;
    const last = Math.min(first + this.#size, total);
    this.#where.textContent = `${number(first + 1)} to ${number(last)} of ${number(total, this.#options.one ?? 'row')}`;
    disable(this.#previous, this.#page === 0);
    disable(this.#next, last >= total);
  }

  #row(row: Row): HTMLTableRowElement {
    const cells = this.#options.columns.map(({ cell, figure = false }, index) => {
      const attributes = { class: figure ? 'figure' : '' };
      return index === 0 ? h('th', { ...attributes, scope: 'row' }, cell(row)) : h('td', attributes, cell(row));
    });
    return h('tr', {}, ...cells);
  }
}

/** A button that has the focus keeps it: `disabled` would take it away. */
function disable(element: HTMLButtonElement, off: boolean): void {
  element.setAttribute('aria-disabled', String(off));
  element.style.pointerEvents = off ? 'none' : '';
}
