import { readFile, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path/posix';

import type { ParseCall } from '../engine/ports.ts';
import { bytesOf, fsPath, type Bytes } from '../util/bytes.ts';
import { changeArguments } from './arguments.ts';
import type { Broker } from './broker.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { launch } from './launch.ts';
import { withLastMakefile } from './make-calls.ts';
import { makeIntent } from './make-intent.ts';
import { JOB_OPTIONS, withoutJobWords } from './makeflags.ts';
import type { RunDirectory } from './run-directory.ts';

/** The whitelist that a makefile gives itself (B2). */
export interface DistList {
  /** Whether the makefiles write files while make expands them. */
  readonly writes: boolean;
  /** Whether there is a `.DIST` at all; it may be empty. */
  readonly present: boolean;
  /** Its prerequisites, expanded. */
  readonly patterns: readonly Bytes[];
  /** For people: why it could not be read. */
  readonly problem: string | undefined;
}

export interface ProbeOptions {
  readonly run: RunDirectory;
  readonly broker: Broker;
  /** The real make. */
  readonly make: Bytes;
  /** The arguments that the parsing make was called with, without argv[0]; with or without our makefile. */
  readonly arguments: readonly Bytes[];
  readonly call: Pick<ParseCall, 'directory' | 'environment' | 'makefiles'>;
  /** In ms; default a minute. */
  readonly timeout?: number;
}

const NONE = { present: false, patterns: [], problem: undefined };

const NAMES_DIST = /(^|[^A-Za-z0-9_])\.DIST(?![A-Za-z0-9_])/m;

/** $(file), or a function in another language: they may write whenever make expands them. */
const WRITES = /\$[({](?:file|guile)\s/;

/** make prints a data base of a few MB for large projects; what is longer is not ours to hold. */
const MAX_DATABASE = 256 << 20;

/**
 * Reads `.DIST` of a make that is just parsing (it waits for the answer to its parse call). Only where the text of a
 * makefile names `.DIST`: then the makefiles are read once more, by `make -pnq`, with a last makefile that stops it with
 * $(error), before anything is remade or run. The data base is printed all the same.
 *
 * Not for a makefile from standard input, which is read already.
 */
export async function probeDist(options: ProbeOptions): Promise<DistList> {
  const { call, run } = options;
  const intent = makeIntent(options.arguments);
  const text = await readMakefiles(call);
  // What came from standard input is not there to be read.
  const writes = WRITES.test(text) || intent.makefiles.includes('-');
  if (intent.makefiles.includes('-') || !NAMES_DIST.test(text)) return { ...NONE, writes };
  const stop = `${run.path}/stop.mk`;
  await writeFile(stop, '$(error distmake has read enough)\n');
  const kept = changeArguments(
    options.arguments,
    (a) =>
      a.kind === 'goal' ||
      (a.kind === 'option' &&
        (JOB_OPTIONS.has(a.id) || a.id === 'C' || (a.id === 'f' && a.value === run.lastMakefile))),
    ['-pnq'],
  );
  // With an -f of ours make would not read its default makefile by itself.
  const { directory, environment } = call;
  const words = await withLastMakefile(kept, { directory, environment, lastMakefile: stop });
  const database = await printDatabase(options, words);
  if (typeof database !== 'string') return { ...NONE, writes, problem: database.problem };
  const patterns = parseDist(database);
  return patterns === undefined ? { ...NONE, writes } : { writes, present: true, patterns, problem: undefined };
}

/** The prerequisites of `.DIST` in make's data base; undefined when it is no target there. */
export function parseDist(database: Bytes): readonly Bytes[] | undefined {
  let found: Bytes[] | undefined;
  let before = '';
  let inDefine = false;
  for (const line of database.split('\n')) {
    if (inDefine) inDefine = line !== 'endef';
    else if (/^(override )?define /.test(line)) inDefine = true;
    else if (line.startsWith('.DIST:') && before !== '# Not a target:') {
      const words = line.replace(/^\.DIST::?/, '').split(/\s+/);
      (found ??= []).push(...words.filter((word) => word !== '' && word !== '|'));
    }
    before = line;
  }
  return found;
}

/** The text of all that make has read. */
async function readMakefiles(call: ProbeOptions['call']): Promise<Bytes> {
  let all = '';
  for (const makefile of call.makefiles.split(/\s+/)) {
    if (makefile === '') continue;
    try {
      const file = fsPath(resolve(call.directory, makefile));
      // What make has read from a pipe is not there a second time.
      if ((await stat(file)).isFile()) all += `${bytesOf(await readFile(file))}\n`;
    } catch {
      // A name with a blank, or a temporary one that is gone.
    }
  }
  return all;
}

async function printDatabase(
  { run, broker, make, call, timeout = 60_000 }: ProbeOptions,
  words: readonly Bytes[],
): Promise<Bytes | { readonly problem: string }> {
  const child = launch({
    run,
    broker,
    file: make,
    argv: [make, ...words],
    environment: probeEnvironment(run, call.environment),
    directory: call.directory,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  let length = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_DATABASE) child.kill('SIGKILL');
    else chunks.push(chunk);
  });
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    child.kill('SIGKILL');
    // $(shell) in the makefile may hold it open.
    child.stdout?.destroy();
  }, timeout);
  await new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  clearTimeout(timer);
  if (late.signal.aborted) return { problem: `make -pnq did not show .DIST within ${timeout / 1000} s` };
  const database = bytesOf(Buffer.concat(chunks));
  return database.includes('\n# ') ? database : { problem: 'make -pnq showed no data base to read .DIST from' };
}

/** Without our wrappers and without the jobserver of the make that waits. */
function probeEnvironment(run: RunDirectory, environment: readonly Bytes[]): readonly Bytes[] {
  const path = environmentValue(environment, 'PATH') ?? '';
  const makeflags = withoutJobWords(environmentValue(environment, 'MAKEFLAGS') ?? '');
  return changeEnvironment(environment, [
    `PATH=${path
      .split(':')
      .filter((directory) => directory !== run.bin)
      .join(':')}`,
    makeflags === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${makeflags}`,
    'DISTMAKE_TARGET',
  ]);
}
