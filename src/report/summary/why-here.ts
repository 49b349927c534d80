import { isMissed, KEPT_REASONS, MISSED_REASONS, type PlaceReason } from '../../model/place-reason.ts';
import { markdownTable } from '../markdown.ts';
import { REASON_WORDS } from '../reason-text.ts';
import type { RecipeRecord } from '../record/job-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { legSeconds } from './leg-seconds.ts';
import { formatShare } from './words.ts';

/** From that share of all time on it is worth saying what can be done. */
const MUCH = 0.2;

/** What to do about a reason that keeps much on the runner. */
const HINTS: Partial<Record<PlaceReason, string>> = {
  'hosts-full':
    'all slots were taken when these were to start. More slots or more hosts would take them; with `local-jobs: 0` they wait for a host instead.',
  'hosts-coming': 'with less to stage hosts are ready sooner. `exclude` names what no recipe needs there.',
  'hosts-lost': 'the table of hosts says why.',
  'hosts-failed':
    'the table of hosts says why. What takes its host down with it (memory, disk) is better named in `local`.',
  'not-whitelisted': '`dist`, or `.DIST` in the makefile, says what may leave.',
  'absolute-path':
    'hosts that allow mount namespaces (`distmake --check` tells) have the workspace at its own path, and take these too.',
};

interface Count {
  targets: number;
  seconds: number;
}

/**
 * Why targets ran on the runner: how many for each reason, and their share of all recipes' time; those first that might
 * have left.
 *
 * @returns empty where nothing ran there
 */
export function whyHere(record: RunRecord): string {
  const counts = new Map<PlaceReason, Count>();
  const locals = new Set(record.places.filter((place) => place.local).map((place) => place.name));
  const now = record.seconds;
  let all = 0;
  for (const recipe of record.recipes) {
    const { reason, here, total } = hereOf(recipe, locals, now);
    all += total;
    if (reason === undefined) continue;
    const count = counts.get(reason) ?? { targets: 0, seconds: 0 };
    counts.set(reason, count);
    count.targets++;
    count.seconds += here;
  }
  const parts = [
    table('Might have left', MISSED_REASONS, counts, all),
    table('Was to stay', KEPT_REASONS, counts, all),
    ...hints(counts, all),
  ].filter((part) => part !== '');
  return parts.length === 0 ? '' : ['### Why on the runner', ...parts].join('\n\n');
}

/** The first reason that it ran on the runner for, and how long it did, and ran at all. */
function hereOf(recipe: RecipeRecord, locals: ReadonlySet<string>, now: number) {
  let reason: PlaceReason | undefined;
  let [here, total] = [0, 0];
  for (const leg of recipe.jobs.flatMap((job) => job.legs)) {
    const seconds = legSeconds(leg, now);
    total += seconds;
    if (!locals.has(leg.place) || leg.reason === 'least-loaded' || leg.reason === 'follows') continue;
    reason ??= leg.reason;
    here += seconds;
  }
  return { reason, here, total };
}

function table(
  title: string,
  reasons: readonly PlaceReason[],
  counts: ReadonlyMap<PlaceReason, Count>,
  all: number,
): string {
  const rows = reasons
    .flatMap((reason) => {
      const count = counts.get(reason);
      return count ? [{ reason, ...count }] : [];
    })
    .sort((a, b) => b.seconds - a.seconds || b.targets - a.targets)
    .map(({ reason, targets, seconds }) => [REASON_WORDS[reason], String(targets), share(reason, seconds, all)]);
  return rows.length === 0
    ? ''
    : markdownTable([title, 'Targets', 'Share of all time'], rows, (column) => column !== title);
}

function share(reason: PlaceReason, seconds: number, all: number): string {
  // It takes next to nothing itself, and as long as all that is in it: either figure would mislead.
  if (reason === 'calls-make') return '';
  return all > 0 ? formatShare(seconds / all) : '';
}

function hints(counts: ReadonlyMap<PlaceReason, Count>, all: number): readonly string[] {
  const missed = [...counts].reduce((sum, [reason, { seconds }]) => sum + (isMissed(reason) ? seconds : 0), 0);
  return [...counts].flatMap(([reason, { seconds }]) => {
    const hint = HINTS[reason];
    const most = isMissed(reason) && seconds > missed / 2 && seconds > 0.05 * all;
    return hint !== undefined && all > 0 && (most || seconds > MUCH * all) ? [`${REASON_WORDS[reason]}: ${hint}`] : [];
  });
}
