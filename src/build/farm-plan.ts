import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { parseD1makeHosts } from '../hosts/d1make.ts';
import { chooseGroup, defaultGroup } from '../hosts/group.ts';
import { parseMatrix } from '../hosts/matrix.ts';
import { redistribute } from '../hosts/redistribute.ts';
import type { Host } from '../model/host.ts';
import type { LoadPolicy } from '../model/load.ts';
import type { Matrix, MatrixFormat } from '../model/matrix.ts';
import { shellWords } from '../util/shell-words.ts';
import { UserError } from '../util/user-error.ts';
import { DMAKE_JOBS, DmakeSettings, type OutputMode, type Told } from './dmake-settings.ts';

/** What the inputs, or the command line, say about the farm; each of it ranks first (D1). */
export interface FarmWish {
  readonly matrix:
    | { readonly kind: 'text'; readonly text: string; readonly source: string }
    /** Absolute. */
    | { readonly kind: 'file'; readonly file: string; readonly source: string }
    | { readonly kind: 'default' }
    /** No host is to be used, whatever there is. */
    | { readonly kind: 'none' };
  readonly format: MatrixFormat | undefined;
  readonly group: Told | undefined;
  /** Undefined: nothing was said. `unlimited`: a bare -j. */
  readonly jobs: number | 'unlimited' | undefined;
  /** dmake's settings on the command line. */
  readonly dmake?: ReadonlyMap<string, string>;
}

/** Where the wish is silent. */
export interface FarmWorld {
  /** Of the makefile: makefileMacros(DMAKE_NAMES). */
  readonly macros: ReadonlyMap<string, string>;
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  /** Where make starts: what a file named by a macro or a variable is relative to. */
  readonly directory: string;
  /** How `~/.makehosts` is taken: as anything else, or under bsddistmake's conditions (B2). */
  readonly makehosts: 'plain' | 'with -j, and right';
}

/** The hosts of a run and how many jobs they get. */
export interface FarmPlan {
  readonly matrix: Matrix | undefined;
  /** Those of the group that is used, with their slots as they count. */
  readonly hosts: readonly Host[];
  /** What each first make that a recipe calls gets besides (L3), as words. */
  readonly makeArguments: readonly string[];
  /** Every recipe of the first make that calls make may leave, as d1make has it; else those that are whitelisted by name. */
  readonly subMakesLeave: boolean;
  /** One of dmake's settings is there: its makefiles' marks mean what they mean to dmake, and what may leave does. */
  readonly dmake: boolean;
  /** The shape of the output that dmake's settings ask for (D19). */
  readonly outputMode: OutputMode['mode'];
  /** Nobody named the matrix: it is `~/.makehosts`, whose makefiles say what may leave (B2). */
  readonly implied: boolean;
  /** Recipes at one time, where dmake's rules say so. */
  readonly jobs: number | 'places' | undefined;
  /** Distributable jobs of the runner, where dmake's rules say so (D7). */
  readonly localJobs: 0 | undefined;
  readonly load: LoadPolicy | undefined;
  /** That there are other groups than the first, which nobody named; for people who wonder. */
  readonly remark: string | undefined;
  readonly notices: readonly string[];
  readonly warnings: readonly string[];
}

const NO_HOSTS: Omit<FarmPlan, 'notices' | 'warnings'> = {
  dmake: false,
  outputMode: undefined,
  matrix: undefined,
  hosts: [],
  makeArguments: [],
  subMakesLeave: false,
  implied: false,
  jobs: undefined,
  localJobs: undefined,
  load: undefined,
  remark: undefined,
};

/**
 * Finds the host matrix (D1): the wish; DMAKE_RCFILE of the makefile, then of the environment; D1MAKE_HOSTS; `~/.dmakerc`;
 * `~/.makehosts`. Takes the group (D5) and shares out the jobs (D6), with dmake's rules for a `.dmakerc`, or where a
 * DMAKE_ setting is there.
 *
 * @throws UserError for a matrix that cannot be read or is wrong, an unknown group or mode
 */
