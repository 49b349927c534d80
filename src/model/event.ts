import type { Bytes } from '../util/bytes.ts';
import type { BulkReport } from './bulk.ts';
import type { Host } from './host.ts';
import type { Job, Recipe } from './job.ts';
import type { Outcome } from './outcome.ts';
import type { Sandbox } from './sandbox.ts';

/** Where a job runs: a host of the matrix, or the runner (`undefined`). */
export type Place = Host | undefined;

/** How a recipe is counted, each once. */
export type RecipeClass = 'remote' | 'retried' | 'local' | 'recursive';

/**
 * One typed fact about the run. Log, annotations, summary and outputs are all made from these and from nothing else;
 * reporters consume them and never call back.
 */
export type BuildEvent =
  /** The matrix is read, nothing has been started. `places`: as many jobs as the hosts turn out to take. */
  | {
      readonly type: 'run-started';
      readonly hosts: readonly Host[];
      readonly jobs: number | 'places';
      readonly localJobs: number;
    }
  /** What every host gets at first; comes before any of it is sent. Directories: the biggest, biggest first. */
  | {
      readonly type: 'workspace-surveyed';
      readonly files: number;
      readonly bytes: number;
      readonly directories: readonly { readonly path: string; readonly files: number; readonly bytes: number }[];
    }
  /** So much of it is on its way to that host; every few seconds while the first staging lasts. */
  | {
      readonly type: 'staging-progress';
      readonly host: Host;
      readonly seconds: number;
      readonly files: number;
      readonly bytes: number;
      readonly of: { readonly files: number; readonly bytes: number };
    }
  /** Staged and ready for jobs; `seconds` and `bytes` are those of the first staging. */
  | {
      readonly type: 'host-ready';
      readonly host: Host;
      readonly seconds: number;
      readonly files: number;
      readonly bytes: number;
      /** Bytes on the way there, where it was compressed because the link is slow. */
      readonly compressed?: number | undefined;
      readonly sandbox: Sandbox;
    }
  /** The host takes no (more) jobs. */
  | { readonly type: 'host-lost'; readonly host: Host; readonly reason: string }
  /** The answer for a job is decided and it starts there. A job that is run again starts twice. */
  | {
      readonly type: 'job-started';
      readonly job: Job;
      readonly place: Place;
      /** Make's echo of the command (empty: silenced), where somebody asks for it and it is known by now. */
      readonly echo?: Bytes | undefined;
    }
  /** Ended at that place. Final unless it is started again on the runner (`again`). */
  | {
      readonly type: 'job-finished';
      readonly job: Job;
      readonly place: Place;
      readonly outcome: Outcome;
      readonly seconds: number;
      readonly again: boolean;
    }
  /** All jobs of the recipe are done, as far as make's behaviour tells; `failed` is undefined when it succeeded. */
  | {
      readonly type: 'recipe-finished';
      readonly recipe: Recipe;
      readonly class: RecipeClass;
      readonly failed: { readonly job: Job; readonly outcome: Outcome; readonly place: Place } | undefined;
    }
  /** Log modes fold and failures: what a job printed, whole, preceded by make's echo of the command (empty: silent). */
  | { readonly type: 'job-text'; readonly job: Job; readonly echo: Bytes; readonly output: Bytes }
  /** Log modes fold and failures: what make itself or a recursive recipe printed, outside of any job. */
  | { readonly type: 'make-text'; readonly text: Bytes }
  /** Something for people, not an error of the build. */
  | { readonly type: 'message'; readonly level: 'notice' | 'warning'; readonly text: string }
  /** A bulk build: what became of its items. File: where the whole report is. */
  | { readonly type: 'bulk-finished'; readonly report: BulkReport; readonly file: string }
  | {
      readonly type: 'run-finished';
      readonly outcome: Outcome;
      readonly seconds: number;
      readonly counts: Readonly<Record<RecipeClass, number>>;
      readonly failedTargets: readonly string[];
      readonly hosts: readonly { readonly name: string; readonly jobs: number; readonly busySeconds: number }[];
    };

/** Takes every event, in order. Must not throw. */
export type EventSink = (event: BuildEvent) => void;
