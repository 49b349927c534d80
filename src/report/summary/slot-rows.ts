import { basename } from 'node:path/posix';
import type { PlaceRecord } from '../record/place-record.ts';
import type { Bar, BarKind, GanttSection } from './gantt.ts';
import type { DrawnLeg } from './drawn-legs.ts';
import { stagingBars } from './staging-bars.ts';

const MOST_BARS = 240;
/** What is narrower than that share of the run goes together with its neighbours; so is what is that near. */
const NARROW = 0.006;
const NEAR = 0.002;
/** About as many letters as fit from end to end. */
const LETTERS = 110;

/** From the one that matters most. */
const WEIGHT: readonly BarKind[] = ['failed', 'again', 'missed', 'usual'];

interface Run extends Bar {
  readonly jobs: number;
}

/** A section for each place, its bars so that a packed diagram gives each slot a row. */
export function slotRows(legs: readonly DrawnLeg[], places: readonly PlaceRecord[], seconds: number): GanttSection[] {
  const bySlot = new Map<string, Map<number, DrawnLeg[]>>();
  for (const leg of legs) {
    const slots = bySlot.get(leg.place) ?? new Map<number, DrawnLeg[]>();
    bySlot.set(leg.place, slots);
    const own = slots.get(leg.slot);
    if (own) own.push(leg);
    else slots.set(leg.slot, [leg]);
  }
  for (let factor = 1; ; factor *= 1.6) {
    const rows = places.map((place) => ({
      place,
      runs: [...(bySlot.get(place.name) ?? [])].flatMap(([, slot]) => merged(slot, seconds * factor)),
    }));
    const count = rows.reduce((sum, { runs }) => sum + runs.length, 0);
    if (count > MOST_BARS && factor < 1000) continue;
    return rows.map(({ place, runs }) => ({
      name: place.name,
      bars: [...stagingBars(place, runs), ...runs.map((run) => labelled(run, seconds))],
    }));
  }
}

/** Neighbours that are narrow and near become one; a failed one stays alone. */
function merged(legs: readonly DrawnLeg[], span: number): readonly Run[] {
  const runs: Run[] = [];
  for (const leg of legs) {
    const last = runs.at(-1);
    const narrow = last && (leg.to - leg.from < span * NARROW || last.to - last.from < span * NARROW);
    if (last && narrow && leg.from - last.to < span * NEAR && leg.kind !== 'failed' && last.kind !== 'failed') {
      const kind = WEIGHT.find((one) => one === leg.kind || one === last.kind) ?? 'usual';
      runs[runs.length - 1] = { text: '', kind, from: last.from, to: Math.max(last.to, leg.to), jobs: last.jobs + 1 };
    } else runs.push({ ...leg, jobs: 1 });
  }
  return runs;
}

/** The whole name, or the last part of it, as it has room: beyond its bar a text would stand in the next. */
function labelled({ jobs, text, ...bar }: Run, seconds: number): Bar {
  const room = Math.floor(((bar.to - bar.from) / seconds) * LETTERS) - 1;
  const labels = jobs > 1 ? [String(jobs)] : [text, basename(text)];
  return { ...bar, text: labels.find((label) => [...label].length <= room) ?? '' };
}