export async function planFarm(wish: FarmWish, world: FarmWorld): Promise<FarmPlan> {
  const dmake = new DmakeSettings(world.macros, world.environment, wish.dmake);
  const { mode, maxJobs, load } = dmake;
  const warnings = [...maxJobs.warnings, ...dmake.outputMode.warnings];
  const asked = { dmake: dmake.any, outputMode: dmake.outputMode.mode };
  const jobs = wish.jobs === 'unlimited' ? undefined : (wish.jobs ?? maxJobs.jobs);
  // dmake's default of two; a bare -j stays what it is.
  const some = wish.jobs === 'unlimited' ? undefined : (jobs ?? DMAKE_JOBS);
  if (mode === 'serial' || mode === 'parallel') {
    const remark = `DMAKE_MODE is ${mode}: everything runs on the runner`;
    const notices = wish.matrix.kind === 'default' ? [] : [remark];
    return { ...NO_HOSTS, ...asked, jobs: mode === 'serial' ? 1 : some, load, remark, notices, warnings };
  }
  if (wish.matrix.kind === 'none') {
    return { ...NO_HOSTS, ...asked, jobs: dmake.any ? some : undefined, load, notices: [], warnings };
  }
  const found = await findMatrix(wish, world, dmake);
  if (found === undefined || typeof found === 'string') {
    if (wish.group !== undefined && found === undefined)
      throw new UserError(`${wish.group.where}: there is no host matrix that has groups`);
    const two = found === undefined && dmake.any;
    const notices = two ? [NO_RCFILE] : found === undefined ? [] : [found];
    return { ...NO_HOSTS, ...asked, jobs: two ? some : undefined, load, notices, warnings };
  }
  const { matrix, implied } = found;
  const makeArguments = wordsOf(matrix);
  const subMakesLeave = matrix.format === 'd1make';
  const group = wish.group ?? dmake.told('DMAKE_GROUP');
  const hosts = chooseGroup(matrix, group?.value, group?.where ?? matrix.source);
  const first = group === undefined ? defaultGroup(matrix) : undefined;
  const remark = first !== undefined && hosts.length < matrix.hosts.length ? describeGroup(first, matrix) : undefined;
  const all = [...warnings, ...matrix.warnings];
  if (matrix.format !== 'dmakerc' && !dmake.any)
    return {
      ...NO_HOSTS,
      ...asked,
      matrix,
      hosts,
      makeArguments,
      subMakesLeave,
      implied,
      remark,
      notices: [],
      warnings: all,
    };
  return {
    ...asked,
    matrix,
    hosts: jobs === undefined ? hosts : redistribute(hosts, jobs),
    makeArguments,
    subMakesLeave,
    implied,
    jobs: jobs ?? 'places',
    localJobs: 0,
    load,
    remark,
    notices: [],
    warnings: all,
  };
}

const NO_RCFILE =
  'there is no .dmakerc (-c, DMAKE_RCFILE or ~/.dmakerc), and no other host matrix: everything runs on the runner, ' +
  `${DMAKE_JOBS} jobs at one time unless DMAKE_MAX_JOBS or -j say otherwise`;

/** @throws UserError when a quote is never closed */
function wordsOf({ format, source, makeArguments }: Matrix): readonly string[] {
  const words = shellWords(makeArguments);
  const where = format === 'd1make' ? 'D1MAKE_CLIENT_MAKEARGS' : `${source}, make-arguments`;
  if (typeof words === 'string') throw new UserError(`${where}: ${words}`);
  return words;
}

function describeGroup(name: string, { groups, source }: Matrix): string {
  const others = groups.map((group) => group.name).filter((one) => one !== name);
  const more = others.length === 0 ? '' : `; others there: ${others.join(', ')}`;
  return `${source}: hosts of its first group, ${name}, are used${more}`;
}

interface Found {
  readonly matrix: Matrix;
  readonly implied: boolean;
}

/** The matrix; undefined where there is none; why there is none to be used, for people. */
async function findMatrix(wish: FarmWish, world: FarmWorld, dmake: DmakeSettings): Promise<Found | string | undefined> {
  const { environment, home } = world;
  const runner = { name: hostname() };
  const read = async (file: string, source: string, format?: MatrixFormat): Promise<Found> => ({
    matrix: parse(await readText(file, source), source, format),
    implied: false,
  });
  const parse = (text: string, source: string, format?: MatrixFormat): Matrix =>
    format === 'd1make'
      ? parseD1makeHosts(text, source, d1makeSettings(environment))
      : parseMatrix(text, source, { runner, ...(format === undefined ? {} : { format }) });

  const { matrix, format } = wish;
  if (matrix.kind === 'text') return { matrix: parse(matrix.text, matrix.source, format), implied: false };
  if (matrix.kind === 'file') return read(matrix.file, matrix.source, format);

  const rcFile = dmake.told('DMAKE_RCFILE');
  if (rcFile !== undefined) {
    const file = resolve(world.directory, rcFile.value);
    return read(file, `${rcFile.where}, ${file}`, format ?? 'dmakerc');
  }
  const list = environment['D1MAKE_HOSTS'];
  if (list !== undefined) return { matrix: parse(list, 'D1MAKE_HOSTS', 'd1make'), implied: false };

  const rc = join(home, '.dmakerc');
  const rcText = await readIfThere(rc);
  // One without any entry is as good as none (D2).
  if (rcText !== undefined && /^[ \t]*[^#\s]/m.test(rcText)) {
    return { matrix: parse(rcText, rc, format ?? 'dmakerc'), implied: false };
  }
  return findMakehosts(join(home, '.makehosts'), wish, world.makehosts, parse);
}

async function findMakehosts(
  file: string,
  { format, jobs }: FarmWish,
  conditions: FarmWorld['makehosts'],
  parse: (text: string, source: string, format?: MatrixFormat) => Matrix,
): Promise<Found | string | undefined> {
  if (conditions !== 'plain' && jobs === undefined) return undefined;
  try {
    const text = await readIfThere(file);
    if (text === undefined) return undefined;
    return { matrix: parse(text, file, format ?? 'makehosts'), implied: true };
  } catch (error) {
    if (conditions === 'plain' || !(error instanceof UserError)) throw error;
    return `${error.message}\nbuilding without hosts`;
  }
}

function d1makeSettings(environment: NodeJS.ProcessEnv): { readonly setup: string; readonly makeArguments: string } {
  return {
    setup: environment['D1MAKE_SERVER_SETUP'] ?? '',
    makeArguments: environment['D1MAKE_CLIENT_MAKEARGS'] ?? '',
  };
}

async function readText(file: string, source: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`${source} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UserError(`${file} cannot be read (${code ?? String(error)})`);
  }
}
