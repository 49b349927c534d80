import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import type { FarmWish } from '../build/farm-plan.ts';
import type { SettingsWish } from '../build/settings.ts';
import { LOAD_POLICIES } from '../model/load.ts';
import { MATRIX_FORMATS } from '../model/matrix.ts';
import { DEFAULT_HOST_TIMEOUT, DEFAULT_STALE_AFTER, type DistSetting, type Toolchain } from '../model/settings.ts';
import { excerpt } from '../util/excerpt.ts';
import { InputReader, type ReadInput } from './input-reader.ts';

/** Everything that the inputs of the action say. */
export interface ActionInputs {
  readonly settings: SettingsWish;
  readonly farm: Omit<FarmWish, 'jobs'>;
  /** Recipes at one time. */
  readonly jobs: number | undefined;
  /** The directory of a bulk build, absolute. */
  readonly bulk: string | undefined;
  /** The directory of the report, absolute; undefined: a new one below the runner's own for temporary files; false: none. */
  readonly report: string | false | undefined;
  /** Say what is done where, and why (B11). */
  readonly debug: boolean;
  /** Files with problem matchers, absolute. */
  readonly problemMatchers: readonly string[];
  readonly sshPrivateKey: string | undefined;
  readonly sshPassphrase: string | undefined;
  readonly knownHosts: string | undefined;
}

/** Those inputs that say how to log in. */
export type LoginInputs = Pick<ActionInputs, 'sshPrivateKey' | 'sshPassphrase' | 'knownHosts'>;

/** All that post needs. */
export type PostInputs = LoginInputs & Pick<SettingsWish, 'hostTimeout' | 'staleAfter'>;

/** What is wrong with them main has said: post takes the defaults. */
export function readPostInputs(read: ReadInput): PostInputs {
  const reader = new InputReader(read);
  return { ...loginInputs(reader), ...readTimes(reader) };
}

/**
 * The inputs of the action, checked as far as that goes without looking at a disk (see checkInputs).
 *
 * @param read gives the untrimmed value of an input, empty when it is not given
 * @param env GITHUB_WORKSPACE is what paths are relative to, and what is staged
 * @throws UserError with a line for everything that is wrong
 */
export function readInputs(read: ReadInput, env: NodeJS.ProcessEnv): ActionInputs {
  const reader = new InputReader(read);
  const root = readRoot(reader, env);
  const bulk = reader.text('bulk');
  const report = reader.text('report');
  const inputs: ActionInputs = {
    farm: readFarm(reader, root),
    jobs: reader.count('jobs', 1),
    bulk: bulk === undefined ? undefined : resolve(root, bulk),
    report: report === 'off' ? false : report === undefined ? undefined : resolve(root, report),
    debug: reader.flag('debug', env['RUNNER_DEBUG'] === '1'),
    problemMatchers: reader.lines('problem-matchers').map((file) => resolve(root, file.trim())),
    ...loginInputs(reader),
    settings: {
      root,
      targets: readTargets(reader),
      workingDirectory: readWorkingDirectory(reader, root),
      makefile: reader.text('makefile'),
      make: readMake(reader),
      arguments: reader.words('arguments'),
      localJobs: reader.count('local-jobs', 0),
      dist: readDist(reader),
      local: reader.patterns('local'),
      setup: (reader.exactText('setup') ?? '').replaceAll('\r\n', '\n'),
      environment: reader.names('environment'),
      staging: reader.word('staging', ['tree', 'declared', 'none']),
      exclude: reader.lines('exclude'),
      fallback: reader.word('fallback', ['local', 'never']),
      jobTimeout: reader.duration('job-timeout'),
      noRetry: reader.patterns('no-retry'),
      ...readTimes(reader),
      load: reader.optionalWord('load', LOAD_POLICIES),
      toolchain: readToolchain(reader),
      cache: reader.flag('cache', true),
      log: reader.word('log', ['fold', 'failures', 'plain']),
      summary: reader.flag('summary', true),
    },
  };
  if (inputs.settings.staging === 'none' && inputs.settings.exclude.length > 0) {
    reader.problem('exclude', 'nothing is copied with staging: none; leave one of the two out');
  }
  reader.finish();
  return inputs;
}

/**
 * Whether the files that the inputs name are there.
 *
 * @throws UserError with a line for each that is not
 */
