import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path/posix';

import { decode, type Bytes } from '../../util/bytes.ts';
import { bmakeDefaults, type BmakeCall } from './defaults.ts';
import { bmakeArguments, bmakeFlags } from './options.ts';
import { environmentValue } from '../environment.ts';
import type { RunDirectory } from '../run-directory.ts';

/** With these bmake prints what it would do, or what it knows, or touches targets: there is nothing to take over. */
const ASKS = 'NVnqtv';

/** What every bmake of a run needs besides the shim: RUN/bmake. */
export class BmakeRun {
  /** Where every bmake writes which process it has started for which target (-T). */
  readonly trace: string;
  readonly #firstMakefile: string;
  readonly #question: string;
  /** The shim under the name that the first makefile gives it. */
  readonly #shell: string;

  private constructor(directory: string) {
    this.trace = join(directory, 'trace');
    this.#firstMakefile = join(directory, 'first.mk');
    this.#question = join(directory, 'question.mk');
    this.#shell = join(directory, 'sh');
  }

  /**
   * Makes the directory.
   *
   * @param assets where bmake-first.mk and bmake-question.mk lie
   * @returns undefined where the shim is a script: bmake's shell is a compiled one only
   */
  static async create({ path, shim }: RunDirectory, assets: string): Promise<BmakeRun | undefined> {
    if (shim.fifo !== undefined) return undefined;
    const bmake = new BmakeRun(join(path, 'bmake'));
    await mkdir(join(path, 'bmake'));
    await symlink('../shim', bmake.#shell);
    await writeFile(bmake.trace, '');
    await copyFile(join(assets, 'bmake-question.mk'), bmake.#question);
    const text = await readFile(join(assets, 'bmake-first.mk'), 'latin1');
    await writeFile(bmake.#firstMakefile, text.replaceAll('@RUN@', path), 'latin1');
    return bmake;
  }

  /** The text with bmake's own shell in place of ours. */
  restore(text: Bytes): Bytes {
    return text.replaceAll(this.#shell, '/bin/sh');
  }

  /**
   * The arguments with which that bmake brings its recipes to us, without argv[0].
   *
   * @returns its own words where it runs as it is: without -j, or to print something, without a makefile, or because it
   *   has another shell than /bin/sh before it reads any
   */
  async words(call: BmakeCall): Promise<readonly Bytes[]> {
    const { words, environment } = call;
    if (!bmakeHandsOver(words, environment)) return words;
    const defaults = await bmakeDefaults(call, this.#question);
    if (defaults?.plainShell !== true) return words;
    const ours = ['-T', this.trace, '-f', this.#firstMakefile];
    if (bmakeArguments(words).options.some(({ letter }) => letter === 'f')) return [...ours, ...words];
    return defaults.makefile === undefined ? words : [...ours, '-f', defaults.makefile, ...words];
  }
}

/** Whether a bmake with these arguments gives its recipes to a shell, and -T is not taken. */
export function bmakeHandsOver(words: readonly Bytes[], environment: readonly Bytes[]): boolean {
  const letters = lettersOf(words, environment);
  return isDriven(letters) && !letters.some((letter) => ASKS.includes(letter));
}

/**
 * Why the recipes of a bmake do not come to us, for people; undefined: they do, or it is to run none.
 *
 * @param piped its output is taken apart, which is done for GNU make's alone
 */
export function bmakeObstacle(
  make: Bytes,
  words: readonly Bytes[],
  environment: readonly Bytes[],
  piped: boolean,
): string | undefined {
  if (piped) return `${decode(make)} is a bmake, whose output cannot be sorted by recipes`;
  const letters = lettersOf(words, environment);
  if (isDriven(letters) || letters.some((letter) => ASKS.includes(letter))) return undefined;
  return `${decode(make)} is a bmake, which distributes only with -j, and without -B and -T`;
}

function lettersOf(words: readonly Bytes[], environment: readonly Bytes[]): readonly string[] {
  const inherited = bmakeFlags(environmentValue(environment, 'MAKEFLAGS') ?? '');
  return [inherited, words].flatMap((list) => bmakeArguments(list).options.map(({ letter }) => letter));
}

/** Without -j, and with -B, bmake starts simple commands itself, whatever its shell is. */
function isDriven(letters: readonly string[]): boolean {
  return letters.includes('j') && !letters.includes('B') && !letters.includes('T');
}
