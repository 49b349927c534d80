import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path/posix';

import type { ParseCall } from '../engine/ports.ts';
import { bytesOf, fsPath, type Bytes } from '../util/bytes.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import type { FirstMakefile } from './first-makefile.ts';
import { makeIntent } from './make-intent.ts';
import { defaultMakefile } from './makefile.ts';
import { withoutJobWords } from './makeflags.ts';
import type { MakefileText } from './mark-lines.ts';
import type { RunDirectory } from './run-directory.ts';

/** A make of the run that has just parsed; another one like it is asked what it knows. */
export interface AskedMake {
  readonly run: Pick<RunDirectory, 'path' | 'bin' | 'lastMakefile'>;
  /** The arguments that the parsing make was called with, without argv[0]; with or without our makefile. */
  readonly arguments: readonly Bytes[];
  readonly call: Pick<ParseCall, 'directory' | 'environment' | 'makefiles'>;
  /** Where makes come to us by a makefile in their environment: those that we ask must not. */
  readonly first?: FirstMakefile | undefined;
}

/** Each has a last makefile of its own, named so: several makes may be asked at one time. */
const OURS = 'probe.';
let asked = 0;

/** The name of a makefile that a make which is asked reads last. */
export function askedMakefile({ path }: Pick<RunDirectory, 'path'>): Bytes {
  return `${path}/${OURS}${asked++}.mk`;
}

/** Whether a make that parses is one that we ask: it is to be left alone. */
export function isAsked({ path }: Pick<RunDirectory, 'path'>, { makefiles }: Pick<ParseCall, 'makefiles'>): boolean {
  return makefiles.includes(`${path}/${OURS}`);
}

/** Without our wrappers and without the jobserver of the make that is there already; messages as they are parsed. */
export function askedEnvironment({ run, call: { environment }, first }: AskedMake): readonly Bytes[] {
  const path = environmentValue(environment, 'PATH') ?? '';
  const makeflags = withoutJobWords(environmentValue(environment, 'MAKEFLAGS') ?? '');
  return changeEnvironment(environment, [
    `PATH=${path
      .split(':')
      .filter((directory) => directory !== run.bin)
      .join(':')}`,
    makeflags === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${makeflags}`,
    'LANGUAGE=C',
    'DISTMAKE_TARGET',
    ...(first ? [first.without(environment)] : []),
  ]);
}

/**
 * What make has read.
 *
 * @returns whole: that is all of it, as far as can be told; a makefile may have changed MAKEFILE_LIST. Absent: what is
 * not there, or no longer; among others that which `-include` has not found
 */
export async function readMakefiles(asked: AskedMake): Promise<{
  readonly texts: readonly MakefileText[];
  readonly whole: boolean;
  readonly absent: readonly Bytes[];
}> {
  const { call } = asked;
  const texts: MakefileText[] = [];
  const absent: Bytes[] = [];
  const names = call.makefiles.split(/\s+/);
  const listed = (name: Bytes): boolean => name === '-' || names.includes(name);
  let whole = (await namedMakefiles(asked)).every(listed);
  for (const name of names) {
    if (name === '') continue;
    try {
      const file = fsPath(resolve(call.directory, name));
      // What make has read from a pipe is not there a second time.
      if ((await stat(file)).isFile()) texts.push({ name, text: bytesOf(await readFile(file)) });
      else whole = false;
    } catch (error) {
      // A name with a blank, or a temporary one that is gone.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') absent.push(name);
      else whole = false;
    }
  }
  return { texts, whole, absent };
}

/** The makefiles that make was given, without ours, or the default one. */
async function namedMakefiles({ run, arguments: words, call }: AskedMake): Promise<readonly Bytes[]> {
  const named = makeIntent(words).makefiles.filter((name) => name !== run.lastMakefile);
  return named.length > 0 ? named : [(await defaultMakefile(call.directory)) ?? ''];
}