export async function checkInputs({ settings, farm: { matrix }, problemMatchers }: ActionInputs): Promise<void> {
  const reader = new InputReader(() => '');
  const { root, workingDirectory, makefile } = settings;
  if ((await kindOf(workingDirectory)) !== 'directory') {
    reader.problem('working-directory', `there is no directory ${excerpt(workingDirectory, 200)}`);
  } else {
    // A symbolic link may lead out of the workspace: then nothing that is built there would be staged.
    if (!isInside(await realpath(root), await realpath(workingDirectory))) {
      reader.problem('working-directory', `${excerpt(workingDirectory, 200)} leads out of the workspace`);
    }
    const file = resolve(workingDirectory, makefile ?? '.');
    if (makefile !== undefined && (await kindOf(file)) !== 'file') {
      reader.problem('makefile', `there is no file ${excerpt(file, 200)}`);
    }
  }
  if (matrix.kind === 'file' && (await kindOf(matrix.file)) !== 'file') {
    reader.problem('hosts-file', `there is no file ${excerpt(matrix.file, 200)}`);
  }
  for (const file of problemMatchers) {
    if ((await kindOf(file)) !== 'file') reader.problem('problem-matchers', `there is no file ${excerpt(file, 200)}`);
  }
  reader.finish();
}

function loginInputs(reader: InputReader): LoginInputs {
  return {
    sshPrivateKey: reader.block('ssh-private-key'),
    sshPassphrase: reader.exactText('ssh-passphrase'),
    knownHosts: reader.block('known-hosts'),
  };
}

function readTimes(reader: InputReader): Pick<SettingsWish, 'hostTimeout' | 'staleAfter'> {
  return {
    hostTimeout: reader.duration('host-timeout') ?? DEFAULT_HOST_TIMEOUT,
    staleAfter: reader.duration('stale-after') ?? DEFAULT_STALE_AFTER,
  };
}

function readRoot(reader: InputReader, env: NodeJS.ProcessEnv): string {
  const workspace = env['GITHUB_WORKSPACE'] ?? '';
  if (!isAbsolute(workspace)) {
    reader.problem('working-directory', 'GITHUB_WORKSPACE is not set: run this action as a step of a workflow');
  }
  return resolve('/', workspace);
}

function readFarm(reader: InputReader, root: string): ActionInputs['farm'] {
  const group = reader.text('group');
  return {
    matrix: readMatrix(reader, root),
    format: reader.optionalWord('hosts-format', MATRIX_FORMATS),
    group: group === undefined ? undefined : { value: group, where: 'input group' },
  };
}

function readMatrix(reader: InputReader, root: string): FarmWish['matrix'] {
  const text = reader.block('hosts');
  const file = reader.text('hosts-file');
  if (text !== undefined && file !== undefined) {
    reader.problem('hosts', 'the input hosts-file is given too: leave one of the two out');
  }
  if (text !== undefined) return { kind: 'text', text, source: 'input hosts' };
  if (file === undefined) return { kind: 'default' };
  const path = resolve(root, file);
  return { kind: 'file', file: path, source: `input hosts-file, ${path}` };
}

/** Commands, one a line; `off` alone compares nothing. */
function readToolchain(reader: InputReader): Toolchain {
  const lines = reader.lines('toolchain').map((line) => line.trim());
  if (lines.length === 0) return undefined;
  return lines.length === 1 && lines[0] === 'off' ? [] : lines;
}

function readTargets(reader: InputReader): string[] {
  const targets = reader.words('targets');
  for (const target of targets) {
    if (target.startsWith('-')) {
      reader.problem('targets', `${excerpt(target)} is an option: it belongs in the input arguments`);
    } else if (target === '') reader.problem('targets', 'there is an empty word in it');
  }
  return targets;
}

function readWorkingDirectory(reader: InputReader, root: string): string {
  const directory = resolve(root, reader.text('working-directory') ?? '.');
  if (!isInside(root, directory)) {
    reader.problem('working-directory', `${excerpt(directory, 200)} is outside of the workspace ${excerpt(root, 200)}`);
  }
  return directory;
}

function readMake(reader: InputReader): string {
  const make = reader.text('make') ?? 'make';
  if (make.startsWith('-')) reader.problem('make', `must be the name or path of a program, not ${excerpt(make)}`);
  else if (/\s/.test(make) && !make.includes('/')) {
    reader.problem('make', `must be one program: what follows it in ${excerpt(make)} belongs in the input arguments`);
  }
  return make;
}

function readDist(reader: InputReader): DistSetting {
  const patterns = reader.patterns('dist');
  const [first] = patterns;
  if (first === undefined) return { mode: 'auto' };
  const word = patterns.find((pattern) => pattern === 'auto' || pattern === 'makefile');
  if (word === undefined) return { mode: 'patterns', patterns };
  if (patterns.length > 1) reader.problem('dist', `"${word}" stands alone, or is left out when there are patterns`);
  return { mode: word };
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** What can be read as a file counts as one: make reads pipes too. */
async function kindOf(path: string): Promise<'nothing' | 'directory' | 'file'> {
  try {
    return (await stat(path)).isDirectory() ? 'directory' : 'file';
  } catch {
    return 'nothing';
  }
}
