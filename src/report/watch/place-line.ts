import { isMissed } from '../../model/place-reason.ts';
import { REASON_WORDS } from '../reason-text.ts';
import { sinceText } from './clock-text.ts';
import { span, type Line, type Span, type Style } from './line.ts';
import { keepEnd, keepStart, padEnd, padStart, widthOf } from '../text-width.ts';
import type { WatchedJob, WatchedPlace } from './watched-place.ts';

/** Below so many columns there is no bar, and below fewer no figures. */
const BAR_FROM = 60;
const FIGURES_FROM = 45;
/** Characters of a bar, without its ends. */
const BAR = 10;
/** Columns of `1:02:03`. */
const TIME = 7;
/** Columns that a running job wants to have. */
const JOB = 60;
/** Longest name of a host, as a share of the line. */
const NAME_SHARE = 0.3;

/** Columns that the parts of the lines have in common. */
export interface PlaceColumns {
  readonly all: number;
  readonly name: number;
  readonly state: number;
  readonly slots: number;
  readonly done: number;
}

/** The columns that these places need beneath each other. */
export function columnsFor(places: readonly WatchedPlace[], all: number): PlaceColumns {
  const widest = (text: (place: WatchedPlace) => string): number =>
    places.reduce((most, place) => Math.max(most, widthOf(text(place))), 0);
  return {
    all,
    name: Math.min(
      Math.floor(all * NAME_SHARE),
      widest((place) => place.name),
    ),
    state: widest(stateText),
    slots: widest(slotsText),
    done: widest(({ done }) => String(done)),
  };
}

/**
 * `build1  ready  [######....]  6/8  132 done   83 % busy`.
 *
 * @param now seconds since the start of the run
 * @param inline whether what has run longest there stands in the same line
 */
export function placeLine(place: WatchedPlace, columns: PlaceColumns, now: number, inline: boolean): Line {
  const { all } = columns;
  const isAway = place.state === 'lost' || place.state === 'benched';
  const line: Span[] = [
    span(padEnd(keepStart(place.name, columns.name), columns.name), 'bold'),
    span('  '),
    span(padEnd(stateText(place), isAway ? 0 : columns.state), STATE_STYLES[place.state]),
  ];
  if (isAway) return [...line, span(`: ${place.reason}`)];
  if (place.state === 'coming') return line;
  line.push(span(`${all < BAR_FROM ? '' : `  ${barOf(place)}`}  ${padStart(slotsText(place), columns.slots)}`));
  if (all >= FIGURES_FROM) {
    const share = place.busyShare(now);
    const busy = share === undefined ? '' : `  ${padStart(String(Math.round(share * 100)), 3)} % busy`;
    line.push(span(`  ${padStart(String(place.done), columns.done)} done${busy}`));
  }
  const [longest] = inline ? longestFirst(place) : [];
  if (longest) {
    const used = line.reduce((sum, { text }) => sum + widthOf(text), 2);
    line.push(span('  '), ...jobSpans(longest, all - used, now, 0));
  } else if (place.missed.size > 0) {
    const counts = [...place.missed]
      .toSorted((a, b) => b[1] - a[1])
      .map(([reason, count]) => `${REASON_WORDS[reason]} ${count}`);
    line.push(span(`  left here: ${counts.join(', ')}`, 'yellow'));
  }
  return line;
}

/** What runs there, longest first: `   12 s  src/main.o`; a wide terminal has several side by side. */
export function jobLines(place: WatchedPlace, columns: number, now: number, rows: number): readonly Line[] {
  const side = jobsInRow(columns);
  const width = Math.floor(columns / side);
  const jobs = longestFirst(place).slice(0, rows * side);
  return Array.from({ length: Math.ceil(jobs.length / side) }, (_, row) =>
    jobs.slice(row * side, (row + 1) * side).flatMap((job) => {
      const cell = [span('  '), ...jobSpans(job, width - 2, now, TIME)];
      return [...cell, span(' '.repeat(Math.max(0, width - cell.reduce((sum, { text }) => sum + widthOf(text), 0))))];
    }),
  );
}

/** How many running jobs stand side by side. */
export function jobsInRow(columns: number): number {
  return Math.max(1, Math.floor(columns / JOB));
}

/** `288 more: 12 with jobs, 200 idle, 70 coming, 6 lost`. */
export function othersLine(places: readonly WatchedPlace[]): Line {
  const counts: readonly (readonly [string, number])[] = [
    ['with jobs', places.filter(({ running }) => running.size > 0).length],
    ['idle', places.filter(({ running, state }) => running.size === 0 && state === 'ready').length],
    ['coming', places.filter(({ running, state }) => running.size === 0 && state === 'coming').length],
    ['benched', places.filter(({ running, state }) => running.size === 0 && state === 'benched').length],
    ['lost', places.filter(({ running, state }) => running.size === 0 && state === 'lost').length],
  ];
  const words = counts.filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word}`);
  return [span(`${places.length} more: ${words.join(', ')}`)];
}

const STATE_STYLES: Readonly<Record<WatchedPlace['state'], Style>> = {
  coming: 'yellow',
  ready: 'green',
  benched: 'red',
  lost: 'red',
};

function stateText({ state, staged }: WatchedPlace): string {
  const isComing = state === 'coming' || state === 'benched';
  return isComing && staged !== undefined ? `${state} ${Math.floor(staged * 100)} %` : state;
}

function slotsText({ used, slots }: WatchedPlace): string {
  return `${used}/${slots ?? '?'}`;
}

function barOf({ used, slots }: WatchedPlace): string {
  const share = slots === undefined || slots === 0 ? 0 : Math.min(1, used / slots);
  // Something is seen of every job, and full is what is full.
  const filled = share > 0 ? Math.max(1, Math.floor(share * BAR)) : 0;
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]`;
}

function longestFirst({ running }: WatchedPlace): readonly WatchedJob[] {
  return [...running.values()].sort((a, b) => (a.started ?? a.placed) - (b.started ?? b.placed));
}

function jobSpans(job: WatchedJob, columns: number, now: number, timeColumns: number): readonly Span[] {
  const time = padStart(sinceText(now - (job.started ?? job.placed)), timeColumns);
  const phase = job.collecting ? '  collecting' : job.started === undefined ? '  sending' : '';
  const why = isMissed(job.reason) ? `  ${REASON_WORDS[job.reason]}` : '';
  const room = columns - widthOf(time) - 2 - phase.length - why.length;
  // Where there is no room for both, the target tells more than the rest.
  if (room < 8) return [span(`${time}  `), span(keepEnd(job.target, Math.max(0, columns - widthOf(time) - 2)))];
  return [span(`${time}  `), span(keepEnd(job.target, room)), span(phase, 'dim'), span(why, 'yellow')];
}
