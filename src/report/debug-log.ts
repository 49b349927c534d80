import type { BuildEvent, HostFigures } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Job, Recipe } from '../model/job.ts';
import { describeOutcome, succeeded } from '../model/outcome.ts';
import type { DistSetting } from '../model/settings.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { cleanTitle, withoutColours } from './clean-text.ts';
import { formatBytes } from './format-bytes.ts';
import { withoutLeftOut } from './host-news.ts';
import { REASON_WORDS } from './reason-text.ts';
import { placeName } from './places-text.ts';
import type { Reporter } from './reporter.ts';

type Event<Type extends BuildEvent['type']> = Extract<BuildEvent, { type: Type }>;

/** Longest line, in characters. */
const LIMIT = 1000;

export interface DebugLogOptions {
  /** Takes one line without its newline. It is harmless on a terminal; a workflow's log has to guard it all the same. */
  readonly write: (line: string) => void;
  /** Seconds since the start of the run. */
  readonly now: () => number;
  /** The workspace: directories are named from there. */
  readonly root: Bytes;
  readonly dist: DistSetting;
}

/** When a job came to where it is now, in seconds since the start of the run. */
interface Times {
  readonly line: number;
  queued: number;
  placed: number;
  started: number | undefined;
  collecting: number | undefined;
}

/**
 * What bsddistmake's `-dD` shows (B11), and a little more: that distribution is on, each host with its slots, each staging
 * directory, where each line of a recipe goes and why, what comes back from there and how long each step took.
 */
export class DebugLog implements Reporter {
  readonly #options: DebugLogOptions;
  readonly #jobs = new Map<number, Times>();
  /** Lines that have come of each recipe that is open. */
  readonly #lines = new Map<number, number>();
  readonly #staging = new Map<string, string>();

