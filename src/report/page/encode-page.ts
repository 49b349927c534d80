import { CHOSEN_REASONS, KEPT_REASONS, MISSED_REASONS, isMissed } from '../../model/place-reason.ts';
import { describeOutcome, succeeded, type Outcome } from '../../model/outcome.ts';
import { cleanLines, cleanTitle, withoutColours } from '../clean-text.ts';
import { REASON_WORDS } from '../reason-text.ts';
import { isOwnFailure, verdictOf } from '../verdict.ts';
import { STEP_KINDS, criticalPath } from '../record/critical-path.ts';
import type { JobRecord, Leg, RunRecord } from '../record/run-record.ts';
import { sequelOf } from '../record/sequel.ts';
import { Strings } from './strings.ts';
import {
  LEG_ENDS,
  PAGE_CLASSES,
  type JobColumns,
  type LegColumns,
  type LegEnd,
  type PageClass,
  type PageData,
  type PagePlace,
  type PathColumns,
  type RecipeColumns,
} from './page-data.ts';

/** All commands together, in characters: the page must stay below 5 MB at 20 000 jobs. */
const COMMANDS = 1_600_000;
const NAME_LIMIT = 300;
/** Losses of one host: the last of them. */
const LOSSES = 200;

const REASONS = [...CHOSEN_REASONS, ...KEPT_REASONS, ...MISSED_REASONS];

type Filled<T> = { readonly [K in keyof T]: number[] };

/**
 * What the page shows of a run, also of one that is cut short.
 * @param outputs files with the output of jobs, by the job's id, relative to the page
 */
export function pageData(record: RunRecord, outputs: ReadonlyMap<number, string> = new Map()): PageData {
  const { end, start, jobs } = record;
  const strings = new Strings();
  const indices = new Map(jobs.map((job, index) => [job, index]));
  const result = end ? verdictOf(end.outcome) : 'unfinished';
  const links = jobs.flatMap((job, index) => {
    const file = outputs.get(job.id);
    return file === undefined ? [] : [[String(index), file] as const];
  });
  return {
    started: start?.time ?? 0,
    duration: milliseconds(record.seconds),
    result,
    outcome: end ? describeOutcome(end.outcome) : '',
    counts: countsOf(record),
    reasons: REASONS.map((reason) => ({ words: REASON_WORDS[reason], missed: isMissed(reason) })),
    places: record.places.map(placeOf),
    recipes: recipeColumns(record, strings),
    jobs: jobColumns(record, strings),
    legs: legColumns(record, strings),
    path: pathColumns(record, indices),
    outputs: Object.fromEntries(links),
    strings: strings.all,
  };
}

function countsOf(record: RunRecord): Record<PageClass, number> {
  const counts: Record<PageClass, number> = { open: 0, remote: 0, retried: 0, local: 0, recursive: 0 };
  for (const recipe of record.recipes) counts[recipe.class ?? 'open']++;
  return counts;
}

function placeOf(place: RunRecord['places'][number]): PagePlace {
  return {
    name: cleanTitle(place.name),
    local: place.local,
    slots: place.slots ?? null,
    state: place.state,
    ready: place.ready === undefined ? null : milliseconds(place.ready),
    losses: place.losses.slice(-LOSSES).map(({ from, to, reason, wasReady, leftOut }) => ({
      from: milliseconds(from),
      to: to === undefined ? null : milliseconds(to),
      reason: cleanTitle(reason, NAME_LIMIT),
      wasReady,
      leftOut: cleanTitle(leftOut ?? '', NAME_LIMIT),
    })),
    staging: place.staging.bytes,
    sent: place.figures?.sent ?? null,
    received: place.figures?.received ?? null,
  };
}

function recipeColumns({ recipes }: RunRecord, strings: Strings): RecipeColumns {
  return {
    target: recipes.map(({ target }) => strings.index(cleanTitle(target, NAME_LIMIT))),
    directory: recipes.map(({ directory }) => strings.index(cleanTitle(directory, NAME_LIMIT))),
    make: recipes.map(({ make }) => make),
    class: recipes.map((recipe) => PAGE_CLASSES.indexOf(recipe.class ?? 'open')),
  };
}

