import type { BuildEvent } from '../../model/event.ts';
import { succeeded } from '../../model/outcome.ts';
import { bulkCounts, failedItems, skippedItems } from '../bulk-text.ts';
import { escapeMarkdown, markdownTable } from '../markdown.ts';
import { failureText } from '../outcome-text.ts';
import type { RecipeRecord } from '../record/job-record.ts';
import { RUNNER } from '../record/slot-numbers.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { Reporter } from '../reporter.ts';
import { targetName } from '../target-name.ts';
import { isOwnFailure } from '../verdict.ts';
import { faults } from './faults.ts';
import { headline } from './headline.ts';
import { hostTable } from './host-table.ts';
import { withoutHost } from './no-host.ts';
import { joinSections } from './sections.ts';
import { failedThere, targetTimes } from './target-times.ts';
import { timeline } from './timeline.ts';
import { whyHere } from './why-here.ts';
import { formatSeconds, formatShare } from './words.ts';

const SLOWEST = 10;
const FAILED = 50;
const RETRIED = 20;
const WARNINGS = 20;
const ITEMS = 50;
/** Of one line in a list, in characters. */
const LINE = 300;

export interface SummaryOptions {
  /** Has heard each event before the summary does. */
  readonly record: RunRecord;
  /** The workspace: targets inside are named by their paths in it. */
  readonly root: string;
}

/** The job summary: Markdown for GITHUB_STEP_SUMMARY, from the record of a run, also of one that was cut short. */
export class SummaryLog implements Reporter {
  readonly #record: RunRecord;
  readonly #root: string;
  readonly #warnings: string[] = [];
  #warned = 0;
  #bulk: Extract<BuildEvent, { type: 'bulk-finished' }> | undefined;

  constructor({ record, root }: SummaryOptions) {
    this.#record = record;
    this.#root = root;
  }

  readonly handle = (event: BuildEvent): void => {
    if (event.type === 'bulk-finished') this.#bulk = event;
    if (event.type !== 'message' || event.level !== 'warning') return;
    this.#warned++;
    if (this.#warnings.length < WARNINGS) this.#warnings.push(event.text.slice(0, 10 * LINE));
  };

  finish(): void {
    // The text is asked for by render().
  }

  /**
   * @param used bytes that GITHUB_STEP_SUMMARY has already
   * @returns what to append to it; always valid, and within its limit together with what is there
   */
  render(used = 0): string {
    const record = this.#record;
    const sections = [
      headline(record),
      ...this.#bulkSections(),
      this.#failed(),
      hostTable(record),
      listOf('Faults', faults(record, this.#root)),
      timeline(record, this.#root),
      whyHere(record),
      this.#slowest(),
      this.#retried(),
      listOf('Warnings', this.#warnings, this.#warned),
    ];
    return joinSections(sections, used);
  }

  #bulkSections(): readonly string[] {
    if (this.#bulk === undefined) return [];
    const { report } = this.#bulk;
    const [failed, skipped] = [failedItems(report), skippedItems(report)];
    return [
      `### Items\n\n${escapeMarkdown(bulkCounts(report))}`,
      listOf('Failed items', failed.slice(0, ITEMS), failed.length),
      listOf('Skipped items', skipped.slice(0, ITEMS), skipped.length),
    ];
  }

  #failed(): string {
    const failed = this.#record.recipes.filter(
      (one) => one.failed && isOwnFailure(one.failed.outcome, this.#record.end?.outcome),
    );
    // A call of make fails since something in it did.
    const causes = failed.filter((one) => one.class !== 'recursive');
    const shown = causes.length > 0 ? causes : failed;
    const hostless = withoutHost(this.#record);
    const lines = shown.slice(0, FAILED).flatMap((recipe) => {
      const { failed: failure } = recipe;
      if (!failure || succeeded(failure.outcome)) return [];
      const name = targetName(recipe, this.#root);
      if (hostless.has(recipe)) return [`${name}: not run, no host was left for it and fallback is never`];
      const place = failure.place === RUNNER ? undefined : failure.place;
      return [`${name}: ${failureText(failure.outcome, hostLosses(recipe), place)}`];
    });
    return listOf('Failed targets', lines, shown.length);
  }

  #slowest(): string {
    const slowest = [...targetTimes(this.#record)].sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST);
    if (slowest.length === 0) return '';
    const rows = slowest.map(({ recipe, seconds, open, place }) => [
      escapeMarkdown(targetName(recipe, this.#root)),
      escapeMarkdown(place ?? '', 80),
      formatSeconds(seconds),
      open > 0 ? formatShare(Math.max(0, 1 - seconds / open)) : '',
    ]);
    const isNumber = (column: string): boolean => column === 'Time' || column === 'Waiting';
    const note = 'Waiting: the share of its time in which it waited for a slot, or for files on their way.';
    return `### Slowest targets\n\n${markdownTable(['Target', 'Where', 'Time', 'Waiting'], rows, isNumber)}\n\n${note}`;
  }

  #retried(): string {
    const lines = this.#record.recipes.flatMap((recipe) => {
      const ways = recipe.failed ? [] : failedThere(recipe);
      return ways.length > 0 ? [`${targetName(recipe, this.#root)}: ${ways.join(', ')}`] : [];
    });
    return listOf('Failed on a host, passed when run again', lines.slice(0, RETRIED), lines.length);
  }
}

/** Hosts that were lost while the job ran there that failed. */
function hostLosses({ jobs, failed }: RecipeRecord): number {
  const legs = jobs.find(({ id }) => id === failed?.job)?.legs ?? [];
  return legs.filter(({ outcome }) => outcome !== 'turned-away' && outcome?.kind === 'host-lost').length;
}

/** @param count how many there are, of which `items` are shown */
function listOf(title: string, items: readonly string[], count = items.length): string {
  if (items.length === 0) return '';
  const lines = items.map((item) => `- ${escapeMarkdown(item, LINE)}`);
  const more = count > items.length ? `\n\n${count - items.length} more not shown` : '';
  return `### ${title}\n\n${lines.join('\n')}${more}`;
}
