import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { relative, resolve } from 'node:path/posix';
import type { Answer } from '../engine/ports.ts';
import type { RemoteHost } from '../engine/remote-host.ts';
import type { SubMakeArguments, SubMakeCheck } from '../engine/sub-make.ts';
import type { Job } from '../model/job.ts';
import type { Staging } from '../model/settings.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { excerpt } from '../util/excerpt.ts';
import { changeArguments } from './arguments.ts';
import type { Broker } from './broker.ts';
import { graphDifference, parseGraph } from './dependency-graph.ts';
import { printDatabase } from './dependency-graph-print.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import { makeIntent } from './make-intent.ts';
import { JOB_OPTIONS, withoutJobWords } from './makeflags.ts';
import { findProgram } from './programs.ts';
import type { RealMake } from './real-make.ts';
import type { RunDirectory } from './run-directory.ts';
import {
  callsMakeByPath,
  overlooked,
  OWN_DIRECTORY,
  parseTrial,
  planTrial,
  type Trial,
  type TriedCall,
} from './sub-make-trial.ts';

/** How long a command may take to come to its makes, and each make to read its makefiles. */
const TIMEOUT_MS = 60_000;

/** Read last: make knows the graph then, and stops before it remakes a makefile or runs anything. It prints it all the same. */
const STOP = '$(error distmake has read enough)';

/** Stands for the file that says so, until it is known where that lies. */
const STOP_THERE = 'distmake-stop.mk';

/** Not from standard input: of that some makes leave a copy in TMPDIR when they stop so. */
const GRAPH = `echo
${OWN_DIRECTORY}printf '%s\\n' '${STOP}' >"$distmake_dir/stop.mk"
for distmake_word do
  shift
  [ "$distmake_word" != ${STOP_THERE} ] || distmake_word=$distmake_dir/stop.mk
  set -- "$@" "$distmake_word"
done
(UNSET exec "$@")
distmake_status=$?
rm -rf "$distmake_dir"
exit $distmake_status`;

type Remote = Pick<RemoteHost, 'host' | 'ask'>;

export interface GraphCheckOptions {
  readonly run: RunDirectory;
  readonly broker: Broker;
  readonly make: RealMake;
  /** The workspace, absolute. */
  readonly root: Bytes;
  readonly arguments: SubMakeArguments;
  /** With `none` what is tried runs in the workspace itself. */
  readonly staging: Staging;
  /** In ms; default a minute. */
  readonly timeout?: number;
}

/**
 * Compares the dependency graph of sub-makes on a host with the runner's (P5). The command is tried there to see which
 * makes it calls and how; then each of them reads its makefiles there and here. Nothing is built or kept. Compared is what
 * the makefiles say as they lie in the workspace: makefiles that make would remake first are not remade, and makes further
 * below are not looked at. A make that the command itself writes a makefile for is refused, and so is a command of which
 * not every make can be found.
 */
export class GraphCheck implements SubMakeCheck {
  readonly #options: GraphCheckOptions;
  readonly #timeout: number;
  #stop: Promise<Bytes> | undefined;

  constructor(options: GraphCheckOptions) {
    this.#options = options;
    this.#timeout = options.timeout ?? TIMEOUT_MS;
  }

  async check(job: Job, remote: Remote, signal: AbortSignal): Promise<string | undefined> {
    const reason = await this.#difference(job, remote, signal);
    if (reason === undefined || signal.aborted) return undefined;
    return `the recipe of ${decode(job.recipe.target)} calls make, and ${remote.host.name} may not run it: ${reason}`;
  }

