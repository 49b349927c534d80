import { rm, writeFile } from 'node:fs/promises';

import { NO_MARKS, WAIT, type MakeMarks } from '../model/marks.ts';
import { fsPath, type Bytes } from '../util/bytes.ts';
import { changeArguments, type Argument } from './arguments.ts';
import { askedEnvironment, askedMakefile, readMakefiles, type AskedMake } from './asked-make.ts';
import type { Broker } from './broker.ts';
import { readDataBase, variableIn, type DataBaseRule } from './data-base.ts';
import { printDatabase } from './dependency-graph-print.ts';
import { withLastMakefile } from './make-calls.ts';
import { isDryRunSafe, writesWhenExpanded } from './dry-run.ts';
import { makeIntent } from './make-intent.ts';
import { JOB_OPTIONS, makeflagsWords } from './makeflags.ts';
import { readMarkTexts } from './mark-lines.ts';
import { groupRules, waitRules, waitTarget } from './mark-rules.ts';
import { parseMarks } from './marks-parse.ts';
import type { RealMake } from './real-make.ts';
import { RuleGraph } from './rule-graph.ts';
import type { RunDirectory } from './run-directory.ts';

/** What was found out about a make that is just parsing. */
export interface MarksFound {
  readonly marks: MakeMarks;
  /** Further lines for its makefile. */
  readonly lines: readonly Bytes[];
  /** The data base, if it was read: of a dry run with all goals where that can be had. */
  readonly rules: readonly DataBaseRule[] | undefined;
  /** Or the default one. */
  readonly goals: readonly Bytes[];
  /** For people: why the marks could not be read. */
  readonly problem: string | undefined;
}

export interface ProbeOptions extends AskedMake {
  readonly run: RunDirectory;
  readonly broker: Broker;
  readonly make: Pick<RealMake, 'path' | 'version'>;
  /** Its goals, where `.WAIT` stood between some: in segments. */
  readonly goals?: readonly (readonly Bytes[])[] | undefined;
  /** The rules of dmake hold whether or not a makefile has its marks. */
  readonly dmake?: boolean;
  /** The data base is wanted whatever the makefiles name. */
  readonly whole?: boolean;
  /** In ms; default a minute. */
  readonly timeout?: number;
}

const NAMES_MARK = /(?:^|[^A-Za-z0-9_])\.(?:DIST|LOCAL|(?:NO_)?PARALLEL)(?![A-Za-z0-9_])/m;
const NAMES_WAIT = /(?:^|[^A-Za-z0-9_])\.WAIT(?![A-Za-z0-9_])/m;

/** What make calls the copy that it keeps of standard input. */
const COPY = /(?:^|\/)Gm[A-Za-z0-9]{6}$/;

/** Options that would let make do more than look, or say more. */
const LIVELY: ReadonlySet<string> = new Set(['B', 'S', 'd', 'debug', 'n', 'q', 't', 'trace', 'w', 'W']);

/** What a make reads last that is to stop before anything is remade or run. */
const STOP = '$(error distmake has read enough)\n';

/** And one that is to look for all that its goals need. Lines that make runs in a dry run as well come to nothing. */
const DRY = ['override SHELL := /bin/sh', 'override .SHELLFLAGS := -nc'];

/**
 * Reads the marks of a make that is just parsing (it waits for the answer to its parse call). Only where the text of a
 * makefile names one: then the makefiles are read once more, by `make -pnq`, with a last makefile that stops it with
 * $(error), before anything is remade or run. The data base is printed all the same. Where what comes before what must be
 * known, by a dry run with the goals instead, which finds implicit rules too.
 */
