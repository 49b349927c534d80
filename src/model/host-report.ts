import type { Host } from './host.ts';
import type { LoadAverages } from './load.ts';
import type { Sandbox } from './sandbox.ts';

/** What was found out about one host without building anything. Undefined: it is not known, or there is no such thing. */
export interface HostReport {
  readonly host: Host;
  /** Why it takes no jobs and what to do about it, for people; undefined: it takes them. */
  readonly problem: string | undefined;
  /** What to know besides, for people: whole sentences without the host's name and without a full stop. */
  readonly remarks: readonly string[];
  /** Where one logs in: `user@address:port`. */
  readonly login: string | undefined;
  /** What one logs in with: keys in the order in which they are tried, or a program. */
  readonly by: string | undefined;
  readonly sandbox: Sandbox | undefined;
  /** It has no perl: its lanes are those in sh. */
  readonly withoutPerl: boolean;
  /** Jobs that it takes at one time. */
  readonly slots: number | undefined;
  readonly processors: number | undefined;
  /** Jobs of all users and runs that its owner allows at one time. */
  readonly cap: number | undefined;
  readonly load: LoadAverages | undefined;
  /** How its tools compare with those of the runner, or of the other hosts. */
  readonly tools: 'same' | 'differ' | 'not compared' | undefined;
  /** Versions, as far as the programs say one. */
  readonly make: string | undefined;
  readonly cc: string | undefined;
  /** From here to there and back, in ms. */
  readonly roundTrip: number | undefined;
  /** Its clock less that of the runner, in seconds, and how far off that may be. */
  readonly clock: { readonly offset: number; readonly within: number } | undefined;
  /** What is free where it is staged: bytes, and files. */
  readonly free: { readonly bytes: number; readonly files: number | undefined } | undefined;
}