  constructor(options: DebugLogOptions) {
    this.#options = options;
  }

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started':
        this.#begin(event);
        return;
      case 'workspace-surveyed':
        this.#say(`workspace: ${counted(event.files, 'file')}, ${formatBytes(event.bytes)}`);
        return;
      case 'work-known':
        this.#say(`make is going to run the recipes of ${counted(event.targets.length, 'more target')}`);
        return;
      case 'host-ready':
        this.#hostReady(event);
        return;
      case 'host-lost': {
        const { host, reason, benched } = event;
        const words = benched ? `lost, tried again: ${reason}` : `left out: ${withoutLeftOut(reason)}`;
        this.#say(`host ${host.name}: ${words}`);
        return;
      }
      case 'job-queued':
        this.#times(event.job);
        return;
      case 'job-placed':
        this.#placed(event);
        return;
      case 'job-turned-away': {
        this.#say(`${this.#name(event.job)}: ${placeName(event.place)} turned it away, its owner has no place`);
        this.#times(event.job).queued = this.#options.now();
        return;
      }
      case 'job-waits':
        this.#say(`${this.#name(event.job)}: calls make, its slot is free while it waits`);
        return;
      case 'job-started':
        this.#times(event.job).started ??= this.#options.now();
        return;
      case 'job-collecting':
        this.#times(event.job).collecting = this.#options.now();
        return;
      case 'job-finished':
        this.#finished(event);
        return;
      case 'recipe-finished':
        this.#lines.delete(event.recipe.id);
        return;
      case 'run-finished':
        this.#end(event);
        return;
      default:
        return;
    }
  };

  finish(): void {
    this.#jobs.clear();
    this.#lines.clear();
  }

  #begin({ hosts, jobs, localJobs }: Event<'run-started'>): void {
    if (hosts.length === 0) {
      this.#say('distribution disabled: there are no hosts');
      return;
    }
    const known = hosts.map(({ slots }) => slots ?? 0).reduce((sum, slots) => sum + slots, 0);
    const more = hosts.some(({ slots }) => slots === undefined) ? ' and those of hosts that have one a processor' : '';
    const most = jobs === 'places' ? 'as many jobs as there are places' : `${counted(jobs, 'job')} at one time`;
    this.#say(
      `distribution enabled: ${counted(hosts.length, 'host')}, ${counted(known, 'slot')}${more}, ${most}, ` +
        `at most ${localJobs} of them here when hosts are full, dist ${distText(this.#options.dist)}`,
    );
    for (const host of hosts)
      this.#say(`host ${host.name}: ${slotsOf(host)}${host.local ? ', the runner itself' : ''}`);
  }

  #hostReady({ host, seconds, files: count, bytes, sandbox, slots, staging, returned }: Event<'host-ready'>): void {
    this.#staging.set(host.name, staging);
    this.#say(`host ${host.name}: ${returned ? 'back' : 'ready'}, ${counted(slots, 'slot')}, sandbox ${sandbox}`);
    this.#say(
      `staging ${host.name}:${staging}, ${counted(count, 'file')}, ${formatBytes(bytes)}, ${duration(seconds)}`,
    );
  }

  #placed({ job, place, reason, slots }: Event<'job-placed'>): void {
    const times = this.#times(job);
    const now = this.#options.now();
    const waited = now - times.queued;
    const wide = slots > 1 ? `, ${slots} slots` : '';
    Object.assign(times, { placed: now, started: undefined, collecting: undefined });
    const why = `${REASON_WORDS[reason]}${wide}${waited < 0.001 ? '' : `, waited ${duration(waited)}`}`;
    this.#say(`${this.#name(job)} -> ${placeName(place)} (${why})`);
  }

  #finished({ job, place, outcome, seconds, again, traffic }: Event<'job-finished'>): void {
    const times = this.#times(job);
    const now = this.#options.now();
    const name = this.#name(job);
    const end = succeeded(outcome) ? '' : `, ${describeOutcome(outcome)}`;
    const next = again ? ', runs again' : '';
    if (traffic && place) {
      const { sent, received, files: count } = traffic;
      const started = times.started ?? times.placed;
      const home = times.collecting === undefined ? '' : `, home ${duration(now - times.collecting)}`;
      // Nobody has heard how long it ran where its host was lost, or it was stopped.
      const isCut = seconds === 0 && ['host-lost', 'timed-out', 'cancelled'].includes(outcome.kind);
      const ran = isCut && times.started !== undefined ? (times.collecting ?? now) - times.started : seconds;
      this.#say(
        `${name} <- ${place.name}:${this.#staging.get(place.name) ?? '?'} ${counted(count, 'file')}, ${formatBytes(received)} ` +
          `(${formatBytes(sent)} sent), staging ${duration(started - times.placed)}, ran ${duration(ran)}${home}${end}${next}`,
      );
    } else {
      this.#say(`${name}: ended on ${placeName(place)}, ran ${duration(seconds)}${end}${next}`);
    }
    times.queued = now;
    if (!again) this.#jobs.delete(job.id);
  }

  #end({ outcome, seconds, counts, hosts }: Event<'run-finished'>): void {
    const { remote, retried, local, recursive } = counts;
    this.#say(
      `end: ${describeOutcome(outcome)} after ${duration(seconds)}; recipes: ${remote} on hosts, ${retried} again on the runner, ` +
        `${local} on the runner, ${recursive} that call make`,
    );
    for (const host of hosts) this.#say(figuresText(host));
  }

  #times(job: Job): Times {
    let times = this.#jobs.get(job.id);
    if (!times) {
      const line = (this.#lines.get(job.recipe.id) ?? 0) + 1;
      this.#lines.set(job.recipe.id, line);
      const now = this.#options.now();
      times = { line, queued: now, placed: now, started: undefined, collecting: undefined };
      this.#jobs.set(job.id, times);
    }
    return times;
  }

  /** `sub/a.o`, `sub/a.o (line 2)`: the target from the workspace on, and which of its shell calls. */
  #name(job: Job): string {
    const { line } = this.#times(job);
    return `${this.#target(job.recipe)}${line === 1 ? '' : ` (line ${line})`}`;
  }

  #target({ target, directory }: Recipe): string {
    const { root } = this.#options;
    const from = directory.startsWith(`${root}/`)
      ? directory.slice(root.length + 1)
      : directory === root
        ? ''
        : directory;
    return decode(target.startsWith('/') || from === '' ? target : `${from}/${target}`);
  }

  #say(text: string): void {
    const time = this.#options.now().toFixed(3).padStart(7);
    this.#options.write(withoutColours(cleanTitle(`[${time}] ${text}`, LIMIT)));
  }
}

function slotsOf({ slots }: Host): string {
  return slots === undefined ? 'a slot for each processor' : counted(slots, 'slot');
}

function distText(dist: DistSetting): string {
  return dist.mode === 'patterns' ? dist.patterns.join(' ') : dist.mode;
}

function figuresText({ name, jobs, busySeconds, sent, received, losses }: HostFigures): string {
  const lost = losses === 0 ? '' : `, lost ${counted(losses, 'time')}`;
  return `host ${name}: ${counted(jobs, 'recipe')}, busy ${duration(busySeconds)}, ${formatBytes(sent)} sent, ${formatBytes(received)} back${lost}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `4 ms`, `0.31 s`, `75.4 s`. */
function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  return `${seconds.toFixed(seconds < 10 ? 2 : 1)} s`;
}
