import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import { shellQuote } from '../util/quote.ts';
import { callsMake } from './make-flags.ts';
import type { RemoteHost } from './remote-host.ts';

/** Says whether a sub-make that runs as a whole on a host builds what it would build on the runner (P5). */
export interface SubMakeCheck {
  /**
   * Before such a job runs there.
   *
   * @returns why it must not, for people; undefined: it may
   * @throws Error with a reason for people when the host fails
   */
  check(job: Job, remote: Pick<RemoteHost, 'host' | 'ask'>, signal: AbortSignal): Promise<string | undefined>;
}

/** The names of make that a recipe may call without a path. */
export const MAKE_NAMES = ['make', 'gmake'];

/**
 * Arguments for the makes that recipes of the first make call, and for no others: not for the first make itself, not for
 * those further below (d1make's D1MAKE_CLIENT_MAKEARGS, L3). They come before the recipe's own, which win.
 */
export class SubMakeArguments {
  readonly #words: readonly Bytes[];
  readonly #level: number;

  /**
   * @param words the arguments
   * @param environment with which the first make is started, as `NAME=value`
   */
  constructor(words: readonly Bytes[], environment: readonly Bytes[]) {
    this.#words = words;
    this.#level = levelOf(environment) + 1;
  }

  /** Whether a recipe belongs to the first make, so that the makes which it calls are at the first level. */
  isFirst(environment: readonly Bytes[]): boolean {
    return levelOf(environment) === this.#level;
  }

  /**
   * The arguments of one make.
   *
   * @param words its own, without argv[0]
   * @param environment in which it is called
   */
  ofCall(words: readonly Bytes[], environment: readonly Bytes[]): readonly Bytes[] {
    // One that starts itself again, since it has remade a makefile, has them already.
    const again = environment.some((entry) => entry.startsWith('MAKE_RESTARTS='));
    return again || !this.isFirst(environment) ? words : [...this.#words, ...words];
  }

  /**
   * What a host is to execute for a job, so that the makes which its command calls get them: a program named as make is
   * put first on PATH there, which calls the make behind it. Whatever the command's shell, and however it calls make, but
   * for a call by a path.
   *
   * @param staging directory there for such programs, if the job can see it; else /tmp is its own
   */
  ofJob({ argv, command, environment }: Job, staging: Bytes): readonly Bytes[] {
    if (this.#words.length === 0 || !this.isFirst(environment) || !callsMake(command)) return argv;
    return ['/bin/sh', '-c', INSTALL, 'sh', staging, callMake(this.#words), ...argv];
  }
}

function levelOf(environment: readonly Bytes[]): number {
  return Number(environment.find((entry) => entry.startsWith('MAKELEVEL='))?.slice(10) ?? 0);
}

/**
 * Arguments: a directory, a program, the words of the job. Variables of the job must stay as they are: names that nobody
 * else has, none exported. Jobs of other lanes may be at the same: each file comes into its place at once.
 */
const INSTALL = `distmake_bin=/tmp/.distmake-bin
[ ! -d "$1" ] || distmake_bin=$1/bin
for distmake_name in ${MAKE_NAMES.join(' ')}; do
  [ ! -x "$distmake_bin/$distmake_name" ] || continue
  mkdir -p "$distmake_bin" && printf '%s' "$2" >"$distmake_bin/$distmake_name.$$" &&
    chmod 700 "$distmake_bin/$distmake_name.$$" && mv "$distmake_bin/$distmake_name.$$" "$distmake_bin/$distmake_name" || exit 126
done
PATH=$distmake_bin:$PATH
export PATH
shift 2
exec "$@"`;

/** A program for sh that is called as make and becomes the make behind it on PATH, with further arguments. */
function callMake(words: readonly Bytes[]): Bytes {
  return `#!/bin/sh
distmake_bin=\${0%/*}
distmake_path=:$PATH:
case $distmake_path in
*:"$distmake_bin":*) distmake_path=\${distmake_path%%":$distmake_bin:"*}:\${distmake_path#*":$distmake_bin:"} ;;
esac
distmake_path=\${distmake_path#:}
PATH=\${distmake_path%:}
exec "\${0##*/}" ${words.map(shellQuote).join(' ')} "$@"
`;
}