function jobColumns({ jobs, recipes }: RunRecord, strings: Strings): JobColumns {
  const indices = new Map(recipes.map((recipe, index) => [recipe, index]));
  const limit = commandLimit(jobs);
  let before = 0;
  return {
    recipe: jobs.map(({ recipe }) => indices.get(recipe) ?? 0),
    command: jobs.map(({ command }) => strings.index(cleanCommand(command, limit))),
    directory: jobs.map(({ directory }) => strings.index(cleanTitle(directory, NAME_LIMIT))),
    queued: jobs.map(({ queued }) => {
      const now = milliseconds(queued);
      const since = now - before;
      before = now;
      return since;
    }),
  };
}

function legColumns({ jobs, places, end }: RunRecord, strings: Strings): LegColumns {
  const columns: Filled<LegColumns> = {
    ...{ job: [], place: [], reason: [], slot: [], slots: [], placed: [], started: [], waits: [], collecting: [] },
    ...{ ended: [], end: [], outcome: [], sent: [], received: [], files: [] },
  };
  const numbers = new Map(places.map(({ name }, index) => [name, index]));
  for (const [index, job] of jobs.entries()) {
    for (const leg of job.legs) {
      const placed = milliseconds(leg.placed);
      const since = (time: number | undefined): number => (time === undefined ? -1 : milliseconds(time) - placed);
      columns.job.push(index);
      columns.place.push(numbers.get(leg.place) ?? 0);
      columns.reason.push(REASONS.indexOf(leg.reason));
      columns.slot.push(leg.slot);
      columns.slots.push(leg.slots);
      columns.placed.push(placed - milliseconds(job.queued));
      columns.started.push(since(leg.started));
      columns.waits.push(since(leg.waits));
      columns.collecting.push(since(leg.collecting));
      columns.ended.push(since(leg.ended));
      columns.end.push(LEG_ENDS.indexOf(endOf(job, leg, end?.outcome)));
      columns.outcome.push(leg.outcome === undefined ? -1 : strings.index(outcomeWords(leg.outcome)));
      columns.sent.push(leg.sent);
      columns.received.push(leg.received);
      columns.files.push(leg.files);
    }
  }
  return columns;
}

/** @param run how the whole run ended: what its cancelling has ended has not failed */
function endOf(job: JobRecord, leg: Leg, run: Outcome | undefined): LegEnd {
  const { id, recipe } = job;
  const { outcome, again } = leg;
  if (outcome === undefined) return 'open';
  if (outcome === 'turned-away') return 'again';
  if (again) return sequelOf(job, leg, run);
  if (succeeded(outcome)) return 'succeeded';
  if (!isOwnFailure(outcome, run)) return 'cancelled';
  return recipe.class === undefined || recipe.failed?.job === id ? 'failed' : 'ignored';
}

function outcomeWords(outcome: NonNullable<Leg['outcome']>): string {
  return outcome === 'turned-away'
    ? 'turned away: no place for it there'
    : cleanTitle(describeOutcome(outcome), NAME_LIMIT);
}

function pathColumns(record: RunRecord, indices: ReadonlyMap<JobRecord, number>): PathColumns {
  const steps = criticalPath(record);
  return {
    job: steps.map(({ job }) => (job ? (indices.get(job) ?? -1) : -1)),
    kind: steps.map(({ kind }) => STEP_KINDS.indexOf(kind)),
    duration: steps.map(({ from, to }) => milliseconds(to) - milliseconds(from)),
  };
}

/** Untrusted, of several lines maybe; tabs stay. */
function cleanCommand(command: string, limit: number): string {
  const text = withoutColours(cleanLines(command).join('\n'));
  return text.length <= limit ? text : `${text.slice(0, limit).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** So many characters of each command that all of them stay within the limit. */
function commandLimit(jobs: readonly JobRecord[]): number {
  for (let limit = 2000; limit > 60; limit = Math.floor(limit / 1.3)) {
    const total = jobs.reduce((sum, { command }) => sum + Math.min(command.length, limit), 0);
    if (total <= COMMANDS) return limit;
  }
  return 60;
}

function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000);
}
