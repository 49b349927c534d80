import { execFile } from 'node:child_process';
import { basename, isAbsolute, resolve } from 'node:path/posix';
import { promisify } from 'node:util';

import { decode, encode, type Bytes } from '../util/bytes.ts';
import { excerpt } from '../util/excerpt.ts';
import { UserError } from '../util/user-error.ts';
import { bmakeVersion } from './bmake/version.ts';
import { findProgram, isProgram } from './programs.ts';

const run = promisify(execFile);

/** A make to be run, as the user named it and as it lies on disk. */
export interface RealMake {
  /** Base name: its argv[0], so that $(MAKE) comes to our wrapper of this name. */
  readonly name: Bytes;
  readonly path: Bytes;
  readonly kind: 'gnu' | 'bmake' | 'other';
  /** `4.3`, of a bmake `20200710`; empty for others. */
  readonly version: string;
  /** Why its recipes cannot come to us, for people; undefined: they can. */
  readonly obstacle: string | undefined;
}

/**
 * Finds the make that the user named and asks it what it is.
 *
 * @param make a name to look for on `searchPath`, or a path (relative to this process's directory)
 * @throws UserError when there is none, or it is none
 */
export async function findMake(make: string, searchPath: Bytes): Promise<RealMake> {
  const word = encode(make);
  const path = word.includes('/') ? resolve(word) : findProgram(word, searchPath);
  if (path === undefined || !isProgram(path)) {
    const where = word.includes('/') ? 'is not a program' : `is not on PATH (${decode(searchPath)})`;
    throw new UserError(`make: ${make} ${where}. Install GNU make 4.0 or newer, or name it with \`make\`.`);
  }
  const name = basename(path);
  const said = await makeSays(path);
  const version = gnuVersion(said);
  if (isRight(version)) return { name, path, kind: 'gnu', version, obstacle: undefined };
  const bmake = await bmakeVersion(path);
  if (bmake !== undefined) return { name, path, kind: 'bmake', version: bmake, obstacle: undefined };
  if (!/make/i.test(name + said))
    throw new UserError(`make: ${decode(path)} is no make: neither its name nor what --version says has the word`);
  return { name, path, kind: 'other', version: '', obstacle: obstacleOf(path, said) };
}

/** Which of the usual names of GNU make a system has. */
export function makeNames(make: RealMake, searchPath: Bytes): readonly Bytes[] {
  return [make.name, ...['make', 'gmake'].filter((name) => findProgram(name, searchPath) !== undefined)];
}

const known = new Map<Bytes, Promise<string | undefined>>();

/** {@link RealMake.obstacle} of a program; it is asked once. */
export function makeObstacle(path: Bytes): Promise<string | undefined> {
  let answer = known.get(path);
  if (answer === undefined) {
    answer = makeSays(path).then((said) => obstacleOf(path, said));
    known.set(path, answer);
  }
  return answer;
}

/** last.mk needs $(file), `undefine` and -O. */
function obstacleOf(path: Bytes, said: string): string | undefined {
  if (isRight(gnuVersion(said))) return undefined;
  const found = said.split('\n', 1)[0]?.trim() ?? '';
  const what = found === '' ? 'it does not say what it is' : `--version says ${excerpt(found, 80)}`;
  return `${decode(path)} is not GNU make 4.0 or newer (${what})`;
}

function isRight(version: string | undefined): version is string {
  return Number(version?.split('.')[0]) >= 4;
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
