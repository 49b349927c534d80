import type { EventSink, Place } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Job, Recipe } from '../model/job.ts';
import type { LoadAverages } from '../model/load.ts';
import type { Outcome } from '../model/outcome.ts';
import type { KeptReason } from '../model/place-reason.ts';
import type { Bytes } from '../util/bytes.ts';
import type { BackOff } from './back-off.ts';
import type { Clock } from './clock.ts';
import type { TargetSet } from './dist-set.ts';
import type { JobMarkers } from './job-markers.ts';
import type { OutputStore } from './job-output.ts';
import type { LocalHost } from './local-host.ts';
import type { ShellCall, Stage } from './ports.ts';
import type { RecipeState } from './recipe-book.ts';
import type { RemoteHost } from './remote-host.ts';
import type { Lease, Scheduler } from './scheduler.ts';
import type { SubMakeCheck } from './sub-make.ts';
import type { Verdicts } from './verdicts.ts';

/** What a shim's call asks to run, with the user's own shell in it. */
export interface Command {
  readonly target: Bytes;
  readonly argv: readonly Bytes[];
  readonly command: Bytes;
  readonly environment: readonly Bytes[];
  /** How the environment of the shim must be changed for a run on the runner: `NAME=value` sets, `NAME` unsets. */
  readonly changes: readonly Bytes[];
  readonly prerequisites: Job['prerequisites'];
}

/** What every pass works with. */
export interface PassWorld {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly hosts: ReadonlyMap<Host, RemoteHost>;
  /** Bare localhost, where the matrix lists it. */
  readonly locals: ReadonlyMap<Host, LocalHost>;
  readonly stage: Stage;
  readonly sink: EventSink;
  readonly verdicts: Verdicts;
  readonly backOff: BackOff;
  /** The runner's own load, where that counts. */
  readonly runnerLoad?: () => LoadAverages;
  /** For commands that call make and run on a host as a whole; undefined: they need no check (P5). */
  readonly subMakes: SubMakeCheck | undefined;
  readonly fallback: 'local' | 'never';
  /** Hosts work in the very workspace. */
  readonly shared?: boolean;
  /** Targets whose recipes must not run a second time once they may have begun. */
  readonly noRetry?: TargetSet;
  /** Seconds that one job may run which may leave; undefined: any time. */
  readonly jobTimeout?: number | undefined;
  /** How much waits for a recipe: the heavier ones come first. Default: all are alike. */
  readonly weightOf?: ((recipe: Recipe) => number) | undefined;
  readonly markers: JobMarkers;
  /** Where what jobs print on hosts waits for their end. */
  readonly outputs: OutputStore;
  /** Whether the start of a job is told with make's echo of it. */
  readonly echoes?: boolean;
}

/** A job between its shim's call and its shim's end. */
export interface Running {
  readonly job: Job;
  readonly shim: number;
  readonly stop: AbortController;
  lease: Lease | undefined;
  /** Its end has been told; what it printed may be on its way to the shim. */
  hasEnded: boolean;
  recursive: boolean;
  /** Ends its time limit: from here on it only waits for a make, whose jobs have limits of their own. */
  unlimit: () => void;
}

/** One job, and how it goes. */
export interface PassSubject {
  readonly call: ShellCall;
  readonly command: Command;
  readonly state: RecipeState;
  readonly running: Running;
  /** The single-letter options of its make. */
  readonly flags: ReadonlySet<string>;
  /** Nothing of its recipe has run yet. */
  readonly fresh: boolean;
  /** Why its recipe may not run on a host; undefined: it may. */
  readonly kept: KeptReason | undefined;
  /** Whether a failure has ended its make by now: it starts no recipe any more. */
  readonly isOver: () => boolean;
  /** See Gate.start. */
  readonly begin: (place: Place) => Promise<Outcome | undefined> | undefined;
}
