import type { Stage, Survey } from '../../engine/ports.ts';
import type { ToolCheck } from '../../engine/toolchain-check.ts';
import type { Settings } from '../../model/settings.ts';
import type { Login } from '../../ssh/login.ts';
import type { Host } from '../../model/host.ts';
import type { Bytes } from '../../util/bytes.ts';

/** What a check may take, in ms. */
export interface CheckLimits {
  /** Until a host is up, besides what the login may take: its start-up command and its set-up lines run then. */
  readonly start: number;
  /** For each question. */
  readonly question: number;
}

/** What the checks of all hosts share. */
export interface CheckWorld {
  readonly settings: Settings;
  readonly login: Login | undefined;
  /** That of make, as `NAME=value`. */
  readonly environment: readonly Bytes[];
  readonly tools: ToolCheck;
  /** What the names of the staging directories begin with. */
  readonly staging: string;
  /** Told of each ssh host before anything is made there. */
  readonly onHostUsed: (host: Host, directories: readonly string[]) => void;
  /** At the workspace's path, with nothing in it that would have to be sent. */
  readonly stage: Stage;
  /** LaneSetup.token */
  readonly token: Bytes | undefined;
  /** How much a build would send; undefined: nothing, or the workspace cannot be read. */
  readonly survey: Promise<Survey | undefined>;
  readonly limits: CheckLimits;
  /** Ends it early: what was made on hosts is removed all the same. */
  readonly signal: AbortSignal;
}
