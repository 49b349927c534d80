import type { Bytes } from '../util/bytes.ts';

/**
 * Never leaves the runner, not even when it has changed since make was started: the runner's business and secrets, and
 * what shells and make itself set.
 */
const PRIVATE =
  /^(?:GITHUB_|RUNNER_|ACTIONS_|INPUT_|STATE_|SSH_|DISTMAKE_)|^(?:PATH|PWD|OLDPWD|SHLVL|_|MAKE_TERMOUT|MAKE_TERMERR)$/;

/** The part of a job's environment that goes to a host with it. */
export interface TravellingEnvironment {
  /** `NAME=value` */
  readonly variables: readonly Bytes[];
  /** What the makefile has put on PATH, colon-separated: goes before the host's own. */
  readonly path: Bytes;
}

/**
 * Tells what make and the makefile exported from what the runner had anyway: only the former travels, and the
 * variables that the user names.
 */
export class Baggage {
  readonly #own: ReadonlySet<Bytes>;
  readonly #ownPath: ReadonlySet<Bytes>;
  readonly #named: ReadonlySet<Bytes>;

  /**
   * @param own the environment with which make was started, as `NAME=value`
   * @param named variables that travel although they are the runner's
   */
  constructor(own: Iterable<Bytes>, named: Iterable<Bytes>) {
    this.#own = new Set(own);
    this.#named = new Set(named);
    const path = [...this.#own].find((entry) => entry.startsWith('PATH='))?.slice(5) ?? '';
    this.#ownPath = new Set(path.split(':'));
  }

  /** @param jobs more than 1: makes that it calls are told to run so many recipes at one time, unless their arguments say otherwise */
  of(environment: readonly Bytes[], jobs = 1): TravellingEnvironment {
    const variables: Bytes[] = [];
    let path = '';
    let makeflags = '';
    for (const entry of environment) {
      const name = entry.slice(0, entry.indexOf('='));
      if (name === 'PATH') {
        const added = entry.slice(5).split(':');
        path = added.filter((one) => one.startsWith('/') && !this.#ownPath.has(one)).join(':');
      } else if (name === 'MAKEFLAGS') {
        makeflags = withoutJobserver(entry.slice(10));
      } else if (name === 'MFLAGS') {
        const flags = withoutJobserver(entry.slice(7)).trim();
        if (flags !== '' && flags !== '-') variables.push(`MFLAGS=${flags}`);
      } else if (this.#named.has(name) || (!PRIVATE.test(name) && !this.#own.has(entry))) {
        variables.push(entry);
      }
    }
    if (jobs > 1) makeflags = withJobs(makeflags, jobs);
    if (makeflags.trim() !== '') variables.push(`MAKEFLAGS=${makeflags}`);
    return { variables, path };
  }
}

/** With the blank before each. bmake has `-j 2 -J 3,4`. */
const JOB_WORDS =
  /(?:^| )(?:-j(?:\d+| \d+)?|-J \S+|-O\w*|--jobserver-\S+|--output-sync\S*|--sync-mutex\S*|--jobs\S*)(?!\S)/g;

/** What tells a make to share slots or to group its output: means nothing away from the runner (G6). */
function withoutJobserver(flags: Bytes): Bytes {
  const [options = '', ...variables] = flags.split(/ -- /);
  return [options.replace(JOB_WORDS, ''), ...variables].join(' -- ');
}

/** As make writes it: behind the single letters, before the variables. The make that reads it is the jobserver of those below. */
function withJobs(flags: Bytes, jobs: number): Bytes {
  const variables = flags.search(/(?<!\S)--(?!\S)/);
  const [options, rest] = variables < 0 ? [flags, ''] : [flags.slice(0, variables), ` ${flags.slice(variables)}`];
  return `${options.trimEnd()} -j${jobs}${rest}`;
}
