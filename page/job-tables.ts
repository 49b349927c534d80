import { button, h, name, section } from './dom.ts';
import { STATE_WORDS, STEP_WORDS, stateOfJob, timesOf, type Job, type Run, type Times } from './run.ts';
import { Table, type Column } from './table.ts';
import { duration, number, percent } from './words.ts';

type Choose = (job: Job) => void;

interface JobRow {
  readonly job: Job;
  readonly times: Times;
}

/** All jobs that the filter wants: the same that the timeline draws, as a table. */
export class JobTable {
  readonly element: HTMLElement;
  readonly #rows: readonly JobRow[];
  readonly #table: Table<JobRow>;

  constructor(run: Run, choose: Choose) {
    this.#rows = run.jobs.map((job) => ({ job, times: timesOf(job, run) }));
    this.#table = new Table<JobRow>({
      caption: 'Jobs, in the order in which make asked for them',
      rows: this.#rows,
      one: 'job',
      columns: [
        targetColumn(choose, ({ job }) => job),
        { title: 'Place', cell: ({ job }) => name(placeOf(job)), order: ({ job }) => placeOf(job) },
        { title: 'State', cell: ({ job }) => stateCell(job), order: ({ job }) => stateOfJob(job) },
        { title: 'Reason', cell: ({ job }) => reasonOf(job), order: ({ job }) => reasonOf(job) },
        timeColumn('Asked for', ({ job }) => job.queued),
        timeColumn('Waited', ({ times }) => times.wait),
        timeColumn('Staging', ({ times }) => times.staging),
        timeColumn('Running', ({ times }) => times.running),
        timeColumn('Collecting', ({ times }) => times.collecting),
      ],
    });
    this.element = section('jobs', 'Jobs', this.#table.element);
  }

  show(wanted: ReadonlySet<Job> | undefined): void {
    this.#table.show(wanted ? this.#rows.filter(({ job }) => wanted.has(job)) : this.#rows);
  }
}

/** The ten recipes that ran longest, without those that call make. */
export function slowest(run: Run, choose: Choose): HTMLElement {
  const rows = run.recipes
    .filter((recipe) => recipe.class !== 'recursive')
    .flatMap(({ jobs }) => {
      const [job] = jobs;
      const seconds = jobs.reduce((sum, one) => sum + timesOf(one, run).running, 0);
      return job ? [{ job, seconds }] : [];
    })
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 10);
  const table = new Table({
    caption: 'Recipes that ran longest, all their jobs together',
    rows,
    columns: [
      targetColumn<(typeof rows)[number]>(choose, ({ job }) => job),
      { title: 'Place', cell: ({ job }) => name(placeOf(job)), order: ({ job }) => placeOf(job) },
      timeColumn<(typeof rows)[number]>('Running', ({ seconds }) => seconds),
    ],
  });
  return section('slowest', 'Slowest targets', table.element);
}

interface PathRow {
  readonly job: Job | undefined;
  readonly from: number;
  /** By the kind of step, in seconds. */
  readonly parts: number[];
  readonly total: number;
}

/** What the end of the run waited for, in order of time, with shares of the wall time. */
export function criticalPath(run: Run, choose: Choose): HTMLElement {
  const rows: PathRow[] = [];
  for (const { job, kind, from, to } of run.steps) {
    let row = rows.at(-1);
    if (!row || row.job !== job) rows.push((row = { job, from, parts: STEP_WORDS.map(() => 0), total: 0 }));
    row.parts[kind] = (row.parts[kind] ?? 0) + to - from;
    rows[rows.length - 1] = { ...row, total: row.total + to - from };
  }
  const sums = STEP_WORDS.map((words, kind) => {
    const seconds = rows.reduce((sum, { parts }) => sum + (parts[kind] ?? 0), 0);
    return `${words} ${duration(seconds)} (${percent(seconds / run.seconds)})`;
  });
  const part =
    (kind: number) =>
    (row: PathRow): number =>
      row.parts[kind] ?? 0;
  const table = new Table<PathRow>({
    caption: 'The critical path, in order of time',
    rows,
    page: 25,
    one: 'step',
    columns: [
      targetColumn(choose, ({ job }) => job),
      { title: 'Place', cell: ({ job }) => (job ? name(placeOf(job)) : '') },
      timeColumn('From', ({ from }) => from),
      timeColumn('Make', part(0)),
      timeColumn('Waited', part(1)),
      timeColumn('Staging', part(2)),
      timeColumn('Running', part(3)),
      timeColumn('Collecting', part(4)),
      { title: 'Share', cell: ({ total }) => percent(total / run.seconds), order: ({ total }) => total, figure: true },
    ],
  });
  const what =
    'What the end of the run waited for, as the times tell it: from the job that ended last back to the job whose end released it, and so on. ' +
    'Make’s own graph of dependencies is not known; where all jobs of make were taken, the path goes through the one that made room.';
  if (rows.length === 0) return section('path', 'Critical path', h('p', {}, 'No job ran.'));
  return section('path', 'Critical path', h('p', {}, what), h('p', {}, `In all: ${sums.join(', ')}.`), table.element);
}

function targetColumn<Row>(choose: Choose, jobOf: (row: Row) => Job | undefined): Column<Row> {
  return {
    title: 'Target',
    order: (row) => jobOf(row)?.recipe.target ?? '',
    cell: (row) => {
      const job = jobOf(row);
      if (!job) return 'make ends';
      const element = button('', () => choose(job), { class: 'link' });
      element.append(name(job.recipe.target));
      const at = job.recipe.jobs.indexOf(job);
      return at > 0 ? h('span', {}, element, ` line ${at + 1}`) : element;
    },
  };
}

function timeColumn<Row>(title: string, seconds: (row: Row) => number): Column<Row> {
  return { title, order: seconds, figure: true, cell: (row) => (seconds(row) > 0 ? duration(seconds(row)) : '') };
}

function stateCell(job: Job): HTMLElement {
  const state = stateOfJob(job);
  const legs = job.legs.length > 1 ? `, ${number(job.legs.length, 'run')}` : '';
  return h('span', { class: `state ${state}` }, STATE_WORDS[state] + legs);
}

function placeOf(job: Job): string {
  return job.legs.at(-1)?.place.name ?? '';
}

function reasonOf(job: Job): string {
  return job.legs.at(-1)?.reason ?? '';
}
