import type { Colours } from './colours.ts';
import { hatching } from './hatching.ts';
import { lossWords } from './loss-words.ts';
import { firstAfter, type Bar, type Layout, type Row } from './layout.ts';
import type { Job, Leg, Run, State } from './run.ts';
import { tickStep, type Span } from './span.ts';
import { moment, number } from './words.ts';

/** Height of the axis at the top, in pixels. */
export const AXIS = 24;

/** Shades of the three phases. */
const STAGING = 0.4;
const COLLECTING = 0.65;
/** Of what the filter leaves out. */
const FADED = 0.14;

export interface Scene {
  readonly run: Run;
  readonly layout: Layout;
  readonly span: Span;
  /** Pixels of the rows above what is seen. */
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
  /** Undefined: all. */
  readonly wanted: ReadonlySet<Job> | undefined;
  readonly focused: Leg | undefined;
  readonly hovered: Leg | undefined;
  readonly showPath: boolean;
}

/** Draws one picture of the timeline: only what is in sight, and of what falls on one pixel only the first of a state. */
export class Painter {
  readonly #context: CanvasRenderingContext2D;
  readonly #patterns = new Map<string, CanvasPattern | string>();
  #scene: Scene;

  constructor(context: CanvasRenderingContext2D, scene: Scene) {
    this.#context = context;
    this.#scene = scene;
  }

  paint(scene: Scene): void {
    if (scene.colours !== this.#scene.colours) this.#patterns.clear();
    this.#scene = scene;
    const { width, height, colours, layout, top } = scene;
    const context = this.#context;
    context.globalAlpha = 1;
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, width, height);
    const rows = layout.rows.filter((row) => row.y + row.height > top && row.y < top + height - AXIS);
    for (const row of rows) this.#background(row);
    this.#grid();
    const special: { row: Row; bar: Bar }[] = [];
    for (const row of rows) this.#row(row, special);
    for (const { row, bar } of special) this.#special(row, bar);
    for (const row of rows) if (row.kind === 'head') this.#head(row, this.#y(row));
    const [first] = rows;
    if (first && first.kind !== 'head') this.#pinned(first);
    this.#axis();
  }

