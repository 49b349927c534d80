import type { LoadPolicy } from './load.ts';

/** Which recipes may leave the runner, besides those that a makefile names in `.DIST`. */
export type DistSetting =
  /** `.DIST` where the makefile has one, else the usual object files; decided for each make process. */
  | { readonly mode: 'auto' }
  /** `.DIST` where the makefile has one, else every target, as dmake has it. */
  | { readonly mode: 'all' }
  /** `.DIST` alone. */
  | { readonly mode: 'makefile' }
  /** These patterns, added to `.DIST`. */
  | { readonly mode: 'patterns'; readonly patterns: readonly string[] };

/** Where a distributable recipe may run that no host can take: on the runner, or nowhere. */
export type Fallback = 'local' | 'never';

/** What a job sees of the workspace: all of it; its declared prerequisites alone; the very workspace, on a shared file system. */
export type Staging = 'tree' | 'declared' | 'none';

/** Commands for sh whose output must be the same on a host as on the runner; undefined: the usual ones; empty: none. */
export type Toolchain = readonly string[] | undefined;

/** In seconds, where nobody says otherwise. */
export const DEFAULT_HOST_TIMEOUT = 15;
export const DEFAULT_STALE_AFTER = 86_400;

/** Folds; only what failed or warned; no folds. */
export type LogMode = 'fold' | 'failures' | 'plain';

/** What a run is to do, from whichever face: the inputs of the action or the options of the command. */
export interface Settings {
  /** Make goals. */
  readonly targets: readonly string[];
  /** Where make starts, absolute. */
  readonly workingDirectory: string;
  /** The `-f` of make, as given: relative to the working directory. Undefined: make looks for one. */
  readonly makefile: string | undefined;
  /** The make program: a name to look for on PATH, or a path. */
  readonly make: string;
  /** Further arguments for make. */
  readonly arguments: readonly string[];
  /** Jobs that could leave and that the runner takes itself when the hosts are full, 0 or more. */
  readonly localJobs: number;
  readonly dist: DistSetting;
  /** Patterns of targets that must stay on the runner. */
  readonly local: readonly string[];
  /** Lines for `sh`, evaluated once in every lane; may be empty. */
  readonly setup: string;
  /** Names of further variables that travel with a job. */
  readonly environment: readonly string[];
  readonly fallback: Fallback;
  /** Seconds until a host that says nothing is given up; a host's own `timeout` goes before. */
  readonly hostTimeout: number;
  /** Seconds that one job may run which might leave, wherever it runs; undefined: any time. */
  readonly jobTimeout: number | undefined;
  /** Patterns of targets whose recipes must not run a second time once they may have begun. */
  readonly noRetry: readonly string[];
  /** Seconds after which what a dead run left on a host, or here, is removed. */
  readonly staleAfter: number;
  readonly staging: Staging;
  /** Patterns as in a .gitignore: what is not staged. */
  readonly exclude: readonly string[];
  readonly load: LoadPolicy;
  readonly toolchain: Toolchain;
  readonly log: LogMode;
  /** Whether to write the job summary. */
  readonly summary: boolean;
  readonly cache: boolean;
  /** What is staged, absolute; recipes outside of it stay on the runner. */
  readonly root: string;
}
