import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path/posix';
import { promisify } from 'node:util';

import { bytesOf, decode, fsPath, type Bytes } from '../../util/bytes.ts';
import { bmakeArguments } from './options.ts';
import { changeEnvironment } from '../environment.ts';

const run = promisify(execFile);

/** A call of bmake, first or from a recipe. */
export interface BmakeCall {
  readonly make: Bytes;
  /** Without argv[0]. */
  readonly words: readonly Bytes[];
  readonly directory: Bytes;
  readonly environment: readonly Bytes[];
}

export interface BmakeDefaults {
  /** Whether its shell is /bin/sh as bmake is built with it: not another by its maker's or sys.mk's will. */
  readonly plainShell: boolean;
  /** The makefile that it reads by itself, relative to its directory; undefined when there is none. */
  readonly makefile: Bytes | undefined;
}

/**
 * Asks a bmake what it does where no makefile says otherwise.
 *
 * @param question bmake-question.mk
 * @returns undefined when it gives no answer
 */
export async function bmakeDefaults(call: BmakeCall, question: string): Promise<BmakeDefaults | undefined> {
  const { options } = bmakeArguments(call.words);
  const valuesOf = (one: string): Bytes[] =>
    options.flatMap(({ letter, value }) => (letter === one && value ? [value] : []));
  const directory = resolve(call.directory, ...valuesOf('C'));
  const words = [
    ...(options.some(({ letter }) => letter === 'r') ? ['-r'] : []),
    ...valuesOf('m').flatMap((value) => ['-m', value]),
    ...['-f', question],
    ...['MAKE.MAKEFILE_PREFERENCE', 'MAKE.MAKEFILES'].flatMap((name) => ['-V', `\${.${name}}`]),
    ...['-V', '${DISTMAKE_SHELL}'],
  ];
  try {
    const { stdout } = await run(decode(call.make), words.map(decode), {
      cwd: decode(directory),
      env: environmentOf(changeEnvironment(call.environment, ['MAKEFLAGS', 'MAKEFILES'])),
      timeout: 10_000,
    });
    const [preference = '', read = '', shell = ''] = stdout.split('\n');
    const changed = wordsOf(read).some(
      (file) => file !== question && SETS_SHELL.test(textOf(resolve(directory, file))),
    );
    return {
      plainShell: !changed && shell === realpathSync('/bin/sh'),
      makefile: wordsOf(preference).find((name) => existsSync(fsPath(join(directory, name)))),
    };
  } catch {
    return undefined;
  }
}

const SETS_SHELL = /^\s*\.SHELL\s*[:!]/m;

function textOf(file: Bytes): Bytes {
  return bytesOf(readFileSync(fsPath(file)));
}

/** For a child process. */
export function environmentOf(entries: readonly Bytes[]): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = {};
  for (const entry of entries) {
    const equals = entry.indexOf('=');
    own[decode(entry.slice(0, equals))] = decode(entry.slice(equals + 1));
  }
  return own;
}

function wordsOf(text: Bytes): readonly Bytes[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
