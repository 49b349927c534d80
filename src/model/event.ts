import type { Bytes } from '../util/bytes.ts';
import type { BulkReport } from './bulk.ts';
import type { Host } from './host.ts';
import type { Job, Recipe } from './job.ts';
import type { Outcome } from './outcome.ts';
import type { PlaceReason } from './place-reason.ts';
import type { Sandbox } from './sandbox.ts';

/** Where a job runs: a host of the matrix, or the runner (`undefined`). */
export type Place = Host | undefined;

/** How a recipe is counted, each once. */
export type RecipeClass = 'remote' | 'retried' | 'local' | 'recursive';

/** What a job on a host took on its way: bytes to the host and back, and the files that it wrote. */
export interface JobTraffic {
  readonly sent: number;
  readonly received: number;
  readonly files: number;
}

/** What became of one host in a run. */
export interface HostFigures {
  readonly name: string;
  /** Recipes of which a line ran there. */
  readonly jobs: number;
  /** How long jobs ran there, added up. */
  readonly busySeconds: number;
  /** Bytes to the host and back, staging included. */
  readonly sent: number;
  readonly received: number;
  /** How often it was lost. */
  readonly losses: number;
}

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
      /** Of the runner. */
      readonly processors: number;
      /** Milliseconds since 1970. */
      readonly time: number;
    }
  /** What a dry view of the first make has found: the targets whose recipes it is going to run, those of sub-makes not among them. */
  | { readonly type: 'work-known'; readonly targets: readonly Bytes[] }
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
  /** Staged and ready for jobs; `seconds` and `bytes` are those of this staging. */
  | {
      readonly type: 'host-ready';
      readonly host: Host;
      readonly seconds: number;
      readonly files: number;
      readonly bytes: number;
      /** Bytes on the way there, where it was compressed because the link is slow. */
      readonly compressed?: number | undefined;
      readonly sandbox: Sandbox;
      /** Jobs that it takes at one time. */
      readonly slots: number;
      /** Its staging directory there. */
      readonly staging: string;
      /** It had been lost, or had not come up at first. */
      readonly returned: boolean;
    }
  /**
   * The host takes no jobs from here on. `benched`: it is tried again from time to time, and `host-ready` comes when it has
   * answered; else it takes no part in the run any more. While it is benched this is told once, not for each trial.
   */
  | { readonly type: 'host-lost'; readonly host: Host; readonly reason: string; readonly benched: boolean }
  /** Make asks for it: it waits for its turn, and for a place. */
  | { readonly type: 'job-queued'; readonly job: Job }
  /** It has a slot. On a host that has its tree brought up to date first; on the runner it starts at once. */
  | {
      readonly type: 'job-placed';
      readonly job: Job;
      readonly place: Place;
      readonly reason: PlaceReason;
      /** How many it has until its end: more than one for a make that runs there as a whole. */
      readonly slots: number;
    }
  /** The host's owner has no place for it: nothing of it has run, it is placed again. */
  | { readonly type: 'job-turned-away'; readonly job: Job; readonly place: Place }
  /** It calls make, and only waits from here on: its slot is free. Its class is `recursive`. */
  | { readonly type: 'job-waits'; readonly job: Job }
  /**
   * The answer for a job is decided and it starts there. A job that is run again starts twice. On a host whose owner caps
   * jobs that may be known no earlier than its first output, or its end.
   */
  | {
      readonly type: 'job-started';
      readonly job: Job;
      readonly place: Place;
      /** Make's echo of the command (empty: silenced), where somebody asks for it and it is known by now. */
      readonly echo?: Bytes | undefined;
    }
  /** It has ended on a host; what it wrote is on its way home. */
  | { readonly type: 'job-collecting'; readonly job: Job; readonly place: Place }
  /** Ended at that place. Final unless it is started again on the runner (`again`). */
  | {
      readonly type: 'job-finished';
      readonly job: Job;
      readonly place: Place;
      readonly outcome: Outcome;
      /** Of the recipe itself, by the clock of the place. */
      readonly seconds: number;
      readonly again: boolean;
      /** On a host. */
      readonly traffic?: JobTraffic | undefined;
    }
  /** All jobs of the recipe are done, as far as make's behaviour tells; `failed` is undefined when it succeeded. */
  | {
      readonly type: 'recipe-finished';
      readonly recipe: Recipe;
      readonly class: RecipeClass;
      readonly failed: { readonly job: Job; readonly outcome: Outcome; readonly place: Place } | undefined;
    }
  /** Log modes fold and failures: what a job printed, whole, preceded by make's echo of the command (empty: silent). */
  | {
      readonly type: 'job-text';
      readonly job: Job;
      readonly echo: Bytes;
      readonly output: Bytes;
      /** Where the output is long: the file that has all of it, while `output` may lack some of its middle. */
      readonly file?: string | undefined;
    }
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
      readonly hosts: readonly HostFigures[];
    };

/** Takes every event, in order. Must not throw. */
export type EventSink = (event: BuildEvent) => void;