export async function probeMarks(options: ProbeOptions): Promise<MarksFound> {
  const { call, make, goals, dmake = false, whole: wanted = false } = options;
  const { texts: read, whole, absent } = await readMakefiles(options);
  const readAll = whole && absent.length === 0;
  const text = read.map((one) => one.text).join('\n');
  const copy = read.find(({ name }) => COPY.test(name))?.name;
  const fromInput = makeIntent(options.arguments).makefiles.includes('-');
  const writes = writesWhenExpanded(text) || (fromInput && copy === undefined);
  const none = { marks: { ...NO_MARKS, writes }, lines: [], rules: undefined, goals: [], problem: undefined };
  const texts = readMarkTexts(read);
  const knowsWait = isAtLeast(make.version, 4, 4);
  const orders = wanted || goals !== undefined || (!knowsWait && NAMES_WAIT.test(text));
  const isWanted = orders || NAMES_MARK.test(text) || texts.joins || (dmake && /\$(?:\(MAKE\)|\{MAKE\})/.test(text));
  // What came from standard input is not there to be read where make keeps no copy.
  if (!isWanted || (fromInput && copy === undefined)) return none;
  const allWords = [...options.arguments, ...makeflagsWords(call.environment)];
  const isDry = orders && !writes && readAll && isDryRunSafe(text, allWords);
  const waitLines = knowsWait ? [] : waitTarget(texts.ownWait);
  const dry = isDry ? await ask(options, copy, [...DRY, ...waitLines]) : undefined;
  const database = dry !== undefined && readDataBase(dry) ? dry : await ask(options, copy);
  const rules = readDataBase(database);
  if (!rules) {
    const seconds = (options.timeout ?? TIMEOUT_MS) / 1000;
    return {
      ...none,
      problem: `make -pnq showed no data base within ${seconds} s: the marks in the makefile do not count`,
    };
  }
  const all = goals?.flat() ?? goalsOf(options.arguments, database);
  const marks = { writes, ...parseMarks(rules, texts, { directory: call.directory, waits: !knowsWait }) };
  const lines = linesFor(marks, rules, {
    knowsWait,
    ownWait: texts.ownWait,
    goals: goals ?? [all],
    makefiles: read.map(({ name }) => name),
    barrier: `${options.run.path}/wait.`,
  });
  return { marks, lines, rules, goals: all, problem: undefined };
}

const TIMEOUT_MS = 60_000;

/**
 * Whether the text of makefiles has marks of dmake that we see to: a make from 4.4 knows `.WAIT` itself.
 *
 * @param version of the make that reads them
 */
export function namesDmakeMarks(text: Bytes, version: string): boolean {
  const { lines, joins } = readMarkTexts([{ name: '', text }]);
  return joins || lines.length > 0 || (!isAtLeast(version, 4, 4) && NAMES_WAIT.test(text));
}

function linesFor(
  marks: MakeMarks,
  rules: readonly DataBaseRule[],
  known: {
    readonly knowsWait: boolean;
    readonly ownWait: boolean;
    readonly goals: readonly (readonly Bytes[])[];
    readonly makefiles: readonly Bytes[];
    readonly barrier: Bytes;
  },
): readonly Bytes[] {
  const graph = new RuleGraph(rules);
  const { knowsWait, goals } = known;
  const first = known.makefiles.filter((name) => graph.get(name)?.made === true);
  const named = rules.some(({ normal, orderOnly }) => normal.includes(WAIT) || orderOnly.includes(WAIT));
  return [
    ...(named && !knowsWait ? waitTarget(known.ownWait) : []),
    ...groupRules(graph, marks.groups),
    ...waitRules(graph, goals, { known: knowsWait, first, barrier: known.barrier }),
  ];
}

function goalsOf(words: readonly Bytes[], database: Bytes): readonly Bytes[] {
  const { goals } = makeIntent(words);
  return goals.length > 0 ? goals : (variableIn(database, '.DEFAULT_GOAL') ?? '').split(' ');
}

/** What make prints of itself. @param dry the lines that it reads last when it is to look at its goals; else it stops then */
async function ask(options: ProbeOptions, copy: Bytes | undefined, dry?: readonly Bytes[]): Promise<Bytes> {
  const { call, run, broker, make, timeout = TIMEOUT_MS } = options;
  const last = askedMakefile(run);
  await writeFile(fsPath(last), dry ? `${dry.join('\n')}\n` : STOP, 'latin1');
  const { directory, environment } = call;
  const dropped = (a: Argument): boolean =>
    (a.kind === 'goal' && (!dry || a.text === WAIT)) ||
    (a.kind === 'option' &&
      (JOB_OPTIONS.has(a.id) ||
        LIVELY.has(a.id) ||
        a.id === 'C' ||
        (a.id === 'f' && (a.value === run.lastMakefile || (a.value === '-' && copy !== undefined)))));
  const own = copy === undefined ? [] : ['-f', copy];
  const kept = [...own, ...changeArguments(options.arguments, dropped, [dry ? '-pnk' : '-pnq'])];
  // With an -f of ours make would not read its default makefile by itself.
  const words = await withLastMakefile(kept, { directory, environment, lastMakefile: last });
  const argv = [make.path, ...words];
  const quiet = askedEnvironment(options);
  try {
    return await printDatabase({ run, broker, file: make.path, argv, environment: quiet, directory, timeout });
  } finally {
    await rm(fsPath(last), { force: true });
  }
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}
