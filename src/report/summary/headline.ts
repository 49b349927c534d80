import { describeOutcome, succeeded } from '../../model/outcome.ts';
import { escapeMarkdown } from '../markdown.ts';
import type { RunRecord } from '../record/run-record.ts';
import { verdictOf } from '../verdict.ts';
import { withoutHost } from './no-host.ts';
import { runnerAlone, type RunnerAlone } from './runner-alone.ts';
import { counted, formatSeconds } from './words.ts';

/** Shorter runs are not compared, in seconds: what is reckoned is rough. */
const COMPARED = 1;

/**
 * Result, wall time, where the targets ran, and what it would have taken without hosts: only for a run that succeeded,
 * since of one that was cut short nobody knows all the work.
 */
export function headline(record: RunRecord): string {
  const alone = record.end && succeeded(record.end.outcome) ? runnerAlone(record) : undefined;
  const compared = alone !== undefined && alone.seconds >= COMPARED ? comparison(alone, record.seconds) : '';
  const parts = [`## distmake: ${result(record)}`, counts(record), compared];
  return parts.filter((part) => part !== '').join('\n\n');
}

function result({ end, start, seconds }: RunRecord): string {
  if (end === undefined) return start ? `not finished after ${formatSeconds(seconds)}` : 'not finished';
  const verdict = verdictOf(end.outcome);
  const how = verdict === 'succeeded' ? verdict : `${verdict} (make: ${escapeMarkdown(describeOutcome(end.outcome))})`;
  return `${how} in ${formatSeconds(end.seconds)}`;
}

/** `845 targets: 780 on hosts, 3 run again on the runner, 57 on the runner, 5 calls of make.` */
function counts(record: RunRecord): string {
  const { recipes } = record;
  const of = (name: string): number => recipes.filter((recipe) => recipe.class === name).length;
  const [remote, retried, recursive] = [of('remote'), of('retried'), of('recursive')];
  const hostless = withoutHost(record).size;
  const local = of('local') - hostless;
  const open = recipes.filter((recipe) => recipe.class === undefined);
  const begun = open.filter(({ jobs }) => jobs.some(({ legs }) => legs.length > 0)).length;
  const kinds = [
    remote > 0 ? `${remote} on hosts` : '',
    retried > 0 ? `${retried} run again on the runner` : '',
    local > 0 ? `${local} on the runner` : '',
    recursive > 0 ? counted(recursive, 'call') + ' of make' : '',
    hostless > 0 ? `${hostless} not run as no host was left` : '',
    begun > 0 ? `${begun} not finished` : '',
    open.length > begun ? `${open.length - begun} not begun` : '',
  ].filter((one) => one !== '');
  return kinds.length === 0 ? '' : `${counted(recipes.length, 'target')}: ${kinds.join(', ')}.`;
}

function comparison({ seconds, work, processors, chain }: RunnerAlone, wall: number): string {
  const time = formatSeconds(seconds);
  const ratio = wall > 0 ? seconds / wall : 1;
  let words = `About as fast as the runner alone, which would have taken about ${time}.`;
  if (ratio >= 1.05)
    words = `About ${ratio.toFixed(ratio < 10 ? 1 : 0)} times as fast as the runner alone, which would have taken about ${time}.`;
  if (ratio <= 0.95) words = `Slower than the runner alone, which would have taken about ${time}.`;
  const how = `All recipes together ran ${formatSeconds(work)}; the runner has ${counted(processors, 'processor')}; the longest chain of recipes that waited for each other took ${formatSeconds(chain)}.`;
  return `**${words}** Reckoned, not measured: the time of all recipes over the runner's processors, and no less than the longest chain. ${how} Hosts may be slower or faster than the runner.`;
}
