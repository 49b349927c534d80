/** How the make under test is run. */
export type Mode = 'no hosts' | 'the runner alone' | 'two hosts';

/** A case of GNU make's suite that plain make passes and distmake does not, or not always. */
export interface Exception {
  /** Script and line. */
  readonly name: string;
  /** The release of GNU make whose suite has it. */
  readonly make: '4.3' | '4.4.1';
  readonly modes: readonly Mode[];
  readonly why: keyof typeof REASONS;
  /** It passes at times. */
  readonly sometimes?: true;
}

/** Why they cannot be mended, or are not. */
export const REASONS = {
  announces:
    'A sub-make under -q that prints nothing names its directory all the same: make does so when it runs a $(shell), and ' +
    'last.mk asks us by one.',
  waits:
    'Recipes wait for files that others write meanwhile. A job on a host sees the tree as it was when the job began, and ' +
    'others see what it wrote when it has ended.',
  exports:
    'From 4.4 on make expands all exported variables for each $(shell), and last.mk asks us by one: a variable on the ' +
    'command line that cannot be expanded ends make there, and not where it is used or not used.',
  jobserver:
    'A jobserver that is named in MAKEFLAGS and is not there: make says so. With hosts ours takes no tokens of a make ' +
    'above it, for its jobs run elsewhere.',
  environment:
    'What was in the environment before make was started, and is as it was, stays on the runner, unless it is named by ' +
    '--environment.',
  tokens: 'The jobserver is for jobs on the runner: a host is not told of it.',
  pids: 'A recipe ends make by its number. On a host that number is another process, or none.',
  twice:
    'Two recipes write the same file at the same time. What the second wrote is not taken, it runs again on top of the ' +
    'first, and a line says so.',
};

const SHIMMED: readonly Mode[] = ['the runner alone', 'two hosts'];
const HOSTS: readonly Mode[] = ['two hosts'];

/** All of them. The suite's test fails when one of these passes that is not marked as passing at times. */
export const EXCEPTIONS: readonly Exception[] = [
  ...both('options/dash-q:79', SHIMMED, 'announces'),
  ...['10', '29', '41'].flatMap((line) => both(`features/parallelism:${line}`, HOSTS, 'waits', true)),
  { make: '4.3', name: 'features/parallelism:57', modes: HOSTS, why: 'waits', sometimes: true },
  { make: '4.4.1', name: 'features/parallelism:58', modes: HOSTS, why: 'waits', sometimes: true },
  { make: '4.4.1', name: 'features/patternrules:214', modes: HOSTS, why: 'twice', sometimes: true },
  { make: '4.4.1', name: 'features/patternrules:226', modes: HOSTS, why: 'twice', sometimes: true },
  { make: '4.4.1', name: 'features/output-sync:371', modes: HOSTS, why: 'pids' },
  { make: '4.4.1', name: 'features/temp_stdin:70', modes: HOSTS, why: 'pids' },
  { make: '4.4.1', name: 'features/jobserver:190', modes: HOSTS, why: 'tokens' },
  ...['297', '375', '379', '383', '388', '392', '396', '400'].map((line) => environment(`features/targetvars:${line}`)),
  environment('functions/shell:102'),
  { make: '4.4.1', name: 'features/jobserver:198', modes: SHIMMED, why: 'jobserver' },
  { make: '4.4.1', name: 'variables/negative:20', modes: SHIMMED, why: 'exports' },
  { make: '4.4.1', name: 'variables/MAKEFLAGS:365', modes: SHIMMED, why: 'exports' },
  { make: '4.4.1', name: 'variables/MAKEFLAGS:371', modes: SHIMMED, why: 'exports' },
];

/** A case that stands at the same line in both suites. */
function both(name: string, modes: readonly Mode[], why: keyof typeof REASONS, sometimes?: true): readonly Exception[] {
  return (['4.3', '4.4.1'] as const).map((make) => ({ make, name, modes, why, ...(sometimes && { sometimes }) }));
}

function environment(name: string): Exception {
  return { make: '4.4.1', name, modes: HOSTS, why: 'environment' };
}
