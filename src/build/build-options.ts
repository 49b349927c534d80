import type { OutputParserOptions } from '../make/output-parser.ts';
import type { RealMake } from '../make/real-make.ts';
import type { EventSink } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Settings } from '../model/settings.ts';
import type { Login } from '../ssh/login.ts';
import type { FarmPlan } from './farm-plan.ts';

/** What a build is to do, from whichever face. */
export interface BuildOptions {
  readonly settings: Settings;
  readonly plan: Pick<FarmPlan, 'hosts' | 'makeArguments' | 'subMakesLeave' | 'dmake'>;
  /** Not needed without ssh hosts. */
  readonly login: Login | undefined;
  readonly make: RealMake;
  /** make's arguments and goals, with the user's -j and all. */
  readonly arguments: readonly string[];
  /** Not make is started, but this, which may call make somewhere below; at least one word. */
  readonly command?: readonly string[] | undefined;
  /** The directory of a bulk build, absolute. */
  readonly bulk?: string | undefined;
  /** Recipes at one time; `places`: as many as there are places for distributable ones. */
  readonly jobs: number | 'places';
  /** What the names of the staging directories begin with. */
  readonly staging: string;
  /** True: make's output is taken apart and comes as events. False: make writes to our own descriptors. */
  readonly piped: boolean;
  /** With `piped`: nothing of what a job prints is left out, and its start is told with make's echo of it. */
  readonly verbatim?: boolean;
  /** With `piped`: of an output that is longer than a log shows all goes to a file. */
  readonly spool?: OutputParserOptions['spool'];
  /** Something shows how far the run has come: what make is going to do is found out beside it. */
  readonly showsTotal?: boolean;
  /** Told which staging directories of this run may be on an ssh host: before anything is made there, and when it is gone. */
  readonly onHostUsed: (host: Host, directories: readonly string[]) => void;
  /**
   * When the staging directories are removed. Stopped: at once, beside make's end, and what that leaves is somebody else's (post), as
   * is all of it where the run ends by itself.
   */
  readonly cleanUp: 'always' | 'when stopped';
  /** Seconds that there are from the first signal to the end: then what is left of make is killed. Undefined: any time. */
  readonly patience?: number;
  readonly sink: EventSink;
  /** The way to stop it: SIGINT or SIGTERM, as it came. */
  readonly onSignal: (stop: (name: NodeJS.Signals) => void) => void;
}
