import { execFile } from 'node:child_process';
import { basename, isAbsolute, resolve } from 'node:path/posix';
import { promisify } from 'node:util';

import { decode, encode, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { findProgram, isProgram } from './programs.ts';

const run = promisify(execFile);

/** A make to be run, as the user named it and as it lies on disk. */
export interface RealMake {
  /** Base name: its argv[0], so that $(MAKE) comes to our wrapper of this name. */
  readonly name: Bytes;
  readonly path: Bytes;
  /** `4.3` */
  readonly version: string;
}

/**
 * Finds the make that the user named and asks it what it is.
 *
 * @param make a name to look for on `searchPath`, or a path (relative to this process's directory)
 * @throws UserError when there is none, or it is not GNU make 4.0 or newer (last.mk needs $(file), `undefine`, -O)
 */
export async function findMake(make: string, searchPath: Bytes): Promise<RealMake> {
  const word = encode(make);
  const path = word.includes('/') ? resolve(word) : findProgram(word, searchPath);
  if (path === undefined || !isProgram(path)) {
    const where = word.includes('/') ? 'is not a program' : `is not on PATH (${decode(searchPath)})`;
    throw new UserError(`make: ${make} ${where}. Install GNU make 4.0 or newer, or name it with \`make\`.`);
  }
  const said = await makeSays(path);
  const version = gnuVersion(said);
  if (version === undefined || Number(version.split('.')[0]) < 4) {
    const found = said.split('\n', 1)[0]?.trim() || 'nothing that names it';
    throw new UserError(`make: ${decode(path)} is not GNU make 4.0 or newer: --version says "${found}".`);
  }
  return { name: basename(path), path, version };
}

/** Which of the usual names of GNU make a system has. */
export function makeNames(make: RealMake, searchPath: Bytes): readonly Bytes[] {
  return [make.name, ...['make', 'gmake'].filter((name) => findProgram(name, searchPath) !== undefined)];
}

const known = new Map<Bytes, Promise<boolean>>();

/** Whether a program is a GNU make that last.mk works with; asked once. */
export function isGnuMake(path: Bytes): Promise<boolean> {
  let answer = known.get(path);
  if (answer === undefined) {
    answer = makeSays(path).then((said) => Number(gnuVersion(said)?.split('.')[0]) >= 4);
    known.set(path, answer);
  }
  return answer;
}

async function makeSays(path: Bytes): Promise<string> {
  if (!isAbsolute(path)) return '';
  try {
    // Not this make's business: -f or -j of a make that we run under.
    const { MAKEFLAGS: _flags, GNUMAKEFLAGS: _gnu, MAKEFILES: _files, ...env } = process.env;
    const { stdout } = await run(decode(path), ['--version'], { env: { ...env, LC_ALL: 'C' }, timeout: 10_000 });
    return stdout;
  } catch {
    return '';
  }
}

function gnuVersion(said: string): string | undefined {
  return /^GNU Make (\d+(?:\.\d+)*)/.exec(said)?.[1];
}
