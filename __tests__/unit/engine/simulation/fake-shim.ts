import type { ShellCall } from '../../../../src/engine/ports.ts';
import type { Command } from '../../../../src/engine/pass-world.ts';
import { succeeded, type Outcome } from '../../../../src/model/outcome.ts';
import type { Bytes } from '../../../../src/util/bytes.ts';
import { deferred } from '../../../../src/util/deferred.ts';
import { ROOT } from './fake-stage.ts';
import type { Line, Makefile, Target } from './makefile.ts';
import type { Run } from './run.ts';

const KILLED: Outcome = { kind: 'signaled', signal: 9 };

/** Longest time that an order to kill takes, in ms. */
const KILL_MS = 20;

/** Who calls a shim: a make. */
export interface Caller {
  readonly pid: number;
  /** As its recipes see them. */
  readonly flags: Bytes;
  /** Runs a make below one of its shims. */
  runBelow(makefile: Makefile, shim: FakeShim): Promise<Outcome>;
}

/** What make runs as its shell for one line of a recipe. */
export class FakeShim implements ShellCall {
  readonly pid: number;
  readonly make: number;
  readonly directory = ROOT;
  readonly argv: readonly Bytes[];
  readonly environment: readonly Bytes[];
  readonly umask = 0o22;
  readonly expanded = false;
  /** Number of the job that the text on its descriptors belongs to. */
  job: number | undefined;
  readonly #run: Run;
  readonly #caller: Caller;
  readonly #target: Target;
  readonly #line: Line;
  readonly #gone = new AbortController();
  readonly #ended = deferred<Outcome>();
  /** Ends what it runs here. */
  #local = new AbortController();
  #exits = 0;
  #isKilled = false;

  constructor(run: Run, caller: Caller, target: Target, line: Line) {
    this.#run = run;
    this.#caller = caller;
    this.#target = target;
    this.#line = line;
    this.pid = run.world.newPid();
    this.make = caller.pid;
    this.argv = ['/run/sh', '-c', line.command];
    this.environment = [`MAKEFLAGS=${caller.flags}`];
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Has the engine run it. @returns how it ended, as its make sees it */
  async call(): Promise<Outcome> {
    const { world, dispatcher, shims } = this.#run;
    shims.add(this);
    this.#run.called(this);
    const { argv, environment } = this;
    const { command } = this.#line;
    const { name: target } = this.#target;
    const written: Command = { target, argv, command, environment, changes: [], prerequisites: undefined };
    dispatcher.dispatch(this, written).then(
      () => {
        shims.delete(this);
        if (this.#exits !== 1) world.story.wrong(`the shim of "${command}" was let go ${this.#exits} times`);
      },
      (error: unknown) => world.story.wrong(`dispatch of "${command}": ${String(error)}`),
    );
    const outcome = await this.#ended.promise;
    if (!succeeded(outcome) && this.#line.ignored && this.#line.status === 0) world.taint(this.#target.name);
    world.story.answer({ make: this.make, line: this.#line, outcome, killed: this.#isKilled });
    return outcome;
  }

  /** Somebody ends it. */
  kill(): void {
    this.#isKilled = true;
    this.#gone.abort();
    this.#ended.resolve(KILLED);
  }

  echo(): undefined {
    return undefined;
  }

  write(_descriptor: 1 | 2, data: Buffer): void {
    const [, job] = /^<(\d+)>/.exec(data.toString('latin1')) ?? [];
    if (job !== undefined) this.job = Number(job);
  }

  async runLocally(): Promise<Outcome> {
    const { world, stage } = this.#run;
    const { command, ms, sub } = this.#line;
    this.#local = new AbortController();
    const { signal } = this.#local;
    const hang = world.begins(command, undefined);
    const end = world.clock.now() + (hang?.ms ?? ms);
    await world.clock.pause((end - world.clock.now()) / 2, signal, this.gone);
    // Nobody reads that; but a host is to have it as soon as it is there.
    if (!signal.aborted && !this.gone.aborted) stage.files.set(`${this.#target.name}.log`, command);
    await world.clock.pause(end - world.clock.now(), signal, this.gone);
    // It may come to its end before the order to kill it is there.
    const isLate = signal.aborted && end - world.clock.now() <= world.chance.between(0, KILL_MS);
    if (isLate) await world.clock.pause(end - world.clock.now(), this.gone);
    if (sub && (isLate || !signal.aborted) && !this.gone.aborted) {
      const outcome = await this.#caller.runBelow(sub, this);
      if (!succeeded(outcome)) return this.gone.aborted ? { kind: 'cancelled' } : outcome;
    }
    if (this.gone.aborted) return { kind: 'cancelled' };
    if (signal.aborted && !isLate) return KILLED;
    const content = world.writes(command, undefined, (path) => stage.files.get(path));
    if (content === undefined) return { kind: 'exited', status: this.#line.status };
    stage.files.set(this.#target.name, content);
    world.story.effect(command);
    return { kind: 'exited', status: 0 };
  }

  endLocally(): void {
    this.#local.abort();
  }

  exit(outcome: Outcome): void {
    this.#exits++;
    this.#ended.resolve(outcome);
  }
}
