import { succeeded } from '../../model/outcome.ts';
import type { PlaceReason } from '../../model/place-reason.ts';
import { killedText } from '../outcome-text.ts';
import type { JobRecord, Leg } from '../record/job-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { ranAgain } from '../record/sequel.ts';
import { RUNNER } from '../record/slot-numbers.ts';
import { targetName } from '../target-name.ts';
import { times } from './loss-text.ts';
import { counted } from './words.ts';

/** Names in one line. */
const MOST = 10;
/** Lines on jobs that were killed. */
const KILLED = 20;

/** Why jobs ran on the runner for the sake of a fault. */
const ON_RUNNER: readonly (readonly [PlaceReason, string])[] = [
  ['hosts-lost', 'run on the runner since all hosts were lost'],
  ['hosts-failed', 'run on the runner since hosts were lost with it'],
];

/**
 * What faults did to a run, beside what the table of hosts says: a line each, as text.
 *
 * @param root the workspace: targets inside are named by their paths in it
 * @returns empty when nothing happened
 */
export function faults(record: RunRecord, root: string): readonly string[] {
  const nameOf = (job: JobRecord): string => targetName(job.recipe, root);
  const { jobs, places } = record;
  const lost = places.flatMap(({ name, losses }) => {
    const count = losses.filter(({ wasReady }) => wasReady).length;
    return count > 0 ? [`${name} ${times(count)}`] : [];
  });
  const never = places.filter(({ ready, losses }) => losses.length > 0 && ready === undefined && !losses[0]?.wasReady);
  const again = jobs.filter((job) => job.legs.some((leg) => kindOf(leg) === 'host-lost' && ranAgain(job, leg)));
  const lines = [
    named('lost hosts', lost),
    named(
      'hosts that never came up',
      never.map(({ name }) => name),
    ),
    about('run again after its host was lost', again.map(nameOf)),
    ...ON_RUNNER.map(([reason, words]) =>
      about(words, jobs.filter(({ legs }) => legs.some((leg) => leg.reason === reason)).map(nameOf)),
    ),
  ];
  return [...lines.filter((line) => line !== ''), ...killed(jobs, nameOf)];
}

/** `a.o: killed after 600 s on build1, passed on build2`. */
function killed(jobs: readonly JobRecord[], nameOf: (job: JobRecord) => string): readonly string[] {
  const lines = jobs.flatMap((job) => {
    const how = job.legs.flatMap(({ outcome, place }) =>
      outcome !== undefined && outcome !== 'turned-away' && outcome.kind === 'timed-out'
        ? [`${killedText(outcome)} ${where(place)}`]
        : [],
    );
    return how.length > 0 ? [`${nameOf(job)}: ${[...how, ...passed(job)].join(', ')}`] : [];
  });
  const more = lines.length - KILLED;
  return more > 0 ? [...lines.slice(0, KILLED), `${counted(more, 'job')} more killed by time limits`] : lines;
}

function passed({ legs }: JobRecord): readonly string[] {
  const last = legs.at(-1);
  const { outcome } = last ?? {};
  return last && outcome !== undefined && outcome !== 'turned-away' && succeeded(outcome)
    ? [`passed ${where(last.place)}`]
    : [];
}

function where(place: string): string {
  return place === RUNNER ? 'on the runner' : `on ${place}`;
}

function kindOf({ outcome }: Leg): string | undefined {
  return outcome === undefined || outcome === 'turned-away' ? undefined : outcome.kind;
}

/** `run again after its host was lost: 3 jobs (a.o, b.o)`; empty: none. */
function about(words: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${words}: ${counted(names.length, 'job')} (${listed([...new Set(names)])})`;
}

function named(words: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `${words}: ${listed(names)}`;
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST;
  return names.slice(0, MOST).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