  async #difference(job: Job, remote: Remote, signal: AbortSignal): Promise<string | undefined> {
    if (callsMakeByPath(job.command)) {
      return 'it does so by a path, and dependency graphs can be compared only of what it calls as make. Let it call $(MAKE)';
    }
    const plan = planTrial(job, { nonce: newNonce(), lasting: this.#options.staging === 'none' });
    if (typeof plan === 'string') return plan;
    const tried = await this.#ask(remote, { ...job, argv: plan.words }, signal);
    const trial = parseTrial(tried.stdout);
    if (!trial) {
      const why = this.#why(tried);
      return `its command did not come to its make${why}, so the dependency graphs cannot be compared`;
    }
    for (const call of trial.calls) {
      const reason = await this.#compare(job, remote, trial, call, signal);
      if (reason !== undefined) return reason;
    }
    return overlooked(plan, trial);
  }

  async #compare(
    job: Job,
    remote: Remote,
    trial: Trial,
    call: TriedCall,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { root, make, run, arguments: added } = this.#options;
    // On some hosts the workspace stands elsewhere.
    const rootThere = resolve(trial.directory, relative(job.directory, root));
    const here = (text: Bytes): Bytes => (rootThere === root ? text : text.replaceAll(rootThere, root));
    const below = relative(rootThere, call.directory);
    if (below === '..' || below.startsWith('../')) {
      return `it runs in ${excerpt(decode(call.directory), 120)}, outside of the workspace`;
    }
    const directory = resolve(root, below);
    const shown = `${[call.name, ...call.arguments].map(decode).join(' ')}, called in ${decode(directory)},`;
    const environment = changeEnvironment(job.environment, [...call.changes.map(here), 'LC_ALL=C']);
    const intent = makeIntent(call.arguments, environment);
    if (intent.informational) return undefined;
    if (intent.makefiles.some((file) => file === '-' || /^\/(?:dev|proc)\/(?!null$)/.test(file)))
      return `${shown} reads a makefile from its standard input`;
    const words = (lastMakefile: Bytes, own: readonly Bytes[]): Promise<readonly Bytes[]> =>
      withLastMakefile(
        changeArguments(added.ofCall(own, environment), (a) => a.kind === 'option' && JOB_OPTIONS.has(a.id), ['-pnq']),
        { directory, environment, lastMakefile },
      );
    this.#stop ??= stopMakefile(run);
    const stop = await this.#stop;
    const wordsHere = await words(stop, call.arguments.map(here));
    if (!wordsHere.includes(stop)) return `${shown} finds no makefile on the runner`;
    const wordsThere = await words(STOP_THERE, call.arguments);
    const argv = graphWords(call, wordsThere);
    const file =
      call.name === make.name ? make.path : findProgram(call.name, environmentValue(environment, 'PATH') ?? '');
    const makeflags = withoutJobWords(environmentValue(environment, 'MAKEFLAGS') ?? '');
    const [answer, database] = await Promise.all([
      this.#ask(remote, { ...job, directory, argv }, signal),
      printDatabase({
        ...this.#options,
        file: file ?? make.path,
        argv: [call.name, ...wordsHere],
        environment: changeEnvironment(environment, [makeflags === undefined ? 'MAKEFLAGS' : `MAKEFLAGS=${makeflags}`]),
        directory,
        timeout: this.#timeout,
      }),
    ]);
    const [ours, theirs] = [parseGraph(here(answer.stdout)), parseGraph(database)];
    if (!ours) return `${shown} shows no dependency graph there${this.#why(answer)}`;
    if (!theirs) return `${shown} shows no dependency graph on the runner`;
    const found = graphDifference(ours, theirs);
    return found === undefined ? undefined : `${shown} has another dependency graph there than on the runner: ${found}`;
  }

  /** Asks until it was begun: the host's owner may have no place for it for long (D10). */
  async #ask(remote: Remote, job: Job, signal: AbortSignal): Promise<Answer> {
    for (;;) {
      const late = AbortSignal.timeout(this.#timeout);
      const answer = await remote.ask(job, AbortSignal.any([signal, late]));
      if (answer.stdout !== '' || signal.aborted || !late.aborted) return answer;
    }
  }

  #why({ outcome, stderr }: Answer): string {
    if (outcome.kind === 'cancelled') return ` within ${this.#timeout / 1000} s`;
    const [line = ''] = stderr.split('\n', 1);
    return line === '' ? '' : ` (${excerpt(decode(line), 200)})`;
  }
}

/** What a host runs for a make's data base, in the environment that the command had made for it. */
function graphWords({ name, changes }: TriedCall, words: readonly Bytes[]): readonly Bytes[] {
  const set = changes.filter((change) => change.includes('='));
  const unset = changes.filter((change) => /^[A-Za-z_]\w*$/.test(change)).map((change) => `unset ${change}; `);
  const program = GRAPH.replaceAll('NONCE', newNonce()).replace('UNSET', unset.join(''));
  return ['/bin/sh', '-c', program, 'sh', 'env', ...set, 'LC_ALL=C', name, ...words];
}

function newNonce(): string {
  return randomBytes(16).toString('hex');
}

async function stopMakefile(run: RunDirectory): Promise<Bytes> {
  const path = `${run.path}/graph-stop.mk`;
  await writeFile(path, `${STOP}\n`);
  return path;
}
