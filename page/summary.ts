import { formatBytes } from '../src/report/format-bytes.ts';
import { facts } from './details.ts';
import { h, name, section } from './dom.ts';
import { describeLoss, lossWords } from './loss-words.ts';
import { awaySeconds, endOf, type Place, type Run } from './run.ts';
import { Table } from './table.ts';
import { duration, number, percent } from './words.ts';

/** Figures of the run. */
export function summary(run: Run): HTMLElement {
  const { counts, started } = run.data;
  const missed = [...run.reasons.values()].reduce((sum, reason) => sum + (reason.missed ? reason.count : 0), 0);
  const rows: (readonly [string, Node | string])[] = [
    ['Recipes', number(run.recipes.length)],
    ['On hosts', number(counts.remote)],
    ['Run again on the runner', number(counts.retried)],
    ['On the runner', number(counts.local)],
    ['Calls of make', number(counts.recursive)],
  ];
  if (counts.open > 0) rows.push(['Not over', number(counts.open)]);
  rows.push(['Jobs', number(run.jobs.length)], ['Jobs on the runner that might have left', number(missed)]);
  const when = started === 0 ? [] : [startOf(started)];
  return section('summary', 'Summary', ...when, facts(rows));
}

function startOf(started: number): HTMLElement {
  const date = new Date(started);
  const words = date.toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'medium' });
  return h('p', {}, 'Started ', h('time', { datetime: date.toISOString() }, words));
}

/** How long jobs held slots of a place, added up, in seconds. */
function busySeconds(place: Place, run: Run): number {
  return place.legs.reduce((sum, leg) => sum + leg.slots * ((leg.waits ?? endOf(leg, run)) - leg.placed), 0);
}

/** Share of the time that its slots were taken while it was ready; undefined: it never was, or has no known slots. */
function busyShare(place: Place, run: Run): number | undefined {
  const ready = place.local ? 0 : place.ready === null ? undefined : place.ready / 1000;
  const seconds = ready === undefined ? 0 : run.seconds - ready - awaySeconds(place);
  return place.slots === null || seconds <= 0 ? undefined : busySeconds(place, run) / (seconds * place.slots);
}

export function hosts(run: Run): HTMLElement {
  const recipes = (place: Place): number => new Set(place.legs.map(({ job }) => job.recipe)).size;
  const size = (value: number | null): string => (value === null ? '' : formatBytes(value));
  const table = new Table<Place>({
    caption: 'Hosts, in the order of the matrix, and the runner',
    rows: run.places,
    one: 'host',
    columns: [
      { title: 'Host', cell: (place) => name(place.name), order: (place) => place.name },
      {
        title: 'Slots',
        cell: ({ slots }) => (slots === null ? '' : number(slots)),
        order: (one) => one.slots ?? -1,
        figure: true,
      },
      { title: 'Recipes', cell: (place) => number(recipes(place)), order: recipes, figure: true },
      {
        ...{ title: 'Busy share', figure: true, order: (place) => busyShare(place, run) ?? -1 },
        cell: (place) => shareBar(busyShare(place, run)),
      },
      {
        title: 'Ready after',
        cell: (one) => (one.local || one.ready === null ? '' : duration(one.ready / 1000)),
        order: (one) => one.ready ?? -1,
        figure: true,
      },
      { title: 'Bytes there', cell: ({ sent }) => size(sent), order: ({ sent }) => sent ?? -1, figure: true },
      {
        title: 'Bytes back',
        cell: ({ received }) => size(received),
        order: ({ received }) => received ?? -1,
        figure: true,
      },
      { title: 'Lost', cell: (place) => lostText(place) },
    ],
  });
  return section('hosts', 'Hosts', table.element);
}

/** Of several losses the list can be opened. */
function lostText(place: Place): Node | string {
  if (place.losses.length <= 1) return name(lossWords(place));
  const items = place.losses.map((loss) => h('li', {}, name(describeLoss(loss))));
  return h('details', {}, h('summary', {}, lossWords(place)), h('ul', {}, ...items));
}

function shareBar(share: number | undefined): Node | string {
  if (share === undefined) return '';
  return h(
    'span',
    { class: 'share' },
    h('meter', { min: 0, max: 1, value: Math.min(1, share), 'aria-hidden': 'true' }),
    percent(share),
  );
}

/** Why jobs ran on the runner, those that might have left first. */
export function reasons(run: Run, choose: (reason: string) => void): HTMLElement {
  const rows = [...run.reasons].map(([words, { count, missed }]) => ({ words, count, missed }));
  rows.sort((a, b) => Number(b.missed) - Number(a.missed) || b.count - a.count);
  const table = new Table({
    caption: 'Why jobs ran where they ran',
    rows,
    columns: [
      { title: 'Reason', cell: ({ words }) => filterButton(words, choose), order: ({ words }) => words },
      { title: 'Jobs', cell: ({ count }) => number(count), order: ({ count }) => count, figure: true },
      { title: 'Might have left', cell: ({ missed }) => (missed ? 'yes' : ''), order: ({ missed }) => Number(missed) },
    ],
  });
  return section('reasons', 'Reasons', table.element);
}

function filterButton(words: string, choose: (reason: string) => void): HTMLElement {
  const element = h('button', { type: 'button', class: 'link', title: 'Show these jobs alone' }, words);
  element.addEventListener('click', () => choose(words));
  return element;
}
