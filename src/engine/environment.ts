import type { Bytes } from '../util/bytes.ts';

/**
 * Never leaves the runner, not even when it has changed since make was started: the runner's business and secrets, and
 * what shells and make itself set.
 */
const PRIVATE =
  /^(?:GITHUB_|RUNNER_|ACTIONS_|INPUT_|STATE_|SSH_|DISTMAKE_)|^(?:PATH|PWD|OLDPWD|SHLVL|_|MAKE_TERMOUT|MAKE_TERMERR|MFLAGS|MAKEFILES)$/;

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

  of(environment: readonly Bytes[]): TravellingEnvironment {
    const variables: Bytes[] = [];
    let path = '';
    for (const entry of environment) {
      const name = entry.slice(0, entry.indexOf('='));
      if (name === 'PATH') {
        const added = entry.slice(5).split(':');
        path = added.filter((one) => one.startsWith('/') && !this.#ownPath.has(one)).join(':');
      } else if (name === 'MAKEFLAGS') {
        const flags = withoutJobserver(entry.slice(10));
        if (flags.trim() !== '') variables.push(`MAKEFLAGS=${flags}`);
      } else if (this.#named.has(name) || (!PRIVATE.test(name) && !this.#own.has(entry))) {
        variables.push(entry);
      }
    }
    return { variables, path };
  }
}

/** What tells a make to share slots or to group its output: means nothing away from the runner (G6). */
function withoutJobserver(flags: Bytes): Bytes {
  const [options = '', ...variables] = flags.split(/ -- /);
  const kept = options
    .split(' ')
    .filter((word) => !/^(?:-j\d*|-O\w*|--jobserver-\S+|--output-sync\S*|--sync-mutex\S*|--jobs\S*)$/.test(word));
  return [kept.join(' '), ...variables].join(' -- ');
}