  #x(time: number): number {
    const { span, width } = this.#scene;
    return ((time - span.from) / (span.to - span.from)) * width;
  }

  #y(row: Row): number {
    return row.y - this.#scene.top + AXIS;
  }

  #background(row: Row): void {
    const { colours, width } = this.#scene;
    const context = this.#context;
    const { place } = row;
    const y = this.#y(row);
    context.fillStyle = colours.band;
    if (row.kind === 'slot') context.fillRect(0, y + 1, width, row.height - 2);
    if (row.kind === 'head' || place.local) return;
    context.fillStyle = this.#hatched(colours.line);
    const ready = place.ready === null ? this.#scene.run.seconds : place.ready / 1000;
    context.fillRect(this.#x(0), y, this.#x(ready) - this.#x(0), row.height);
    for (const { from, to, isBack, wasReady } of place.losses) {
      // Before it was ready for the first time everything is hatched.
      if (!wasReady) continue;
      const x = this.#x(from);
      context.fillRect(x, y, isBack ? Math.max(1, this.#x(to) - x) : width, row.height);
    }
  }

  #row(row: Row, special: { row: Row; bar: Bar }[]): void {
    const { span, wanted, showPath, focused, hovered, colours } = this.#scene;
    const context = this.#context;
    let [pixel, state]: [number, State | undefined] = [-1, undefined];
    for (let at = firstAfter(row.bars, span.from); at < row.bars.length; at++) {
      const bar = row.bars[at];
      if (!bar || bar.from >= span.to) break;
      const { leg } = bar;
      const faded = wanted?.has(leg.job) === false;
      if (leg === focused || leg === hovered || (!faded && ((showPath && leg.job.onPath) || leg.state === 'failed'))) {
        special.push({ row, bar });
      }
      const x = this.#x(bar.from);
      const right = this.#x(bar.to);
      if (right - x < 1 && Math.floor(x) === pixel && state === leg.state) continue;
      [pixel, state] = [Math.floor(x), leg.state];
      context.fillStyle = colours.state[leg.state];
      this.#bar(row, bar, x, right, faded ? FADED : 1);
    }
    context.globalAlpha = 1;
  }

  #bar(row: Row, bar: Bar, x: number, right: number, alpha: number): void {
    const { leg } = bar;
    const context = this.#context;
    const y = this.#y(row) + 1;
    const height = row.height - 2;
    const width = Math.max(1, right - x);
    if (width < 3 || bar.waiting) {
      context.globalAlpha = alpha * (bar.waiting ? STAGING : 1);
      context.fillRect(x, y, width, height);
      return;
    }
    const part = (from: number, to: number, shade: number): void => {
      if (to <= from) return;
      context.globalAlpha = alpha * shade;
      context.fillRect(from, y, to - from, height);
    };
    // A gap of a pixel where bars follow on one another.
    const end = right - Math.min(1, width / 8);
    const started = leg.started === undefined ? end : Math.min(end, this.#x(leg.started));
    const collecting = leg.collecting === undefined ? end : Math.max(started, Math.min(end, this.#x(leg.collecting)));
    part(x, started, STAGING);
    part(started, collecting, 1);
    part(collecting, end, COLLECTING);
    if (width > 6 && (leg.state === 'again' || leg.state === 'stopped')) {
      context.fillStyle = this.#hatched(this.#scene.colours.paper);
      part(x, end, 0.6);
    }
    if (width > 44 && alpha === 1) this.#label(leg, Math.max(0, started), collecting, y + height / 2);
  }

  #label(leg: Leg, from: number, to: number, middle: number): void {
    const context = this.#context;
    const room = Math.min(to, this.#scene.width) - from - 8;
    if (room < 34) return;
    context.globalAlpha = 1;
    context.font = '10px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.fillStyle = this.#scene.colours.onBar;
    const text = leg.job.recipe.target;
    const letters = Math.floor(room / 5.6);
    context.fillText(text.length <= letters ? text : `${text.slice(0, letters - 1)}…`, from + 4, middle + 0.5, room);
  }

  /** What must be seen however narrow it is: failures, the critical path, what is pointed at. */
  #special(row: Row, { leg, from, to }: Bar): void {
    const { colours, showPath, focused, hovered } = this.#scene;
    const context = this.#context;
    const x = this.#x(from);
    const width = Math.max(3, this.#x(to) - x);
    const [y, height] = [this.#y(row), row.height];
    context.globalAlpha = 1;
    if (leg.state === 'failed' && width <= 3) {
      context.fillStyle = colours.state.failed;
      context.fillRect(x - 1, y, 4, height);
    }
    if (showPath && leg.job.onPath) {
      context.strokeStyle = colours.ink;
      context.lineWidth = 2;
      context.strokeRect(x, y + 1, width, height - 2);
    }
    if (leg === focused || leg === hovered) {
      context.strokeStyle = colours.focus;
      context.lineWidth = leg === focused ? 3 : 2;
      context.strokeRect(x - 1.5, y - 0.5, width + 3, height + 1);
    }
  }

  #head(row: Row, y: number): void {
    const { place } = row;
    const { colours, run } = this.#scene;
    const context = this.#context;
    const slots = place.slots === null ? '' : `  ${number(place.slots, 'slot')}`;
    const losses = lossWords(place);
    const lost = losses === '' ? '' : `  ${losses}`;
    const never = place.state === 'coming' && run.data.result !== 'unfinished' ? '  never ready' : '';
    context.textBaseline = 'middle';
    context.font = '600 12px system-ui, sans-serif';
    context.fillStyle = colours.ink;
    const middle = y + row.height / 2 + 2;
    context.fillText(place.name, 6, middle);
    const left = 6 + context.measureText(place.name).width;
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = colours.quiet;
    context.fillText(`${slots}  ${number(place.legs.length, 'job')}${lost}${never}`, left + 2, middle);
  }

  /** The name of the place whose head has been scrolled away. */
  #pinned({ place }: Row): void {
    const { colours, layout, width } = this.#scene;
    const head = layout.rows.find((row) => row.kind === 'head' && row.place === place);
    const next = layout.rows.find((row) => row.kind === 'head' && row.y > this.#scene.top);
    if (!head || (next && this.#y(next) < AXIS + head.height)) return;
    this.#context.fillStyle = colours.paper;
    this.#context.fillRect(0, AXIS, width, head.height);
    this.#head(head, AXIS);
  }

  get #ticks(): { readonly step: number; readonly times: readonly number[] } {
    const { span, width } = this.#scene;
    const step = tickStep(span.to - span.from, width / 90);
    const times: number[] = [];
    for (let at = Math.ceil(span.from / step - 1e-6); at * step <= span.to; at++) times.push(at * step);
    return { step, times };
  }

  #grid(): void {
    this.#context.fillStyle = this.#scene.colours.line;
    for (const time of this.#ticks.times)
      this.#context.fillRect(Math.round(this.#x(time)), AXIS, 1, this.#scene.height);
  }

  #axis(): void {
    const { colours, width } = this.#scene;
    const context = this.#context;
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, width, AXIS);
    context.fillStyle = colours.line;
    context.fillRect(0, AXIS - 1, width, 1);
    context.fillStyle = colours.quiet;
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    const { step, times } = this.#ticks;
    for (const time of times) {
      const text = moment(time, step);
      const room = context.measureText(text).width;
      const x = Math.min(width - room - 2, Math.max(2, this.#x(time) - room / 2));
      context.fillText(text, x, AXIS / 2);
    }
  }

  #hatched(colour: string): CanvasPattern | string {
    let pattern = this.#patterns.get(colour);
    if (pattern === undefined) this.#patterns.set(colour, (pattern = hatching(this.#context, colour)));
    return pattern;
  }
}
