import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from '../build/build.ts';
import { exitLike } from '../build/exit.ts';
import { allPlaces } from '../build/job-count.ts';
import { loadLogin } from '../build/login.ts';
import { stagingName } from '../build/staging-name.ts';
import { StopSignals } from '../build/stop-signals.ts';
import { parseMatrix } from '../hosts/matrix.ts';
import { makeIntent } from '../make/make-intent.ts';
import { findMake } from '../make/real-make.ts';
import type { BuildEvent } from '../model/event.ts';
import type { Host } from '../model/host.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Settings } from '../model/settings.ts';
import { FoldLog } from '../report/fold.ts';
import { plainLog } from '../report/plain.ts';
import { say, workflowLog } from '../report/standard-streams.ts';
import { encode } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';
import { parseOptions, type CliOptions } from './options.ts';

/** The body of the command. Ends the process as make ended; 2 for an error of its own. */
export async function command(words: readonly string[]): Promise<never> {
  const signals = new StopSignals();
  let outcome: Outcome;
  try {
    outcome = await runCommand(parseOptions(words, process.cwd()), signals);
  } catch (error) {
    const text =
      error instanceof UserError
        ? error.message
        : `Internal error, please report it: ${String((error as Error).stack)}`;
    say(`distmake: ${text}\n`);
    outcome = { kind: 'exited', status: 2 };
  }
  signals.release();
  exitLike(outcome);
}

async function runCommand(options: CliOptions, signals: StopSignals): Promise<Outcome> {
  const environment = Object.entries(process.env).map(([name, value]) => encode(`${name}=${value ?? ''}`));
  const intent = makeIntent(options.makeArguments.map(encode), environment);
  const hosts = await loadHosts(options, intent.jobs !== undefined);
  const make = await findMake(options.make, encode(process.env['PATH'] ?? ''));
  const remote = hosts.filter((host) => !host.local);
  const login =
    remote.length > 0
      ? await loadLogin({ sshPrivateKey: undefined, sshPassphrase: undefined, knownHosts: undefined })
      : undefined;
  const settings = settingsOf(options);
  const piped = options.log !== undefined || process.env['GITHUB_ACTIONS'] === 'true';
  const log = logFor(settings, piped);
  try {
    return await build({
      settings,
      hosts,
      login,
      make,
      arguments: options.makeArguments,
      // As make has it: one at a time unless -j says otherwise.
      jobs: intent.jobs === 'unlimited' ? allPlaces(hosts, settings) : (intent.jobs ?? 1),
      staging: stagingName(new Date()),
      piped,
      onHostUsed: () => undefined,
      cleanUp: true,
      sink: log.handle,
      onSignal: (stop) => signals.onSignal(stop),
    });
  } finally {
    log.finish();
  }
}

/**
 * The matrix: `-c`, which must be right; or `~/.makehosts`, which is used only with -j and is passed over with a warning
 * when it is wrong (B2, B3).
 */
async function loadHosts({ hostsFile }: CliOptions, parallel: boolean): Promise<Host[]> {
  if (hostsFile !== undefined) {
    const text = await readFile(hostsFile, 'utf8').catch((error: unknown) => {
      throw new UserError(`-c ${hostsFile} cannot be read (${String((error as NodeJS.ErrnoException).code)})`);
    });
    return parseMatrix(text, hostsFile);
  }
  const file = join(homedir(), '.makehosts');
  if (!parallel || !existsSync(file)) return [];
  try {
    return parseMatrix(await readFile(file, 'utf8'), file);
  } catch (error) {
    say(`distmake: ${(error as Error).message}\ndistmake: building without hosts\n`);
    return [];
  }
}

function settingsOf(options: CliOptions): Settings {
  const directory = process.cwd();
  return {
    root: options.root ?? enclosingWorkTree(directory) ?? directory,
    workingDirectory: directory,
    targets: [],
    makefile: undefined,
    make: options.make,
    arguments: options.makeArguments,
    jobs: undefined,
    localJobs: options.localJobs,
    // Hosts that nobody named on the command line get what the makefile itself gives away (B2).
    dist: options.dist ?? { mode: options.hostsFile === undefined ? 'makefile' : 'auto' },
    local: options.local,
    setup: options.setup,
    environment: options.environment,
    fallback: options.fallback,
    staging: options.staging,
    exclude: options.exclude,
    load: 'jobs',
    toolchain: [],
    log: options.log ?? 'fold',
    summary: false,
    cache: false,
  };
}

function enclosingWorkTree(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at;
    if (at === dirname(at)) return undefined;
  }
}

interface Log {
  readonly handle: (event: BuildEvent) => void;
  readonly finish: () => void;
}

function logFor(settings: Settings, piped: boolean): Log {
  if (!piped) return plainLog(say);
  const workflow = workflowLog();
  const fold = new FoldLog({ log: workflow, mode: settings.log, root: encode(settings.root) });
  return {
    handle: fold.handle,
    finish: () => {
      fold.finish();
      workflow.finish();
    },
  };
}
