import { readFile, stat } from 'node:fs/promises';

import { bytesOf, fsPath, type Bytes } from '../util/bytes.ts';
import { argumentsOf } from './arguments.ts';
import { environmentValue } from './environment.ts';
import { isPattern, matchingFiles } from '../util/file-pattern.ts';
import { effectiveDirectory, inDirectory, makeIntent } from './make-intent.ts';
import { defaultMakefile } from './makefile.ts';
import { makeflagsWords } from './makeflags.ts';
import { TextVariables } from './text-variables.ts';

/** What make will read, as far as it can be told without asking it. */
export interface MakefileTexts {
  readonly text: Bytes;
  /** There is nothing else that it reads. */
  readonly complete: boolean;
  /** One of them can be read once only: a pipe, a terminal. */
  readonly once: boolean;
}

/** Makefiles that include each other are looked through this far. */
const MOST_FILES = 1000;

/** Where make looks behind every -I (its manual, "Including Other Makefiles"). */
const SYSTEM = ['/usr/gnu/include', '/usr/local/include', '/usr/include'];

const INCLUDE = /(?:^|(\beval[ \t]))[ \t]*[-s]?include[ \t]+(.*)$/gm;

/**
 * The texts of the makefiles that make will read (of MAKEFILES, -f or the default, --eval) with what they include: by
 * plain names and patterns, and by variables that are told in these texts, on the command line or in the environment. Every
 * value that a variable is given counts, whatever the order and the conditions.
 *
 * @param words make's arguments, without argv[0]
 * @param directory where it is called, absolute
 */
export async function makefileTexts(
  words: readonly Bytes[],
  directory: Bytes,
  environment: readonly Bytes[],
): Promise<MakefileTexts> {
  const intent = makeIntent(words, environment);
  const home = environmentValue(environment, 'HOME');
  const start = effectiveDirectory(directory, intent.directories, home);
  const all = [...argumentsOf(makeflagsWords(environment)), ...argumentsOf(words)];
  const options = (id: string): readonly Bytes[] =>
    all.flatMap((one) => (one.kind === 'option' && one.id === id ? [one.value ?? ''] : []));
  const beside = [start, ...options('I').map((one) => inDirectory(start, one, home)), ...SYSTEM];
  const variables = new TextVariables([...environment, `CURDIR=${start}`]);

  const makefiles = intent.makefiles.length > 0 ? intent.makefiles : [await defaultMakefile(start)];
  const queue = new Set(makefiles.flatMap((one) => (one === undefined ? [] : [inDirectory(start, one, home)])));
  const made = all.flatMap((one) => (one.kind === 'variable' ? [one.text] : []));
  const texts = [...made, ...options('E'), `include ${environmentValue(environment, 'MAKEFILES') ?? ''}`];
  let once = intent.makefiles.includes('-');
  let complete = true;
  const read = new Set<Bytes>();
  const includes = new Set<Bytes>();
  const names = new Set<Bytes>();
  let seen = 0;
  for (let size = -1; size < read.size && queue.size <= MOST_FILES;) {
    size = read.size;
    for (const file of queue) {
      if (read.has(file)) continue;
      read.add(file);
      const kind = await kindOf(file);
      if (kind === 'once') once = true;
      if (kind === 'file') texts.push(await textOf(file));
    }
    for (; seen < texts.length; seen++) {
      const text = (texts[seen] ?? '').replace(/\\\r?\n[ \t]*/g, ' ');
      variables.learn(text);
      for (const [, evaluated, line = ''] of text.matchAll(INCLUDE)) {
        includes.add(line.replace(evaluated === undefined ? /(?<!\\)#.*$/ : /\).*$/, ''));
      }
    }
    complete = true;
    for (const line of includes) {
      const expanded = variables.expand(line);
      complete &&= expanded.complete;
      for (const word of expanded.words) {
        if (names.has(word)) continue;
        names.add(word);
        for (const file of await includedBy(word, beside, home)) queue.add(file);
      }
    }
  }
  return { text: texts.join('\n'), complete: complete && queue.size <= MOST_FILES, once };
}

/** The files that an included name may stand for: that beside make's directory, or else the first of those further on. */
async function includedBy(name: Bytes, beside: readonly Bytes[], home: Bytes | undefined): Promise<readonly Bytes[]> {
  for (const directory of beside) {
    const path = inDirectory(directory, name, home);
    const files = isPattern(path) ? await matchingFiles(path) : [path];
    if (files.length > 0 && (isPattern(path) || (await kindOf(path)) !== 'none')) return files;
  }
  return [];
}

async function kindOf(path: Bytes): Promise<'file' | 'once' | 'none'> {
  if (path === '/dev/null') return 'none';
  // Our own descriptors are not those of a make that is asked.
  if (/^\/(?:dev|proc)\//.test(path)) return 'once';
  try {
    const found = await stat(fsPath(path));
    if (found.isFile()) return 'file';
    return found.isDirectory() ? 'none' : 'once';
  } catch {
    return 'none';
  }
}

async function textOf(path: Bytes): Promise<Bytes> {
  try {
    return bytesOf(await readFile(fsPath(path)));
  } catch {
    return '';
  }
}
