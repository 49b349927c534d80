import { formatBytes } from '../format-bytes.ts';
import { escapeMarkdown, markdownTable } from '../markdown.ts';
import type { Leg } from '../record/job-record.ts';
import { readySeconds, type PlaceRecord } from '../record/place-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { legSeconds } from './leg-seconds.ts';
import { lossText } from './loss-text.ts';
import { counted, formatSeconds, formatShare } from './words.ts';

/** Rows; more hosts are counted. */
const MOST = 100;

/** More are folded away. */
const OPEN = 20;

const HEADER = ['Host', 'Slots', 'Runs', 'Busy', 'Sent', 'Received', 'Staging', 'Remarks'];

const NOTE =
  'Runs: a job that ran again counts each time. Busy: the share of the time of its slots, as long as it was ready, in which recipes ran.';

interface Sums {
  runs: number;
  /** Slot seconds in which recipes ran. */
  busy: number;
  sent: number;
  received: number;
  turnedAway: number;
}

/**
 * A row for each host and one for the runner. Busy: the share of its slots' time in which recipes ran, from when it was
 * first ready to the end of the run, without the time for which it was away.
 */
export function hostTable(record: RunRecord): string {
  const { places } = record;
  if (places.every((place) => place.local && place.slots === undefined)) return '';
  const sums = sumsOf(record);
  const rows = places
    .filter((place, at) => at < MOST || place.local)
    .map((place) => rowOf(place, sums.get(place.name), record.seconds));
  const left = places.length - rows.length;
  const isNumber = (column: string): boolean => column !== 'Host' && column !== 'Remarks';
  const more = left > 0 ? `\n\n${counted(left, 'host')} more` : '';
  const table = `${markdownTable(HEADER, rows, isNumber)}${more}\n\n${NOTE}`;
  return `### Hosts\n\n${places.length > OPEN ? folded(places, table) : table}`;
}

/** A table that would hide what comes after it. */
function folded(places: readonly PlaceRecord[], table: string): string {
  const hosts = places.filter((place) => !place.local);
  const slots = hosts.reduce((sum, place) => sum + (place.slots ?? 0), 0);
  const lost = hosts.filter(({ losses }) => losses.length > 0).length;
  const words = `${counted(hosts.length, 'host')}, ${counted(slots, 'slot')}${lost > 0 ? `, ${lost} lost` : ''}`;
  return `<details><summary>${words}</summary>\n\n${table}\n\n</details>`;
}

function rowOf(place: PlaceRecord, sums: Sums | undefined, now: number): string[] {
  const { name, local, slots, staging, figures } = place;
  const cells = [slots === undefined ? '' : String(slots), String(sums?.runs ?? 0)];
  cells.push(formatBusy(place, sums, now));
  const shown = escapeMarkdown(name, 80);
  if (local) return [shown, ...cells.map(unbroken), '', '', '', ''];
  // The figures know of what travelled besides jobs and first staging; they come at the end.
  const sent = figures?.sent ?? staging.done + (sums?.sent ?? 0);
  const received = figures?.received ?? sums?.received ?? 0;
  cells.push(formatBytes(sent), formatBytes(received));
  cells.push(place.ready === undefined ? '' : formatSeconds(staging.seconds));
  return [shown, ...cells.map(unbroken), escapeMarkdown(remarks(place, sums?.turnedAway ?? 0, now), 300)];
}

function formatBusy(place: PlaceRecord, sums: Sums | undefined, now: number): string {
  if (place.slots === undefined) return '';
  const time = readySeconds(place, now) * place.slots;
  return time > 0 ? formatShare(Math.min(1, (sums?.busy ?? 0) / time)) : '';
}

function remarks(place: PlaceRecord, turnedAway: number, now: number): string {
  const losses = lossText(place, now);
  const words = losses === '' ? [] : [losses];
  if (place.state === 'coming') words.push('was not ready by the end');
  if (turnedAway > 0) words.push(`${counted(turnedAway, 'job')} turned away (its owner allows no more)`);
  return words.join('; ');
}

/** A number and its unit on one line. */
function unbroken(cell: string): string {
  return cell.replaceAll(' ', '&nbsp;');
}

function sumsOf(record: RunRecord): ReadonlyMap<string, Sums> {
  const now = record.seconds;
  const all = new Map<string, Sums>();
  for (const job of record.jobs) for (const leg of job.legs) add(leg, now, all);
  return all;
}

function add(leg: Leg, now: number, all: Map<string, Sums>): void {
  const sums = all.get(leg.place) ?? { runs: 0, busy: 0, sent: 0, received: 0, turnedAway: 0 };
  all.set(leg.place, sums);
  if (leg.outcome === 'turned-away') {
    sums.turnedAway++;
    return;
  }
  // A host may be lost before the job began.
  if (leg.started !== undefined) sums.runs++;
  sums.busy += legSeconds(leg, now) * leg.slots;
  sums.sent += leg.sent;
  sums.received += leg.received;
}
