import type { BuildEvent, Place } from '../../model/event.ts';
import { HOST_DEFAULTS, type Host } from '../../model/host.ts';
import type { Job, Recipe } from '../../model/job.ts';
import type { Outcome } from '../../model/outcome.ts';
import { decode } from '../../util/bytes.ts';
import { keptStart } from '../kept-start.ts';
import type { Secrets } from './secrets.ts';

/** Longest command that is kept, in bytes: the characters that the events show (2000) fit in. */
const COMMAND_LIMIT = 6000;

/** Events of a run with all secrets out of everything that the files of a report are made from. */
export class MaskedEvents {
  readonly #secrets: Secrets;
  /** By id: what has been masked is masked once, and stays the same object. */
  readonly #jobs = new Map<number, Job>();
  readonly #recipes = new Map<number, Recipe>();
  readonly #hosts = new Map<string, Host>();
  /** Of long commands, by job: characters that are not kept. */
  readonly #cuts = new Map<number, number>();

  constructor(secrets: Secrets) {
    this.#secrets = secrets;
  }

  mask(event: BuildEvent): BuildEvent {
    const { maskText } = this.#secrets;
    switch (event.type) {
      case 'run-started':
        return { ...event, hosts: event.hosts.map((host) => this.#host(host)) };
      case 'work-known':
        return { ...event, targets: event.targets.map(this.#secrets.mask) };
      case 'workspace-surveyed':
        return { ...event, directories: event.directories.map((one) => ({ ...one, path: maskText(one.path) })) };
      case 'staging-progress':
        return { ...event, host: this.#host(event.host) };
      case 'host-ready':
        return { ...event, host: this.#host(event.host), staging: maskText(event.staging) };
      case 'host-lost':
        return { ...event, host: this.#host(event.host), reason: maskText(event.reason) };
      case 'job-queued':
      case 'job-waits':
      case 'job-text':
        return { ...event, job: this.job(event.job) };
      case 'job-placed':
      case 'job-turned-away':
      case 'job-started':
      case 'job-collecting':
        return { ...event, job: this.job(event.job), place: this.#place(event.place) };
      case 'job-finished':
        return {
          ...event,
          job: this.job(event.job),
          place: this.#place(event.place),
          outcome: this.#outcome(event.outcome),
        };
      case 'recipe-finished': {
        const { failed } = event;
        return {
          ...event,
          recipe: this.#recipe(event.recipe),
          failed: failed && {
            job: this.job(failed.job),
            outcome: this.#outcome(failed.outcome),
            place: this.#place(failed.place),
          },
        };
      }
      case 'make-text':
        return event;
      case 'message':
        return { ...event, text: maskText(event.text) };
      case 'bulk-finished':
        return { ...event, file: maskText(event.file) };
      case 'run-finished':
        return {
          ...event,
          outcome: this.#outcome(event.outcome),
          failedTargets: event.failedTargets.map(maskText),
          hosts: event.hosts.map((figures) => ({ ...figures, name: this.#name(figures.name) })),
        };
    }
  }

  /** Characters that are missing at the end of that job's command. */
  readonly cutOf = (job: number): number => this.#cuts.get(job) ?? 0;

  job(job: Job): Job {
    let masked = this.#jobs.get(job.id);
    if (!masked) {
      const { mask } = this.#secrets;
      const { id, umask } = job;
      const whole = mask(job.command);
      const command = keptStart(whole, COMMAND_LIMIT);
      if (command !== whole) this.#cuts.set(id, decode(whole).length - decode(command).length);
      masked = {
        id,
        umask,
        recipe: this.#recipe(job.recipe),
        directory: mask(job.directory),
        command,
        argv: [],
        environment: [],
        prerequisites: undefined,
      };
      this.#jobs.set(id, masked);
    }
    return masked;
  }

  #recipe(recipe: Recipe): Recipe {
    let masked = this.#recipes.get(recipe.id);
    if (!masked) {
      const { mask } = this.#secrets;
      masked = { ...recipe, target: mask(recipe.target), directory: mask(recipe.directory) };
      this.#recipes.set(recipe.id, masked);
    }
    return masked;
  }

  #place(place: Place): Place {
    return place && this.#host(place);
  }

  #host(host: Host): Host {
    let masked = this.#hosts.get(host.name);
    if (!masked) {
      // Two hosts whose names differ in a secret alone are two hosts still.
      const name = this.#secrets.maskText(host.name);
      const same = [...this.#hosts.values()].some((other) => other.name === name);
      const shown = same ? `${name} (${this.#hosts.size + 1})` : name;
      const { slots, local, line, speed } = host;
      // What is private of it is not even there to be written.
      masked = {
        ...HOST_DEFAULTS,
        name: shown,
        address: shown,
        user: undefined,
        port: undefined,
        slots,
        local,
        line,
        speed,
      };
      this.#hosts.set(host.name, masked);
    }
    return masked;
  }

  #name(name: string): string {
    return this.#hosts.get(name)?.name ?? this.#secrets.maskText(name);
  }

  #outcome(outcome: Outcome): Outcome {
    return outcome.kind === 'host-lost' ? { ...outcome, reason: this.#secrets.maskText(outcome.reason) } : outcome;
  }
}
