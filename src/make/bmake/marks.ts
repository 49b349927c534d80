import { execFile } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path/posix';
import { promisify } from 'node:util';

import { bytesOf, decode, fsPath, type Bytes } from '../../util/bytes.ts';
import { environmentOf } from './defaults.ts';
import { bmakeArguments } from './options.ts';
import { changeEnvironment, environmentValue } from '../environment.ts';

const run = promisify(execFile);

/** What the makefiles of one bmake say about where its recipes run. */
export interface BmakeMarks {
  /** The sources of `.DIST`, expanded; undefined when there is none. */
  readonly dist: readonly Bytes[] | undefined;
  /** Those of `.LOCAL`. */
  readonly local: readonly Bytes[];
  /** For people: why they could not be read. */
  readonly problem: string | undefined;
}

export interface BmakeMarksOptions {
  /** The real bmake, and what it was called with. */
  readonly make: Bytes;
  readonly arguments: readonly Bytes[];
  /** Where it was called, absolute (.CURDIR). */
  readonly directory: Bytes;
  /** That of one of its recipes. */
  readonly environment: readonly Bytes[];
  /** What it had read, parted by blanks. */
  readonly makefiles: Bytes;
  /** Where a file may be made for a moment. */
  readonly scratch: string;
}

const NAMES_ONE = /(^|[^A-Za-z0-9_])\.(?:DIST|LOCAL)(?![A-Za-z0-9_])/m;

let asked = 0;

/**
 * Reads `.DIST` and `.LOCAL` of a bmake that runs. Only where the text of a makefile names one: then the makefiles are read
 * once more, by `bmake -kNj1 .DIST .LOCAL`, which runs nothing and prints its graph at the end (-dg2; without -j only what
 * it has looked at).
 *
 * Not for a makefile from standard input, which is read already.
 */
export async function bmakeMarks(options: BmakeMarksOptions): Promise<BmakeMarks> {
  const { make, directory, environment, makefiles, scratch } = options;
  const none: BmakeMarks = { dist: undefined, local: [], problem: undefined };
  const own = bmakeArguments(options.arguments);
  const fromInput = own.options.some(({ letter, value }) => letter === 'f' && value === '-');
  if (fromInput || !makefiles.split(/\s+/).some((name) => namesOne(resolve(directory, name)))) return none;
  const graph = join(scratch, `graph.${asked++}`);
  const files = own.options.flatMap(({ letter, value }) =>
    letter === 'f' && value !== undefined ? ['-f', value] : [],
  );
  const words = [...files, '-k', '-N', '-j1', `-d-g2F${graph}`, '.DIST', '.LOCAL'];
  try {
    // What it prints and how it ends does not matter: the names there need not be targets.
    await run(decode(make), words.map(decode), {
      cwd: decode(directory),
      env: questionEnvironment(environment),
      timeout: 60_000,
      maxBuffer: Infinity,
    }).catch(() => undefined);
    const text = bytesOf(readFileSync(graph));
    return { dist: sourcesOf('DIST', text), local: sourcesOf('LOCAL', text) ?? [], problem: undefined };
  } catch {
    return { ...none, problem: 'bmake -dg2 did not show .DIST and .LOCAL' };
  } finally {
    rmSync(graph, { force: true });
  }
}

/** As that bmake had it: one level above its recipes, without the jobs that share its slots. */
function questionEnvironment(environment: readonly Bytes[]): NodeJS.ProcessEnv {
  const makeflags = environmentValue(environment, 'MAKEFLAGS') ?? '';
  const level = Number(environmentValue(environment, 'MAKELEVEL') ?? '1');
  const entries = changeEnvironment(environment, [
    `MAKEFLAGS=${makeflags.replace(/(^|\s)-[jJ] ?\S+/g, '$1')}`,
    level > 1 ? `MAKELEVEL=${level - 1}` : 'MAKELEVEL',
    'DISTMAKE_MAKEFILES',
  ]);
  return environmentOf(entries);
}

/** The sources of a target in a graph; undefined when it is no target there. */
function sourcesOf(mark: 'DIST' | 'LOCAL', graph: Bytes): readonly Bytes[] | undefined {
  const [, sources] = new RegExp(`^\\.${mark}\\s+(?:::?|!) (.*)$`, 'm').exec(graph) ?? [];
  return sources?.split(' ').filter((word) => word !== '' && !/^\.WAIT_\d+$/.test(word));
}

function namesOne(makefile: Bytes): boolean {
  try {
    const file = fsPath(makefile);
    return statSync(file).isFile() && NAMES_ONE.test(bytesOf(readFileSync(file)));
  } catch {
    return false;
  }
}
