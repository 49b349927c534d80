import type { Makefile } from './makefile.ts';

/** Where a host is when a fault strikes it. */
export type Step =
  /** A lane is being opened. */
  | 'open'
  /** The whole workspace is on its way there. */
  | 'sync'
  /** What a tree lacks for a job is on its way there. */
  | 'send'
  /** The tree is up to date, the job has not begun. */
  | 'begin'
  /** The job runs. */
  | 'run'
  /** The job has ended, its outputs have not been sent. */
  | 'end'
  /** The outputs have been sent, the last word has not. */
  | 'outputs'
  /** What was left behind there is being removed. */
  | 'discard';

export const STEPS: readonly [Step, ...Step[]] = ['open', 'sync', 'send', 'begin', 'run', 'end', 'outputs', 'discard'];

export type Blow =
  /** All connections end, and everybody is told. */
  | 'cut'
  /** Nothing is heard of it any more. */
  | 'silence'
  /** This one thing fails (a full disk), the connections stand. */
  | 'failure'
  /** It says that it is of no use, now and for ever: as it is opened only. */
  | 'left out';

export interface Fault {
  /** Number of the host. */
  readonly host: number;
  /** At which step, the how manieth time it gets there (from 1); or at which moment, in ms. */
  readonly when: { readonly step: Step; readonly nth: number } | { readonly at: number };
  readonly blow: Blow;
  /** How long nobody gets there, in ms; Infinity: ever. */
  readonly down: number;
}

export interface HostPlan {
  readonly name: string;
  readonly slots: number | undefined;
  readonly processors: number;
  /** Several hosts may be one machine: its number. */
  readonly machine: number;
  /** All lanes work in one tree. */
  readonly overlay: boolean;
  /** Longest time that anything takes there, in ms. */
  readonly slowness: number;
  /** Says how busy it is. */
  readonly hasLoad: boolean;
  /** Lanes that its server allows at one time. */
  readonly sessions: number;
}

/** Somebody ends something from outside. */
export type Interruption =
  | { readonly what: 'run stopped' | 'make killed'; readonly at: number }
  /** The shell call that comes as the how manieth, after so many ms. */
  | { readonly what: 'shim killed'; readonly call: number; readonly after: number };

/** What the runner does with the outputs of the job that comes home as the how manieth. */
export interface Welcome {
  readonly nth: number;
  readonly kind: 'refused' | 'conflict';
}

/** All that is decided before a run begins. */
export interface Scenario {
  readonly seed: number;
  readonly makefile: Makefile;
  readonly hosts: readonly HostPlan[];
  /** By the number of a machine: jobs that its owner allows at one time. */
  readonly caps: readonly (number | undefined)[];
  /** The runner itself, listed among the hosts. */
  readonly localhost: { readonly slots: number; readonly cap: number | undefined } | undefined;
  /** `places`: as many as the hosts take. */
  readonly jobs: number | 'places';
  readonly localJobs: number;
  readonly processors: number;
  readonly keepGoing: boolean;
  /** The makefiles have marks of dmake. */
  readonly dmake: boolean;
  readonly fallback: 'local' | 'never';
  /** What make prints passes through our hands, as in a workflow. */
  readonly piped: boolean;
  readonly policy: 'jobs' | 'auto' | 'm1' | 'reported';
  /** In seconds. */
  readonly patience: number;
  readonly jobTimeout: number | undefined;
  /** Of every host. */
  readonly stuck: number | undefined;
  readonly faults: readonly Fault[];
  readonly interruptions: readonly Interruption[];
  readonly welcomes: readonly Welcome[];
}
