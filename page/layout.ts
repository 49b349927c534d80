import { endOf, type Leg, type Place, type Run } from './run.ts';

/** A leg, or the part of it that only waits for its make, in one row. */
export interface Bar {
  readonly leg: Leg;
  readonly from: number;
  readonly to: number;
  /** It has no slot: its make runs. */
  readonly waiting: boolean;
}

export interface Row {
  readonly place: Place;
  /** `head`: names the place. `make`: jobs that wait for their makes, and have no slot. */
  readonly kind: 'head' | 'slot' | 'make';
  /** Pixels from the top. */
  readonly y: number;
  readonly height: number;
  /** In order of time; none overlaps another. */
  readonly bars: readonly Bar[];
}

export interface Layout {
  readonly rows: readonly Row[];
  readonly height: number;
}

const HEAD = 26;
const SLOT = 14;
const MAKE = 8;

/** Rows of all places: one for each slot, then what waits for makes, as few rows as hold it. */
export function layOut(run: Run): Layout {
  const rows: Row[] = [];
  let y = 0;
  const add = (place: Place, kind: Row['kind'], height: number, bars: readonly Bar[]): void => {
    rows.push({ place, kind, y, height, bars });
    y += height;
  };
  for (const place of run.places) {
    if (place.local && place.legs.length === 0 && run.places.length > 1) continue;
    add(place, 'head', HEAD, []);
    for (const bars of slotRows(place, run)) add(place, 'slot', SLOT, bars);
    for (const bars of makeRows(place, run)) add(place, 'make', MAKE, bars);
  }
  return { rows, height: y + 8 };
}

/** The first bar of a row that ends after a time; the number of bars if there is none. */
export function firstAfter(bars: readonly Bar[], time: number): number {
  let [low, high] = [0, bars.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bars[middle]?.to ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The bar of a row that is nearest to a time, and how far that is in seconds. */
export function nearest(bars: readonly Bar[], time: number): { bar: Bar; distance: number } | undefined {
  const after = firstAfter(bars, time);
  let found: { bar: Bar; distance: number } | undefined;
  for (const bar of [bars[after - 1], bars[after]]) {
    if (!bar) continue;
    const distance = Math.max(0, bar.from - time, time - bar.to);
    if (!found || distance < found.distance) found = { bar, distance };
  }
  return found;
}

function slotRows(place: Place, run: Run): Bar[][] {
  const used = place.legs.reduce((most, { slot, slots }) => Math.max(most, slot + slots - 1), 0);
  const rows: Bar[][] = Array.from({ length: Math.max(used, place.slots ?? 0, 1) }, () => []);
  for (const leg of place.legs) {
    const bar = { leg, from: leg.placed, to: leg.waits ?? endOf(leg, run), waiting: false };
    for (let slot = leg.slot; slot < leg.slot + leg.slots; slot++) rows[slot - 1]?.push(bar);
  }
  for (const bars of rows) bars.sort((a, b) => a.from - b.from);
  return rows;
}

function makeRows(place: Place, run: Run): Bar[][] {
  const bars = place.legs.flatMap((leg) =>
    leg.waits === undefined ? [] : [{ leg, from: leg.waits, to: endOf(leg, run), waiting: true }],
  );
  bars.sort((a, b) => a.from - b.from);
  const rows: Bar[][] = [];
  for (const bar of bars) {
    const free = rows.find((row) => (row.at(-1)?.to ?? 0) <= bar.from);
    if (free) free.push(bar);
    else rows.push([bar]);
  }
  return rows;
}
