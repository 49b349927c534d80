import { readColours, type Colours } from './colours.ts';
import { h } from './dom.ts';
import { Gestures } from './gestures.ts';
import { takeKey, type KeyActions } from './keys.ts';
import { layOut, nearest, type Bar, type Layout, type Row } from './layout.ts';
import { describeLeg } from './leg-text.ts';
import { AXIS, Painter, type Scene } from './paint.ts';
import type { Job, Leg, Run } from './run.ts';
import { moved, showing, zoomed, type Span } from './span.ts';
import { Tooltip } from './tooltip.ts';

/** Pixels beside a bar that still count as the bar. */
const REACH = 4;

export interface TimelineEvents {
  /** A bar was chosen. `byKey`: with the keyboard. */
  readonly chosen: (leg: Leg, byKey: boolean) => void;
  /** Another part of the run is in sight. */
  readonly span: (span: Span) => void;
}

/** The picture of hosts, slots and jobs, to move and zoom in. */
export class Timeline {
  readonly element: HTMLElement;
  readonly #run: Run;
  readonly #events: TimelineEvents;
  readonly #layout: Layout;
  readonly #frame = h('div', { class: 'timeline-frame' });
  readonly #room = h('div', { class: 'timeline-room' });
  readonly #canvas = h('canvas', {
    ...{ id: 'timeline-canvas', tabindex: 0, role: 'application', 'aria-roledescription': 'timeline' },
    'aria-label': 'Hosts, slots and jobs over time',
    'aria-describedby': 'timeline-help',
  });
  readonly #said = h('p', { class: 'said', role: 'status', 'aria-live': 'polite' });
  readonly #tooltip = new Tooltip();
  readonly #context: CanvasRenderingContext2D | null;
  readonly #painter: Painter | undefined;
  #colours: Colours;
  #span: Span;
  #wanted: ReadonlySet<Job> | undefined;
  #showPath = true;
  #focused: { readonly row: Row; readonly bar: Bar } | undefined;
  #hovered: Leg | undefined;
  #due = false;

  constructor(run: Run, events: TimelineEvents) {
    this.#run = run;
    this.#events = events;
    this.#layout = layOut(run);
    this.#span = { from: 0, to: this.#whole };
    this.#room.append(this.#canvas);
    this.#room.style.height = `${this.#layout.height + AXIS}px`;
    this.#frame.append(this.#room);
    this.element = h('div', { class: 'timeline' }, this.#frame, this.#said, this.#tooltip.element);
    this.#colours = readColours(document.body);
    this.#context = this.#canvas.getContext('2d');
    if (this.#context) this.#painter = new Painter(this.#context, this.#scene);
    new ResizeObserver(() => this.#resize()).observe(this.#frame);
    this.#frame.addEventListener('scroll', () => this.#repaint());
    this.#canvas.addEventListener('keydown', (event) => {
      if (!takeKey(event, this.#keys)) return;
      event.preventDefault();
    });
    this.#canvas.addEventListener('blur', () => this.#tooltip.hide());
    new Gestures(this.#canvas, {
      zoom: (factor, x) => this.#show(zoomed(this.#span, factor, this.#time(x), this.#whole)),
      pan: (pixels) => this.#show(moved(this.#span, (pixels / this.#width) * this.#length, this.#whole)),
      scroll: (pixels) => (this.#frame.scrollTop += pixels),
      hover: (x, y) => this.#hover(x, y),
      leave: () => this.#hover(-1, -1),
      click: (x, y) => this.#click(x, y),
    });
  }

  get span(): Span {
    return this.#span;
  }

  /** The jobs that are drawn in full; the others are faded. Undefined: all. */
  filter(wanted: ReadonlySet<Job> | undefined): void {
    this.#wanted = wanted;
    this.#repaint();
  }

  showPath(shown: boolean): void {
    this.#showPath = shown;
    this.#repaint();
  }

  /** Shows that part of the run. */
  look(span: Span): void {
    this.#show(moved(span, 0, this.#whole));
  }

  zoom(factor: number): void {
    this.#show(zoomed(this.#span, factor, (this.#span.from + this.#span.to) / 2, this.#whole));
  }

  /** All of the run. */
  reset(): void {
    this.#show({ from: 0, to: this.#whole });
  }

  /** Marks a job and brings it into sight. */
  reveal(job: Job): void {
    const leg = job.legs.at(-1);
    const row = leg && this.#layout.rows.find(({ bars }) => bars.some((bar) => bar.leg === leg));
    const bar = row?.bars.find((one) => one.leg === leg);
    if (row && bar) this.#focus(row, bar);
  }

  /** After a change of the theme. */
  recolour(): void {
    this.#colours = readColours(document.body);
    this.#repaint();
  }

  get #whole(): number {
    return Math.max(0.01, this.#run.seconds);
  }

  get #width(): number {
    return Math.max(1, this.#canvas.clientWidth);
  }

  get #length(): number {
    return this.#span.to - this.#span.from;
  }

  get #scene(): Scene {
    return {
      ...{ run: this.#run, layout: this.#layout, span: this.#span, colours: this.#colours, wanted: this.#wanted },
      ...{ top: this.#frame.scrollTop, width: this.#width, height: this.#canvas.clientHeight },
      ...{ focused: this.#focused?.bar.leg, hovered: this.#hovered, showPath: this.#showPath },
    };
  }

  #time(x: number): number {
    return this.#span.from + (x / this.#width) * this.#length;
  }

  #resize(): void {
    const ratio = window.devicePixelRatio;
    const height = Math.min(this.#frame.clientHeight, this.#layout.height + AXIS);
    this.#canvas.style.height = `${height}px`;
    this.#canvas.width = Math.round(this.#width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#context?.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#painter?.paint(this.#scene);
  }

  #repaint(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#painter?.paint(this.#scene);
    });
  }

  #show(span: Span): void {
    this.#span = span;
    this.#events.span(span);
    this.#repaint();
  }

  #at(x: number, y: number): { row: Row; bar: Bar } | undefined {
    const top = y - AXIS + this.#frame.scrollTop;
    const row = y < AXIS ? undefined : this.#layout.rows.find((one) => top >= one.y && top < one.y + one.height);
    const found = row && nearest(row.bars, this.#time(x));
    if (!row || !found || found.distance > (REACH / this.#width) * this.#length) return undefined;
    return { row, bar: found.bar };
  }

  #hover(x: number, y: number): void {
    const leg = this.#at(x, y)?.bar.leg;
    if (leg) this.#tooltip.show(leg, this.#run, { x, y: y + this.#canvas.offsetTop - this.#frame.scrollTop });
    else this.#tooltip.hide();
    this.#canvas.style.cursor = leg ? 'pointer' : '';
    if (leg === this.#hovered) return;
    this.#hovered = leg;
    this.#repaint();
  }

  #click(x: number, y: number): void {
    const found = this.#at(x, y);
    if (!found) return;
    this.#focus(found.row, found.bar);
    this.#events.chosen(found.bar.leg, false);
  }

  #focus(row: Row, bar: Bar): void {
    this.#focused = { row, bar };
    this.#said.textContent = describeLeg(bar.leg, this.#run);
    const { scrollTop, clientHeight } = this.#frame;
    if (row.y < scrollTop) this.#frame.scrollTop = Math.max(0, row.y - 40);
    else if (row.y + row.height > scrollTop + clientHeight - AXIS) {
      this.#frame.scrollTop = row.y + row.height + AXIS + 20 - clientHeight;
    }
    this.#show(showing(this.#span, { from: bar.from, to: bar.to }, this.#whole));
  }

  readonly #keys: KeyActions = {
    zoom: (factor) => this.#zoomAtFocus(factor),
    reset: () => this.reset(),
    pan: (share) => this.#show(moved(this.#span, share * this.#length, this.#whole)),
    toEnd: (sign) => this.#show(moved(this.#span, sign * this.#whole, this.#whole)),
    step: (by) => this.#step(by),
    stepRow: (by) => this.#stepRow(by),
    choose: () => {
      if (this.#focused) this.#events.chosen(this.#focused.bar.leg, true);
    },
    hush: () => this.#tooltip.hide(),
  };

  #zoomAtFocus(factor: number): void {
    const bar = this.#focused?.bar;
    const middle = bar ? (bar.from + bar.to) / 2 : NaN;
    const inSight = middle >= this.#span.from && middle <= this.#span.to;
    const at = inSight ? middle : (this.#span.from + this.#span.to) / 2;
    this.#show(zoomed(this.#span, factor, at, this.#whole));
  }

  #isWanted = ({ leg }: Bar): boolean => this.#wanted?.has(leg.job) !== false;

  /** To the next job of the row that the filter wants, or the one before. */
  #step(by: 1 | -1): void {
    if (!this.#focused) {
      this.#stepRow(1);
      return;
    }
    const { row, bar } = this.#focused;
    const at = row.bars.indexOf(bar);
    const bars = by > 0 ? row.bars.slice(at + 1) : row.bars.slice(0, at).reverse();
    const next = bars.find(this.#isWanted);
    if (next) this.#focus(row, next);
  }

  /** To the job of the next row that is nearest in time. */
  #stepRow(by: 1 | -1): void {
    const { rows } = this.#layout;
    const { row, bar } = this.#focused ?? {};
    const time = bar ? (Math.max(bar.from, this.#span.from) + Math.min(bar.to, this.#span.to)) / 2 : this.#span.from;
    for (let at = row ? rows.indexOf(row) + by : 0; at >= 0 && at < rows.length; at += by) {
      const other = rows[at];
      const found = other && nearest(other.bars.filter(this.#isWanted), time);
      if (!other || !found) continue;
      this.#focus(other, found.bar);
      return;
    }
  }
}
