import { succeeded } from '../../../../../src/model/outcome.ts';
import type { Answer } from '../story.ts';
import type { Oracle } from './oracle.ts';

/** What may follow on what in the life of a job. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  '': ['job-queued'],
  'job-queued': ['job-placed', 'job-finished'],
  'job-placed': ['job-started', 'job-turned-away', 'job-collecting', 'job-waits', 'job-finished', 'again'],
  'job-started': ['job-collecting', 'job-waits', 'job-finished', 'again'],
  'job-waits': ['job-finished', 'again'],
  'job-collecting': ['job-finished', 'again'],
  'job-turned-away': ['job-placed', 'job-finished'],
  again: ['job-placed', 'job-finished'],
  'job-finished': [],
};

/** Every job is told of in the order in which things can happen, and ends exactly once. */
export const jobsEndOnce: Oracle = function* ({ story }) {
  const states = new Map<number, string>();
  for (const { event } of story.told) {
    if (!('job' in event) || !event.job || NEXT[event.type] === undefined) continue;
    const { id } = event.job;
    const before = states.get(id) ?? '';
    const now = event.type === 'job-finished' && event.again ? 'again' : event.type;
    if (NEXT[before]?.includes(now) !== true) yield `job ${id}: ${now} after ${before || 'nothing'}`;
    states.set(id, now);
  }
  for (const [id, state] of states) if (state !== 'job-finished') yield `job ${id} ends as ${state}`;
};

/** A recipe of which a line has run to an end is told of once. */
export const recipesEndOnce: Oracle = function* ({ story }) {
  const ended = new Map<number, number>();
  const ran = new Set<number>();
  for (const { event } of story.told) {
    if (event.type === 'recipe-finished') ended.set(event.recipe.id, (ended.get(event.recipe.id) ?? 0) + 1);
    if (event.type === 'job-finished' && !event.again && event.outcome.kind !== 'cancelled')
      ran.add(event.job.recipe.id);
  }
  for (const [id, times] of ended) if (times > 1) yield `recipe ${id} is over ${times} times`;
  for (const id of ran) if (!ended.has(id)) yield `nobody hears of the end of recipe ${id}`;
};

/** A recipe is told of as failed when make takes it for failed. */
export const failuresAreTold: Oracle = function* ({ scenario, story, remains }) {
  if (remains.isInterrupted || story.answers.some(({ killed }) => killed)) return;
  const answers = new Map(story.answers.map((answer) => [answer.line.command, answer]));
  /** By recipe: what make was told of the last of its lines that ran. */
  const last = new Map<number, Answer | undefined>();
  for (const { event } of story.told)
    if (event.type === 'job-finished' && !event.again && event.outcome.kind !== 'cancelled')
      last.set(event.job.recipe.id, answers.get(event.job.command));
  for (const { event } of story.told) {
    if (event.type !== 'recipe-finished') continue;
    const answer = last.get(event.recipe.id);
    const hasFailed = answer !== undefined && !succeeded(answer.outcome);
    // Without make's words its exit status alone tells whether one of the failures counts.
    if (hasFailed && !scenario.piped) continue;
    const isFailed = hasFailed && !answer.line.ignored;
    if ((event.failed !== undefined) !== isFailed)
      yield `${event.recipe.target} is told of as ${isFailed ? 'made' : 'failed'}`;
  }
};
