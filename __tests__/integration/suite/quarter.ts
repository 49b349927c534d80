import type { Mode } from './exceptions.ts';

/**
 * Whether a script of GNU make's suite runs always: about a quarter of its cases, those about what we take part in (the
 * shell and how it is called, flags and jobs, what is read and read again, recursion, output). The rest runs in the full
 * run.
 */
export function isInQuarter(script: string, mode: Mode): boolean {
  return QUARTER.has(script) && !(mode !== 'the runner alone' && SLEEPING.has(script));
}

/** They take half a minute whatever make it is; shims take part in them most. */
const SLEEPING: ReadonlySet<string> = new Set(['features/output-sync', 'features/parallelism']);

const QUARTER: ReadonlySet<string> = new Set([
  'features/echoing',
  'features/errors',
  'features/exec',
  'features/include',
  'features/jobserver',
  'features/output-sync',
  'features/parallelism',
  'features/recursion',
  'features/reinvoke',
  'features/temp_stdin',
  'functions/shell',
  'misc/close_stdout',
  'misc/general4',
  'options/dash-k',
  'options/dash-n',
  'options/dash-q',
  'options/dash-t',
  'options/eval',
  'options/general',
  'options/print-directory',
  'options/warn-undefined-variables',
  'targets/DELETE_ON_ERROR',
  'targets/ONESHELL',
  'targets/POSIX',
  'targets/SILENT',
  'targets/WAIT',
  'variables/GNUMAKEFLAGS',
  'variables/MAKE',
  'variables/MAKEFILES',
  'variables/MAKELEVEL',
  'variables/MAKE_RESTARTS',
  'variables/MFILE_LIST',
  'variables/SHELL',
]);
