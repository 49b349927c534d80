import { randomBytes } from 'node:crypto';
import { archDiffers } from '../model/arch.ts';
import type { Host } from '../model/host.ts';
import type { Fallback } from '../model/settings.ts';
import { decode } from '../util/bytes.ts';
import { excerpt } from '../util/excerpt.ts';
import type { Clock } from './clock.ts';
import { LeftOut } from './left-out.ts';
import type { Answer } from './ports.ts';
import { firstDifference, readAnswers, toolProgram, type Tool, type ToolAnswer } from './toolchain.ts';
import { ToolModel } from './toolchain-model.ts';

/** How long the commands of one host, or of the runner, may take together. */
export const TOOLS_TIMEOUT_MS = 15_000;

/** The runner, as far as its tools go. */
export interface RunnerTools {
  /** Its `uname -m`. */
  readonly arch: string;
  /**
   * Runs a program for sh in the workspace, as hosts do, with make's environment.
   *
   * @param signal ends it; the answer has what it had printed by then, with the outcome `cancelled`
   */
  ask(program: string, signal: AbortSignal): Promise<Answer>;
}

/** A host that can be asked; where its owner has no place for the question (D10), it waits for one. */
export interface Asked {
  readonly host: Host;
  ask(program: string, signal: AbortSignal): Promise<Answer>;
}

export interface ToolCheckOptions {
  /** None: nothing is compared but what the matrix says of processors. */
  readonly tools: readonly Tool[];
  readonly fallback: Fallback;
  readonly runner: RunnerTools;
  /** In matrix order. */
  readonly hosts: readonly Host[];
  /** How long a host that is there waits for those before it in the matrix, in ms. */
  readonly grace: number;
  /** For all commands together, in ms. */
  readonly timeout?: number;
  readonly clock?: Clock;
}

/**
 * Leaves out hosts whose tools are not those of the runner, or, where nothing may run on the runner, not those of the
 * other hosts: what is built must not depend on where.
 */
export class ToolCheck {
  readonly #options: ToolCheckOptions;
  readonly #nonce = randomBytes(16).toString('hex');
  readonly #timeout: number;
  readonly #model: ToolModel;
  #runner: Promise<readonly ToolAnswer[]> | undefined;

  constructor(options: ToolCheckOptions) {
    this.#options = options;
    this.#timeout = options.timeout ?? TOOLS_TIMEOUT_MS;
    this.#model = new ToolModel(options.tools, options.hosts, options.grace, options.clock);
  }

  /**
   * Before a host is connected to.
   *
   * @throws Error with the reason why it is left out
   */
  checkArch({ arch }: Host): void {
    const { runner, fallback } = this.#options;
    if (arch === undefined || fallback === 'never' || !archDiffers(arch, runner.arch)) return;
    throw new LeftOut(
      `left out: its processor is ${excerpt(arch)} by the matrix, the runner's is ${excerpt(runner.arch)}. ` +
        'What is built there may not run here; with fallback never hosts are compared with each other alone',
    );
  }

  /** Begins with the runner's own commands, while hosts are still being reached. */
  start(): void {
    if (this.#options.tools.length === 0 || this.#options.fallback === 'never') return;
    // Who waits for it hears of a fault.
    this.#answersOfRunner().catch(() => undefined);
  }

  /**
   * Once a host is up, before it gets a job.
   *
   * @param onWait told when the host's owner has had no place for so short a question for long: it goes on being
   *   asked. Not told where nothing may run on the runner
   * @throws Error with the reason why it is left out
   */
  async check(remote: Asked, onWait: () => void = () => undefined): Promise<void> {
    const { tools, fallback } = this.#options;
    if (tools.length === 0) return;
    let there = await this.#answers('there', remote);
    while (!there) {
      // Without any host nothing could be built then.
      if (fallback !== 'never') onWait();
      there = await this.#answers('there', remote);
    }
    const reason = await (fallback === 'never' ? this.#model.compare(remote.host, there) : this.#compare(there));
    if (reason === undefined) return;
    throw new LeftOut(
      `left out: ${reason}. Install the same there, lead its jobs to the right one with setup or with path in the ` +
        'matrix, or say with toolchain which commands must give the same',
    );
  }

  /** The host will not come any more. */
  gone(host: Host): void {
    this.#model.gone(host);
  }

  async #compare(there: readonly ToolAnswer[]): Promise<string | undefined> {
    const { tools } = this.#options;
    const here = await this.#answersOfRunner();
    return firstDifference(tools, there, (at) => here[at] && { answer: here[at], name: 'the runner' });
  }

  #answersOfRunner(): Promise<readonly ToolAnswer[]> {
    return (this.#runner ??= this.#answers('on the runner', this.#options.runner).then((answers) => {
      if (!answers) throw new LeftOut(`left out: on the runner no command was begun within ${this.#timeout / 1000} s`);
      return answers;
    }));
  }

  /** @returns undefined when not even the first command was begun in time */
  async #answers(where: string, machine: Pick<Asked, 'ask'>): Promise<readonly ToolAnswer[] | undefined> {
    const { tools } = this.#options;
    const late = AbortSignal.timeout(this.#timeout);
    const { stdout, stderr, outcome } = await machine.ask(toolProgram(tools, this.#nonce), late);
    if (outcome.kind === 'host-lost') throw new Error(outcome.reason);
    const answers = readAnswers(stdout, this.#nonce);
    if (!answers && late.aborted) return undefined;
    const next = tools[answers?.length ?? 0];
    if (answers && !next) return answers;
    if (!answers)
      throw new LeftOut(`left out: a command for sh does not work ${where}: ${excerpt(decode(stderr), 200)}`);
    const how = late.aborted ? `did not end within ${this.#timeout / 1000} s` : 'ended the shell that ran it';
    throw new LeftOut(
      `left out: ${excerpt(next?.command ?? '', 120)} ${how} ${where}. Mend it, or leave it out of toolchain`,
    );
  }
}
