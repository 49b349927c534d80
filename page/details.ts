import { formatBytes as bytes } from '../src/report/format-bytes.ts';
import { h, name } from './dom.ts';
import { phasesOf } from './leg-text.ts';
import { STATE_WORDS, endOf, type Job, type Leg, type Recipe, type Run } from './run.ts';
import { duration, number } from './words.ts';

const CLASS_WORDS = {
  open: 'not over when the record ended',
  remote: 'on hosts',
  retried: 'failed on a host, passed on the runner',
  local: 'on the runner',
  recursive: 'calls make',
} as const;

/** Everything that is known of one target: its jobs, and where, when and why each of them ran. */
export class Details {
  readonly element: HTMLElement;
  readonly #run: Run;
  readonly #heading = h('h3', { id: 'details-heading', tabindex: -1 }, 'No job chosen');
  readonly #body = h('div', {}, h('p', {}, 'Choose a bar of the timeline, or a target in one of the tables.'));

  constructor(run: Run) {
    this.#run = run;
    this.element = h('aside', { class: 'details', 'aria-labelledby': 'details-heading' }, this.#heading, this.#body);
  }

  show({ recipe }: Job, focus: boolean): void {
    this.#heading.replaceChildren(name(recipe.target));
    this.#body.replaceChildren(facts(recipeFacts(recipe)), ...recipe.jobs.map((job, at) => this.#job(job, at)));
    if (focus) this.#heading.focus();
  }

  #job(job: Job, at: number): HTMLElement {
    const { recipe } = job;
    const title = recipe.jobs.length > 1 ? `Job ${at + 1} of ${recipe.jobs.length}` : 'Job';
    const parts: HTMLElement[] = [h('h4', {}, title), h('pre', { tabindex: 0, 'aria-label': 'Command' }, job.command)];
    if (job.directory !== recipe.directory) parts.push(facts([['Directory', name(job.directory)]]));
    let since = job.queued;
    for (const leg of job.legs) {
      parts.push(this.#leg(leg, since));
      since = endOf(leg, this.#run);
    }
    if (job.legs.length === 0) parts.push(h('p', {}, `Asked for at ${duration(job.queued)}, it never got a slot.`));
    if (job.output !== undefined) parts.push(h('p', {}, h('a', { href: linkTo(job.output) }, 'Its whole output')));
    if (job.onPath) parts.push(h('p', {}, 'On the critical path.'));
    return h('section', {}, ...parts);
  }

  #leg(leg: Leg, since: number): HTMLElement {
    const end = endOf(leg, this.#run);
    const phases = [['waiting for a slot', leg.placed - since] as const, ...phasesOf(leg, this.#run)];
    const times = phases.flatMap(([words, seconds]) => (seconds < 0.0005 ? [] : [`${words} ${duration(seconds)}`]));
    const slots = leg.slots > 1 ? `, ${leg.slots} slots from ${leg.slot}` : leg.slot > 0 ? `, slot ${leg.slot}` : '';
    const rows: (readonly [string, Node | string])[] = [
      ['Place', h('span', {}, name(leg.place.name), slots)],
      ['Why there', leg.reason],
      ['Outcome', leg.outcome === '' ? 'not ended' : leg.outcome + (leg.end === 'ignored' ? ', ignored' : '')],
      ['State', h('span', { class: `state ${leg.state}` }, STATE_WORDS[leg.state])],
      ['Asked for', duration(since)],
      ['Got its slot', duration(leg.placed)],
      ['Ended', leg.ended === undefined ? 'not yet' : duration(end)],
      ['Times', times.join(', ')],
    ];
    if (!leg.place.local) {
      rows.push(['Bytes', `${bytes(leg.sent)} there, ${bytes(leg.received)} back`], ['Files back', number(leg.files)]);
    }
    return facts(rows);
  }
}

/** Names and what is said of them. */
export function facts(rows: readonly (readonly [string, Node | string])[]): HTMLElement {
  const list = h('dl', { class: 'facts' });
  for (const [term, value] of rows) list.append(h('div', {}, h('dt', {}, term), h('dd', {}, value)));
  return list;
}

function recipeFacts(recipe: Recipe): (readonly [string, Node | string])[] {
  return [
    ['Directory of make', name(recipe.directory)],
    ['Counted as', CLASS_WORDS[recipe.class]],
  ];
}

/** Never an address with a scheme or a host: each part is escaped, and it begins in the page's own folder. */
function linkTo(path: string): string {
  return `./${path.split('/').map(encodeURIComponent).join('/')}`;
}
