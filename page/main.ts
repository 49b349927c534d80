import type { PageData } from '../src/report/page/page-data.ts';
import { Details } from './details.ts';
import { button, h, section } from './dom.ts';
import { FilterBar } from './filter-bar.ts';
import { heading } from './heading.ts';
import { JobTable, criticalPath, slowest } from './job-tables.ts';
import { Overview } from './overview.ts';
import { STATES, STATE_WORDS, Run, type Job } from './run.ts';
import { hosts, reasons, summary } from './summary.ts';
import type { Span } from './span.ts';
import { themeChoice } from './theme.ts';
import { Timeline } from './timeline.ts';
import { duration } from './words.ts';

const HELP =
  'Drag to move, pinch or Ctrl with the wheel to zoom, click a bar for details. With the keyboard: arrow keys go from job to job, Enter shows ' +
  'details, + and - zoom, 0 shows all, Shift with an arrow key moves, Home and End go to the ends. The table of jobs says the same as the timeline.';

/** Puts the page together from the data that stands in it. */
function start(): void {
  const run = new Run(JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData);
  const details = new Details(run);
  const shown = h('span', { class: 'quiet', id: 'shown' }, partText({ from: 0, to: run.seconds }, run));
  const timeline = new Timeline(run, {
    chosen: (leg, byKey) => details.show(leg.job, byKey),
    span: (span) => {
      overview.show(span);
      shown.textContent = partText(span, run);
    },
  });
  const overview = new Overview(run, (middle) => {
    const half = (timeline.span.to - timeline.span.from) / 2;
    timeline.look({ from: middle - half, to: middle + half });
  });
  const choose = (job: Job): void => {
    timeline.reveal(job);
    details.show(job, true);
  };
  const jobs = new JobTable(run, choose);
  const filters = new FilterBar(run, (wanted) => {
    timeline.filter(wanted);
    jobs.show(wanted);
  });
  const filterReason = (reason: string): void => {
    filters.chooseReason(reason);
    document.getElementById('timeline-heading')?.focus();
  };
  const theme = themeChoice(() => {
    timeline.recolour();
    overview.paint();
  });

  const title = heading(run);
  document.title = `distmake: ${title}`;
  const parts = [
    summary(run),
    section(
      'timeline',
      'Timeline',
      filters.element,
      overview.element,
      controls(timeline, shown),
      h('div', { class: 'picture' }, timeline.element, details.element),
      h('p', { id: 'timeline-help', class: 'quiet' }, HELP),
    ),
    criticalPath(run, choose),
    hosts(run),
    slowest(run, choose),
    reasons(run, filterReason),
    jobs.element,
  ];
  const links = parts.map((part) => h('a', { href: `#${part.id}` }, part.querySelector('h2')?.textContent ?? ''));
  const main = h('main', {}, ...parts);
  document.body.append(
    h('a', { class: 'skip', href: '#timeline' }, 'Skip to the timeline'),
    h('header', {}, h('h1', { class: run.data.result }, 'distmake: ', title), theme),
    h('nav', { class: 'parts', 'aria-label': 'Parts of this page' }, ...links),
    main,
  );
}

/** Which part of the run is in sight. */
function partText(span: Span, run: Run): string {
  const all = span.from <= 0 && span.to >= run.seconds;
  return all
    ? `all ${duration(run.seconds)}`
    : `${duration(span.from)} to ${duration(span.to)} of ${duration(run.seconds)}`;
}

function controls(timeline: Timeline, shown: HTMLElement): HTMLElement {
  const path = h('input', { type: 'checkbox', checked: true });
  path.addEventListener('change', () => timeline.showPath(path.checked));
  const legend = STATES.map((state) => h('li', {}, h('span', { class: `swatch ${state}` }), STATE_WORDS[state]));
  const phases = h('li', {}, h('span', { class: 'swatch phases' }), 'staging, running, collecting');
  return h(
    'div',
    { class: 'controls' },
    button('Zoom in', () => timeline.zoom(1 / 1.5)),
    button('Zoom out', () => timeline.zoom(1.5)),
    button('Whole run', () => timeline.reset()),
    shown,
    h('label', { class: 'check' }, path, h('span', { class: 'swatch path' }), 'mark the critical path'),
    h('ul', { class: 'legend', 'aria-label': 'Colours' }, ...legend, phases),
  );
}

start();
