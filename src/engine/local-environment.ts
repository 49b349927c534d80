import type { Bytes } from '../util/bytes.ts';
import type { Baggage } from './environment.ts';
import type { Command } from './pass-world.ts';

/**
 * What the matrix says of the variables of jobs on the runner, put together as on any host: what make and the makefile
 * export comes before the host's own variables, and these before what the runner had anyway.
 */
export class LocalEnvironment {
  readonly #baggage: Baggage;
  /** All but PATH, as changes. */
  readonly #variables: readonly (readonly [name: Bytes, change: Bytes])[];
  readonly #path: readonly Bytes[];
  readonly #searchPath: Bytes | undefined;

  /**
   * @param changes what its variables and its set-up change of the runner's environment: `NAME=value` sets, `NAME` unsets
   * @param path directories that come first, colon-separated; may be empty
   */
  constructor(baggage: Baggage, changes: readonly Bytes[], path: Bytes) {
    this.#baggage = baggage;
    const named = changes.map((change) => [change.replace(/=.*/s, ''), change] as const);
    this.#variables = named.filter(([name]) => name !== 'PATH');
    this.#searchPath = changes.find((change) => change.startsWith('PATH='))?.slice(5);
    this.#path = directories(path);
  }

  /**
   * The changes for one job's shim: those that it gets on the runner anyway, then what the matrix adds.
   *
   * @param inherited the environment of the shim, as `NAME=value`
   */
  changes({ changes, environment }: Command, inherited: readonly Bytes[]): readonly Bytes[] {
    const travelling = this.#baggage.of(environment);
    const exported = new Set(travelling.variables.map((entry) => entry.slice(0, entry.indexOf('='))));
    const added = this.#variables.filter(([name]) => !exported.has(name)).map(([, change]) => change);
    if (this.#path.length > 0 || this.#searchPath !== undefined) {
      const now = valueOf(changes, 'PATH') ?? valueOf(inherited, 'PATH') ?? '';
      const plain = valueOf(environment, 'PATH') ?? '';
      added.push(
        `PATH=${this.#searched(directories(now), directories(plain), directories(travelling.path)).join(':')}`,
      );
    }
    return [...changes, ...added];
  }

  /**
   * @param now with the directory of our wrappers of make, which stays first where it is
   * @param plain without it
   * @param travelling what the makefile has put there
   */
  #searched(now: readonly Bytes[], plain: readonly Bytes[], travelling: readonly Bytes[]): readonly Bytes[] {
    const isOurs = (directory: Bytes): boolean => !plain.includes(directory);
    const front = now.slice(0, 1).filter(isOurs);
    const rest = now.slice(front.length);
    const kept =
      this.#searchPath === undefined
        ? rest
        : [
            ...rest.filter((directory) => isOurs(directory) || travelling.includes(directory)),
            ...directories(this.#searchPath),
          ];
    return [...front, ...this.#path, ...kept];
  }
}

function directories(path: Bytes): readonly Bytes[] {
  return path === '' ? [] : path.split(':');
}

function valueOf(entries: readonly Bytes[], name: Bytes): Bytes | undefined {
  return entries.findLast((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
