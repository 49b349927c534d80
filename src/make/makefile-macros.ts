import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path/posix';

import { decode, encode, fsPath, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { changeArguments } from './arguments.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import { makeIntent } from './make-intent.ts';
import { makefileTexts } from './makefile-texts.ts';
import { JOB_OPTIONS, makeflagsWords, withoutJobWords } from './makeflags.ts';
import type { RealMake } from './real-make.ts';
import { messageOf } from '../util/message-of.ts';

/** A make that has not been started yet. */
export interface MakeToCome {
  readonly make: RealMake;
  /** Its arguments, without argv[0]. */
  readonly arguments: readonly Bytes[];
  /** Absolute. */
  readonly directory: Bytes;
  readonly environment: readonly Bytes[];
}

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 64 << 20;

/**
 * The values that the makefile, or the command line, gives to macros (D1: they rank above the environment). The
 * makefiles are read by make itself, up to the end and no further: nothing is remade or run but `$(shell)`.
 *
 * make is asked only where one of the macros is named, on the command line or in a text that it will read
 * (`makefileTexts`): all others are spared a second reading of their makefiles. Where not all texts can be told (an include
 * by a function), it is also asked if dmake is in sight: `DMAKE_` in one of the texts, on the command line or in the
 * environment, or a `.dmakerc` in HOME.
 *
 * Not for a makefile that can be read once only: standard input, a pipe.
 *
 * @returns only macros that are set, with their expanded values
 */
export async function makefileMacros(names: readonly string[], to: MakeToCome): Promise<ReadonlyMap<string, string>> {
  if (to.make.kind !== 'gnu' || !(await isWorthAsking(names, to))) return new Map();
  const nonce = randomBytes(12).toString('hex');
  const questions = names.map((name) => `$(info ${nonce} ${name} $(firstword $(origin ${name})) $(${name}))\n`);
  const printed = await readBy(to, `${questions.join('')}$(error distmake has read enough)\n`);
  const values = new Map<string, string>();
  for (const line of printed.split('\n')) {
    const [mark, name = '', origin = '', ...value] = line.split(' ');
    // `environment override` is -e's doing: a variable of the environment all the same.
    if (mark === nonce && !['undefined', 'default', 'environment'].includes(origin)) {
      values.set(name, decode(value.join(' ').trim()));
    }
  }
  return values;
}

async function isWorthAsking(names: readonly string[], to: MakeToCome): Promise<boolean> {
  const { arguments: words, directory, environment } = to;
  if (makeIntent(words, environment).informational) return false;
  const { text, complete, once } = await makefileTexts(words, directory, environment);
  if (once) return false;
  const told = [...words, ...makeflagsWords(environment), text].join('\n');
  if (new RegExp(`(?<![A-Za-z0-9_])(?:${names.join('|')})(?![A-Za-z0-9_])`).test(told)) return true;
  if (complete) return false;
  return told.includes('DMAKE_') || environment.some((entry) => entry.startsWith('DMAKE_')) || hasRcFile(environment);
}

async function hasRcFile(environment: readonly Bytes[]): Promise<boolean> {
  const home = environmentValue(environment, 'HOME') ?? '';
  return stat(fsPath(`${home}/.dmakerc`)).then(
    () => true,
    () => false,
  );
}

/** What make prints when it reads `last` behind its makefiles. */
async function readBy(to: MakeToCome, last: string): Promise<Bytes> {
  // Not from standard input: of that some makes leave a copy in TMPDIR when they stop in it.
  const folder = await mkdtemp(join(tmpdir(), 'distmake-')).catch((error: unknown) => {
    const why = messageOf(error);
    throw new UserError(`no temporary file can be written (${why}). Set TMPDIR to a writable directory`);
  });
  try {
    const file = join(folder, 'questions.mk');
    await writeFile(file, last);
    return await printed(to, encode(file));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function printed(to: MakeToCome, lastMakefile: Bytes): Promise<Bytes> {
  const { make, arguments: words, directory, environment } = to;
  const kept = changeArguments(words, (a) => a.kind === 'goal' || (a.kind === 'option' && JOB_OPTIONS.has(a.id)), []);
  const flags = withoutJobWords(environmentValue(environment, 'MAKEFLAGS') ?? '');
  const own = changeEnvironment(environment, [flags === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${flags}`]);
  const all = await withLastMakefile(kept, { directory, environment: own, lastMakefile });
  const env = Object.fromEntries(
    own.map((entry) => [decode(entry.slice(0, entry.indexOf('='))), decode(entry.slice(entry.indexOf('=') + 1))]),
  );
  return new Promise((resolve) => {
    const child = execFile(
      decode(make.path),
      all.map(decode),
      { cwd: decode(directory), env, encoding: 'latin1', timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT },
      // It always fails: by our $(error), or earlier by one of its own, which the real make will show.
      (_error, stdout) => resolve(stdout),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end();
  });
}
