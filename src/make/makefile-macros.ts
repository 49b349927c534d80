import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { bytesOf, decode, fsPath, type Bytes } from '../util/bytes.ts';
import { changeArguments } from './arguments.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import { effectiveDirectory, inDirectory, makeIntent } from './make-intent.ts';
import { defaultMakefile } from './makefile.ts';
import { JOB_OPTIONS, withoutJobWords } from './makeflags.ts';
import type { RealMake } from './real-make.ts';

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
const STDIN = '-';
/** Makefiles that include each other are looked through this far. */
const MOST_INCLUDED = 100;

/**
 * The values that the makefile, or the command line, gives to macros (D1: they rank above the environment). The
 * makefiles are read by make itself, up to the end and no further: nothing is remade or run but `$(shell)`; and only
 * where their text, or the command line, names one of the macros.
 *
 * Not for a makefile from standard input, which can be read once only.
 *
 * @returns only macros that are set, with their expanded values
 */
export async function makefileMacros(names: readonly string[], to: MakeToCome): Promise<ReadonlyMap<string, string>> {
  const intent = makeIntent(to.arguments, to.environment);
  const named = new RegExp(`(?<![A-Za-z0-9_])(?:${names.join('|')})(?![A-Za-z0-9_])`);
  if (intent.informational || intent.makefiles.includes(STDIN)) return new Map();
  if (!intent.variables.some((one) => named.test(one)) && !named.test(await makefileTexts(to))) return new Map();
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

/** The text of the makefiles that make will read, with what they include by plain names. */
async function makefileTexts({ arguments: words, directory, environment }: MakeToCome): Promise<Bytes> {
  const intent = makeIntent(words, environment);
  const home = environmentValue(environment, 'HOME');
  const start = effectiveDirectory(directory, intent.directories, home);
  const first = intent.makefiles.length > 0 ? intent.makefiles : [await defaultMakefile(start)];
  const files = first.flatMap((file) => (file === undefined ? [] : [inDirectory(start, file, home)]));
  let all = '';
  for (let at = 0; at < Math.min(files.length, MOST_INCLUDED); at++) {
    let text: Bytes;
    try {
      text = bytesOf(await readFile(fsPath(files[at] ?? '')));
    } catch {
      continue;
    }
    all += `${text}\n`;
    for (const [, included = ''] of text.matchAll(/^ *[-s]?include[ \t]+(.*)$/gm)) {
      for (const word of included.split(/\s+/)) {
        const file = inDirectory(start, word);
        if (word !== '' && !word.includes('$') && !files.includes(file)) files.push(file);
      }
    }
  }
  return all;
}

/** What make prints when it reads `last` behind its makefiles, from standard input. */
async function readBy({ make, arguments: words, directory, environment }: MakeToCome, last: string): Promise<Bytes> {
  const kept = changeArguments(words, (a) => a.kind === 'goal' || (a.kind === 'option' && JOB_OPTIONS.has(a.id)), []);
  const flags = withoutJobWords(environmentValue(environment, 'MAKEFLAGS') ?? '');
  const own = changeEnvironment(environment, [flags === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${flags}`]);
  const all = await withLastMakefile(kept, { directory, environment: own, lastMakefile: STDIN });
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
    child.stdin?.end(last);
  });
}
