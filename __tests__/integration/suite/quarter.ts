/**
 * Whether a script of GNU make's suite runs always: about a quarter of its cases, those about what we take part in (the
 * shell and how it is called, flags and jobs, what is read and read again, recursion). The rest runs in the full run, with
 * those that sleep for half a minute whatever make it is (features/output-sync, features/parallelism).
 */
export function isInQuarter(script: string): boolean {
  return QUARTER.has(script);
}

const QUARTER: ReadonlySet<string> = new Set([
  'features/echoing',
  'features/errors',
  'features/exec',
  'features/include',
  'features/jobserver',
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
