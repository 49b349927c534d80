/** What a hand does on a canvas, in its pixels. */
export interface GestureEvents {
  /** Nearer with a factor below 1, at that place. */
  readonly zoom: (factor: number, x: number) => void;
  readonly pan: (pixels: number) => void;
  readonly scroll: (pixels: number) => void;
  readonly hover: (x: number, y: number) => void;
  readonly leave: () => void;
  readonly click: (x: number, y: number) => void;
}

/** A finger or mouse that moves less than this has clicked. */
const STILL = 4;

interface Pointer {
  x: number;
  y: number;
  readonly start: { readonly x: number; readonly y: number };
}

/**
 * Mouse, trackpad and fingers: drag moves, a click chooses, a pinch zooms, which a trackpad tells as a wheel with Ctrl. A
 * plain wheel is the page's.
 */
export class Gestures {
  readonly #events: GestureEvents;
  readonly #pointers = new Map<number, Pointer>();
  #dragged = false;

  constructor(element: HTMLElement, events: GestureEvents) {
    this.#events = events;
    element.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      const { offsetX: x, offsetY: y } = event;
      if (this.#pointers.size === 0) this.#dragged = false;
      this.#pointers.set(event.pointerId, { x, y, start: { x, y } });
      element.setPointerCapture(event.pointerId);
    });
    element.addEventListener('pointermove', (event) => this.#move(event));
    element.addEventListener('pointerup', (event) => {
      const single = this.#pointers.size === 1;
      if (this.#pointers.delete(event.pointerId) && single && !this.#dragged)
        events.click(event.offsetX, event.offsetY);
    });
    element.addEventListener('pointercancel', (event) => this.#pointers.delete(event.pointerId));
    element.addEventListener('pointerleave', () => events.leave());
  }

  #wheel(event: WheelEvent): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 30;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.#events.zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY * unit)) * 0.004), event.offsetX);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.#events.pan((event.deltaX === 0 ? event.deltaY : event.deltaX) * unit);
    }
  }

  #move(event: PointerEvent): void {
    const { offsetX: x, offsetY: y } = event;
    const pointer = this.#pointers.get(event.pointerId);
    if (!pointer) {
      this.#events.hover(x, y);
      return;
    }
    if (Math.hypot(x - pointer.start.x, y - pointer.start.y) > STILL) this.#dragged = true;
    const other = [...this.#pointers.values()].find((one) => one !== pointer);
    const [byX, byY] = [pointer.x - x, pointer.y - y];
    const before = other && Math.hypot(pointer.x - other.x, pointer.y - other.y);
    [pointer.x, pointer.y] = [x, y];
    if (!this.#dragged) return;
    if (other && before !== undefined) {
      const now = Math.max(1, Math.hypot(x - other.x, y - other.y));
      this.#events.zoom(before / now, (x + other.x) / 2);
      return;
    }
    this.#events.pan(byX);
    if (event.pointerType === 'mouse') this.#events.scroll(byY);
  }
}
