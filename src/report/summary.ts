import type { BuildEvent, Place, RecipeClass } from '../model/event.ts';
import { describeOutcome, succeeded } from '../model/outcome.ts';
import { decode } from '../util/bytes.ts';
import { bulkCounts, failedItems, skippedItems } from './bulk-text.ts';
import { escapeMarkdown, markdownTable } from './markdown.ts';
import { placeName } from './recipe-log.ts';

/** The runner drops a step's summary above 1 MiB; rows are limited so that it stays far below. */
const SLOWEST = 10;
const FAILED = 50;
const RETRIED = 20;
const HOSTS = 100;
const WARNINGS = 20;
const ITEMS = 50;

interface RecipeTime {
  readonly target: string;
  seconds: number;
  place: Place;
  /** How it failed on hosts before it was run again. */
  readonly failedThere: string[];
}

interface Failure {
  readonly target: string;
  readonly verdict: string;
  readonly recursive: boolean;
}

/** Collects what the job summary tells; keeps no output of recipes. */
export class SummaryLog {
  readonly #times = new Map<number, RecipeTime>();
  #slowest: RecipeTime[] = [];
  readonly #failures: Failure[] = [];
  readonly #retried: string[] = [];
  readonly #lost = new Map<string, string>();
  readonly #warnings: string[] = [];
  readonly #hosts: string[] = [];
  #bulk: Extract<BuildEvent, { type: 'bulk-finished' }> | undefined;
  #end: Extract<BuildEvent, { type: 'run-finished' }> | undefined;

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started':
        this.#hosts.push(...event.hosts.map((host) => host.name));
        return;
      case 'host-lost':
        this.#lost.set(event.host.name, event.reason);
        return;
      case 'message':
        if (event.level === 'warning') this.#warnings.push(event.text);
        return;
      case 'job-finished':
        this.#jobFinished(event);
        return;
      case 'recipe-finished':
        this.#recipeFinished(event);
        return;
      case 'bulk-finished':
        this.#bulk = event;
        return;
      case 'run-finished':
        this.#end = event;
        return;
      default:
        return;
    }
  };

  finish(): void {
    // The text is asked for by render().
  }

  /** Markdown for GITHUB_STEP_SUMMARY. Also for a run that was cut short. */
  render(): string {
    const end = this.#end;
    const parts = [`## distmake: ${this.#result()}`];
    if (end !== undefined) parts.push(this.#counts(end));
    parts.push(this.#bulkSection());
    parts.push(this.#hostTable(), this.#failedList(), this.#slowestTable());
    parts.push(listOf('Failed on a host, passed when run again', this.#retried, RETRIED));
    parts.push(listOf('Warnings', this.#warnings, WARNINGS));
    return parts.filter((part) => part !== '').join('\n\n') + '\n';
  }

  #jobFinished(event: Extract<BuildEvent, { type: 'job-finished' }>): void {
    const { recipe } = event.job;
    const time = this.#times.get(recipe.id) ?? {
      target: decode(recipe.target),
      seconds: 0,
      place: event.place,
      failedThere: [],
    };
    time.seconds += event.seconds;
    time.place = event.place;
    this.#times.set(recipe.id, time);
    const { outcome } = event;
    if (event.again && (outcome.kind === 'exited' || outcome.kind === 'signaled')) {
      time.failedThere.push(`${time.target} on ${placeName(event.place)}: ${describeOutcome(outcome)}`);
    }
  }

  #recipeFinished(event: Extract<BuildEvent, { type: 'recipe-finished' }>): void {
    const time = this.#times.get(event.recipe.id);
    this.#times.delete(event.recipe.id);
    // A recipe that calls make takes as long as all that is in it: no news.
    if (time !== undefined && event.class !== 'recursive') {
      this.#slowest.push(time);
      this.#slowest.sort((a, b) => b.seconds - a.seconds);
      this.#slowest = this.#slowest.slice(0, SLOWEST);
    }
    const { failed } = event;
    if (failed === undefined && time !== undefined) this.#retried.push(...time.failedThere);
    if (failed === undefined || failed.outcome.kind === 'cancelled') return;
    const where = failed.place === undefined ? '' : ` on ${failed.place.name}`;
    this.#failures.push({
      target: decode(event.recipe.target),
      verdict: describeOutcome(failed.outcome) + where,
      recursive: event.class === 'recursive',
    });
  }

  #result(): string {
    const end = this.#end;
    if (end === undefined) return 'not finished';
    const how = succeeded(end.outcome) ? 'succeeded' : `failed (make: ${escapeMarkdown(describeOutcome(end.outcome))})`;
    return `${how} in ${formatSeconds(end.seconds)}`;
  }

  #counts(end: Extract<BuildEvent, { type: 'run-finished' }>): string {
    const classes: readonly (readonly [RecipeClass, string])[] = [
      ['remote', 'on hosts'],
      ['retried', 'run again on the runner'],
      ['local', 'on the runner'],
      ['recursive', 'calls of make'],
    ];
    return markdownTable(
      ['Recipes', 'Number'],
      classes.map(([name, words]) => [words, String(end.counts[name])]),
    );
  }

  #bulkSection(): string {
    if (this.#bulk === undefined) return '';
    const { report } = this.#bulk;
    return [
      `### Items\n\n${escapeMarkdown(bulkCounts(report))}`,
      listOf('Failed items', failedItems(report), ITEMS),
      listOf('Skipped items', skippedItems(report), ITEMS),
    ]
      .filter((part) => part !== '')
      .join('\n\n');
  }

  #hostTable(): string {
    const used = new Map(this.#end?.hosts.map((host) => [host.name, host]));
    const names = [...new Set([...this.#hosts, ...used.keys(), ...this.#lost.keys()])];
    if (names.length === 0) return '';
    const rows = names.slice(0, HOSTS).map((name) => {
      const host = used.get(name);
      const jobs = host === undefined ? '' : String(host.jobs);
      const busy = host === undefined ? '' : formatSeconds(host.busySeconds);
      return [escapeMarkdown(name), jobs, busy, escapeMarkdown(this.#lost.get(name) ?? '', 300)];
    });
    return markdownTable(['Host', 'Jobs', 'Busy', 'Lost'], rows) + more(names.length - HOSTS, 'hosts');
  }

  #failedList(): string {
    const causes = this.#failures.filter((failure) => !failure.recursive);
    const failures = causes.length > 0 ? causes : this.#failures;
    return listOf(
      'Failed targets',
      failures.map((failure) => `${failure.target}: ${failure.verdict}`),
      FAILED,
    );
  }

  #slowestTable(): string {
    if (this.#slowest.length === 0) return '';
    const rows = this.#slowest.map((time) => [
      escapeMarkdown(time.target),
      escapeMarkdown(placeName(time.place)),
      formatSeconds(time.seconds),
    ]);
    return `### Slowest targets\n\n${markdownTable(['Target', 'Host', 'Time'], rows)}`;
  }
}

/** The job summary of a recorded run. */
export function renderSummary(events: Iterable<BuildEvent>): string {
  const log = new SummaryLog();
  for (const event of events) log.handle(event);
  return log.render();
}

function listOf(title: string, items: readonly string[], limit: number): string {
  if (items.length === 0) return '';
  const lines = items.slice(0, limit).map((item) => `- ${escapeMarkdown(item, 300)}`);
  return `### ${title}\n\n${lines.join('\n')}${more(items.length - limit, 'not shown')}`;
}

function more(count: number, what: string): string {
  return count > 0 ? `\n\n${count} more ${what}` : '';
}

function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
