import type { PlaceRecord } from '../record/place-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { drawnLegs, type DrawnLeg } from './drawn-legs.ts';
import { gantt, type GanttSection } from './gantt.ts';
import { stagingBars } from './staging-bars.ts';
import { slotRows } from './slot-rows.ts';
import { busyRows } from './busy-rows.ts';
import { formatSeconds } from './words.ts';

/** One bar each, with its name, up to so many. */
const FEW = 30;
/** A row for each slot, up to so many. */
const SLOTS = 24;
/** GitHub does not draw what is longer than 50 000 characters. */
const LONGEST = 40_000;

/**
 * A picture of who ran what when: few jobs one by one; more in a row for each slot, neighbours that are too short for a
 * bar of their own together; with many slots how busy each host was.
 *
 * @returns Markdown; empty where nothing ran
 */
export function timeline(record: RunRecord, root: string): string {
  const { seconds } = record;
  const legs = drawnLegs(record, root);
  if (legs.length === 0 || seconds <= 0) return '';
  const places = record.places.filter(({ name }) => legs.some((leg) => leg.place === name));
  const rows = new Set(legs.map(({ place, slot }) => `${slot} ${place}`)).size;
  const forms: (() => readonly [string, string])[] = [
    () => [gantt(busyRows(legs, places, seconds), { seconds, packed: true }), BUSY_LEGEND],
  ];
  if (rows <= SLOTS)
    forms.unshift(() => [gantt(slotRows(legs, places, seconds), { seconds, packed: true }), legend(legs, MERGED)]);
  if (legs.length <= FEW)
    forms.unshift(() => [gantt(oneByOne(legs, places), { seconds, packed: false }), legend(legs, '')]);
  for (const form of forms) {
    const [diagram, words] = form();
    if (diagram.length <= LONGEST) return `### Timeline\n\n${diagram}\n\n${words}`;
  }
  return '';
}

function oneByOne(legs: readonly DrawnLeg[], places: readonly PlaceRecord[]): GanttSection[] {
  return places.map((place) => {
    const own = legs.filter((leg) => leg.place === place.name);
    const bars = own.map((leg) => ({ ...leg, text: `${leg.text} ${formatSeconds(leg.to - leg.from)}` }));
    return { name: place.name, bars: [...stagingBars(place, own), ...bars] };
  });
}

const STAGING = 'Grey is the first staging.';
const MERGED = 'A bar with a number stands for so many jobs in a row.';

const BUSY_LEGEND = `How much of their slots the hosts had in use, in per cent: from the time that a job had its slot to the time that what it wrote was here. Blue: half or more; amber: less. ${STAGING}`;

/** What the colours mean, those that are there. */
function legend(legs: readonly DrawnLeg[], more: string): string {
  const kinds = new Set(legs.map(({ kind }) => kind));
  const words = [
    'Each bar is a job, from the time that it had its slot to the time that what it wrote was here.',
    more,
    STAGING,
    kinds.has('failed') ? 'Red: failed.' : '',
    kinds.has('again') ? 'Grey with a red rim: had to run again.' : '',
    kinds.has('missed') ? 'Amber: ran on the runner though it might have left.' : '',
  ];
  return words.filter((one) => one !== '').join(' ');
}
