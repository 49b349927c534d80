import type { PlaceRecord } from '../record/place-record.ts';
import type { Bar, GanttSection } from './gantt.ts';
import type { DrawnLeg } from './drawn-legs.ts';
import { stagingBars } from './staging-bars.ts';

/** Times that are told apart. */
const CELLS = 20;
/** Hosts with a row of their own. */
const HOSTS = 24;

/** How much of its slots each host had in use in each part of the run; what many hosts did beyond that is one row. */
export function busyRows(legs: readonly DrawnLeg[], places: readonly PlaceRecord[], seconds: number): GanttSection[] {
  const byPlace = new Map<string, DrawnLeg[]>();
  for (const leg of legs) {
    const own = byPlace.get(leg.place);
    if (own) own.push(leg);
    else byPlace.set(leg.place, [leg]);
  }
  const most = [...places].sort((a, b) => (byPlace.get(b.name)?.length ?? 0) - (byPlace.get(a.name)?.length ?? 0));
  const shown = new Set(places.length > HOSTS ? most.slice(0, HOSTS - 1) : most);
  const rows = places.filter((place) => shown.has(place)).map((place) => rowOf(place.name, [place], byPlace, seconds));
  const rest = places.filter((place) => !shown.has(place));
  return rest.length === 0 ? rows : [...rows, rowOf(`${rest.length} more hosts`, rest, byPlace, seconds)];
}

function rowOf(
  name: string,
  places: readonly PlaceRecord[],
  byPlace: ReadonlyMap<string, readonly DrawnLeg[]>,
  seconds: number,
): GanttSection {
  const cell = seconds / CELLS;
  const own = places.flatMap((place) => byPlace.get(place.name) ?? []);
  const slots = places.reduce((sum, place) => sum + (place.slots ?? widest(byPlace.get(place.name) ?? [])), 0);
  const shares = Array.from({ length: CELLS }, (_, at) => {
    const used = own.reduce((sum, leg) => sum + slotSeconds(leg, at * cell, (at + 1) * cell), 0);
    return Math.round(Math.min(1, used / (cell * Math.max(1, slots))) * 100);
  });
  const bars = shares.flatMap((share, at) => cellBar(share, at * cell, (at + 1) * cell));
  const [first] = places;
  return { name, bars: places.length === 1 && first ? [...stagingBars(first, bars), ...bars] : bars };
}

function slotSeconds({ from, to, slots }: DrawnLeg, since: number, until: number): number {
  return Math.max(0, Math.min(to, until) - Math.max(from, since)) * slots;
}

function cellBar(share: number, from: number, to: number): readonly Bar[] {
  if (share === 0) return [];
  return [{ text: String(share), kind: share < 50 ? 'missed' : 'usual', from, to }];
}

/** The highest slot in use: where nobody said how many there are. */
function widest(legs: readonly DrawnLeg[]): number {
  return legs.reduce((most, { slot, slots }) => Math.max(most, slot + slots - 1), 1);
}
