import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FarmPlan } from '../build/farm-plan.ts';
import type { SettingsWish } from '../build/settings.ts';
import { DEFAULT_HOST_TIMEOUT, DEFAULT_STALE_AFTER } from '../model/settings.ts';
import type { CliOptions } from './options.ts';

/** What the options say of a run in the current directory. */
export function wishOf(options: CliOptions, plan: FarmPlan): SettingsWish {
  const directory = process.cwd();
  const root = options.root ?? enclosingWorkTree(directory) ?? directory;
  return {
    root,
    workingDirectory: directory,
    targets: [],
    makefile: undefined,
    make: options.make,
    arguments: options.makeArguments,
    localJobs: options.localJobs,
    // Hosts that nobody named on the command line get what the makefile itself gives away (B2).
    dist: options.dist ?? { mode: plan.implied && !plan.dmake ? 'makefile' : 'auto' },
    local: options.local,
    setup: options.setup,
    environment: options.environment,
    fallback: options.fallback,
    hostTimeout: options.hostTimeout ?? DEFAULT_HOST_TIMEOUT,
    jobTimeout: options.jobTimeout,
    noRetry: options.noRetry,
    staleAfter: options.staleAfter ?? DEFAULT_STALE_AFTER,
    staging: options.staging,
    exclude: options.exclude,
    load: options.load,
    toolchain: options.toolchain,
    log: options.log ?? 'fold',
    summary: false,
    cache: false,
  };
}

function enclosingWorkTree(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}
