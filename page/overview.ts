import { readColours } from './colours.ts';
import { h } from './dom.ts';
import { endOf, type Run } from './run.ts';
import type { Span } from './span.ts';
import { number } from './words.ts';

const HEIGHT = 54;

/** How many ran and how many waited for a slot, on average over each of so many equal parts of the run. */
export function loadCurve(run: Run, parts: number): { readonly running: number[]; readonly waiting: number[] } {
  const running = new Array<number>(parts).fill(0);
  const waiting = new Array<number>(parts).fill(0);
  const length = Math.max(0.001, run.seconds) / parts;
  const add = (curve: number[], from: number, to: number): void => {
    const last = Math.min(parts - 1, Math.floor(to / length));
    for (let part = Math.max(0, Math.floor(from / length)); part <= last; part++) {
      const share = (Math.min(to, (part + 1) * length) - Math.max(from, part * length)) / length;
      curve[part] = (curve[part] ?? 0) + Math.max(0, share);
    }
  };
  for (const job of run.jobs) {
    let since = job.queued;
    for (const leg of job.legs) {
      add(waiting, since, leg.placed);
      add(running, leg.placed, leg.waits ?? endOf(leg, run));
      since = endOf(leg, run);
    }
    if (job.legs.length === 0) add(waiting, since, run.seconds);
  }
  return { running, waiting };
}

/** A narrow picture of the whole run, with a frame around what the timeline shows: a click or a drag moves it there. */
export class Overview {
  readonly element: HTMLElement;
  readonly #run: Run;
  readonly #canvas = h('canvas', { class: 'overview', role: 'img' });
  #span: Span;

  /** @param look called with the time that is to be in the middle */
  constructor(run: Run, look: (middle: number) => void) {
    this.#run = run;
    this.#span = { from: 0, to: run.seconds };
    const slots = run.places.reduce((sum, place) => sum + (place.slots ?? 0), 0);
    const { running, waiting } = loadCurve(run, 100);
    const most = (curve: readonly number[]): string => number(Math.round(Math.max(0, ...curve)));
    const label = `Jobs over time: at most ${most(running)} running (area) on ${number(slots, 'slot')}, ${most(waiting)} waiting for a slot (line)`;
    this.#canvas.setAttribute('aria-label', label);
    this.element = h('figure', { class: 'load' }, this.#canvas, h('figcaption', {}, `${label}.`));
    new ResizeObserver(() => this.paint()).observe(this.#canvas);
    const point = (event: PointerEvent): void => {
      if (event.buttons === 1) look((event.offsetX / Math.max(1, this.#canvas.clientWidth)) * run.seconds);
    };
    this.#canvas.addEventListener('pointerdown', (event) => {
      this.#canvas.setPointerCapture(event.pointerId);
      point(event);
    });
    this.#canvas.addEventListener('pointermove', point);
  }

  show(span: Span): void {
    this.#span = span;
    this.paint();
  }

  paint(): void {
    const context = this.#canvas.getContext('2d');
    if (!context) return;
    const ratio = window.devicePixelRatio;
    const width = Math.max(1, this.#canvas.clientWidth);
    if (this.#canvas.width !== Math.round(width * ratio)) this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = HEIGHT * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const colours = readColours(document.body);
    const curve = this.#curve(width);
    const most = Math.max(1, ...curve.running, ...curve.waiting);
    const y = (value: number): number => HEIGHT - 1 - (value / most) * (HEIGHT - 4);
    context.fillStyle = colours.band;
    context.fillRect(0, 0, width, HEIGHT);
    context.fillStyle = colours.state.remote;
    for (const [x, value] of curve.running.entries()) context.fillRect(x, y(value), 1, HEIGHT - y(value));
    context.strokeStyle = colours.state.missed;
    context.lineWidth = 1.5;
    context.beginPath();
    for (const [x, value] of curve.waiting.entries()) context.lineTo(x + 0.5, y(value));
    context.stroke();
    const [left, right] = [this.#span.from, this.#span.to].map((time) => (time / this.#run.seconds) * width) as [
      number,
      number,
    ];
    context.fillStyle = colours.paper;
    context.globalAlpha = 0.6;
    context.fillRect(0, 0, left, HEIGHT);
    context.fillRect(right, 0, width - right, HEIGHT);
    context.globalAlpha = 1;
    context.strokeStyle = colours.ink;
    context.strokeRect(Math.max(1, left), 1, Math.max(3, Math.min(right, width - 1) - Math.max(1, left)), HEIGHT - 2);
  }

  #cached: { readonly width: number; readonly curve: ReturnType<typeof loadCurve> } | undefined;

  #curve(width: number): ReturnType<typeof loadCurve> {
    const parts = Math.max(10, Math.floor(width));
    if (this.#cached?.width !== parts) this.#cached = { width: parts, curve: loadCurve(this.#run, parts) };
    return this.#cached.curve;
  }
}
