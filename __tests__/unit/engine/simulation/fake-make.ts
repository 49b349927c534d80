import { NO_MARKS, type MakeMarks } from '../../../../src/model/marks.ts';
import { succeeded, type Outcome } from '../../../../src/model/outcome.ts';
import type { Bytes } from '../../../../src/util/bytes.ts';
import { deferred } from '../../../../src/util/deferred.ts';
import { FakeShim, type Caller } from './fake-shim.ts';
import type { Line, Makefile, Target } from './makefile.ts';
import type { Run } from './run.ts';

/** Which targets may leave. A recipe that calls make may do so only where its target is named. */
const MARKS: MakeMarks = { ...NO_MARKS, dist: ['*.o', ...Array.from({ length: 60 }, (_, n) => `whole${n}`)] };
const DMAKE_MARKS: MakeMarks = { ...MARKS, dmake: true, bare: 'parallel', noParallel: ['alone*'] };

/** The recipes that the makes of a tree may run besides one each. */
export class Tokens {
  #free: number;
  readonly #makes = new Set<FakeMake>();

  constructor(free: number) {
    this.#free = free;
  }

  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  give(): void {
    this.#free++;
    for (const make of this.#makes) make.go();
  }

  join(make: FakeMake): void {
    this.#makes.add(make);
  }

  leave(make: FakeMake): void {
    this.#makes.delete(make);
  }
}

/** A make as the engine knows it: it calls shims, and goes by what they exit with (make manual, "Errors in Recipes"). */
export class FakeMake implements Caller {
  readonly pid: number;
  readonly flags: Bytes;
  readonly #run: Run;
  readonly #ancestors: readonly number[];
  readonly #tokens: Tokens;
  readonly #waiting: Target[];
  readonly #made = new Set<string>();
  readonly #below = new Set<FakeMake>();
  /** Recipes that run; one needs no token. */
  #running = 0;
  #failed = false;
  #isKilled = false;
  /** A signal has told it to end: it starts nothing any more, and waits for what runs. */
  #isStopped = false;
  readonly #ended = deferred<Outcome>();

  constructor(run: Run, { targets }: Makefile, ancestors: readonly number[], tokens: Tokens) {
    const { keepGoing } = run.world.scenario;
    this.#run = run;
    this.pid = run.world.newPid();
    this.#ancestors = ancestors;
    this.#tokens = tokens;
    this.#waiting = [...targets];
    this.flags = `${keepGoing ? 'k' : ''}${run.window > 1 ? ` -j${run.window} --jobserver-auth=3,4` : ''}`;
  }

  /** @returns make's own end */
  async make(): Promise<Outcome> {
    const { dispatcher, world } = this.#run;
    dispatcher.makeStarted(this.pid, this.#ancestors);
    await world.clock.pause(world.chance.between(1, 10));
    dispatcher.makeParsed(this.pid, world.scenario.dmake ? DMAKE_MARKS : MARKS);
    this.#tokens.join(this);
    this.go();
    return this.#ended.promise;
  }

  /** Starts what may start now, or ends. */
  go(): void {
    if (this.#isKilled) return;
    for (const target of [...this.#waiting]) {
      if (this.#isStopped) break;
      if (this.#failed && !this.#run.world.scenario.keepGoing) break;
      if (!target.needs.every((name) => this.#made.has(name))) continue;
      if (this.#running > 0 && !this.#tokens.take()) break;
      this.#running++;
      this.#waiting.splice(this.#waiting.indexOf(target), 1);
      void this.#recipe(target);
    }
    if (this.#running > 0) return;
    this.#tokens.leave(this);
    this.#ended.resolve({ kind: 'exited', status: this.#failed ? 2 : 0 });
  }

  async runBelow(makefile: Makefile, shim: FakeShim): Promise<Outcome> {
    const make = new FakeMake(this.#run, makefile, [shim.pid, this.pid, ...this.#ancestors], this.#tokens);
    this.#below.add(make);
    const kill = (): void => make.kill();
    shim.gone.addEventListener('abort', kill);
    if (shim.gone.aborted) kill();
    try {
      return await make.make();
    } finally {
      this.#below.delete(make);
    }
  }

  /** It is no more, and neither are its shims, nor those below. */
  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#tokens.leave(this);
    for (let extra = this.#running; extra > 1; extra--) this.#tokens.give();
    for (const shim of this.#run.shims) if (shim.make === this.pid) shim.kill();
    for (const make of this.#below) make.kill();
    this.#ended.resolve({ kind: 'signaled', signal: 9 });
  }

  /** It passes a signal on to what runs here (make manual, "Interrupts"). */
  stop(): void {
    this.#isStopped = true;
    for (const shim of this.#run.shims) if (shim.make === this.pid) shim.endLocally();
    for (const make of this.#below) make.stop();
  }

  async #recipe(target: Target): Promise<void> {
    const { world } = this.#run;
    const ended: (readonly [shim: FakeShim, failure: Line | undefined])[] = [];
    let isMade = true;
    for (const line of target.lines) {
      await world.clock.pause(world.chance.between(0, 3));
      if (this.#isKilled) return;
      isMade &&= !this.#isStopped;
      if (!isMade) break;
      const shim = new FakeShim(this.#run, this, target, line);
      const outcome = await shim.call();
      if (this.#isKilled) return;
      const failure = succeeded(outcome) ? undefined : line;
      ended.push([shim, failure]);
      if (this.#run.window === 1) this.#print(target, ended.splice(0));
      if (!failure || line.ignored) continue;
      isMade = false;
      break;
    }
    if (isMade) this.#made.add(target.name);
    else this.#failed = true;
    this.#print(target, ended);
    this.#running--;
    // The last that runs is the one without a token.
    if (this.#running > 0) this.#tokens.give();
    this.go();
  }

  /** What the lines of a recipe printed, with make's own words on them, comes to us a little later. */
  #print(target: Target, ended: readonly (readonly [shim: FakeShim, failure: Line | undefined])[]): void {
    const { world, dispatcher } = this.#run;
    if (!world.scenario.piped) return;
    world.clock.after(world.chance.between(0, 5), () => {
      for (const [{ job }, failure] of ended) {
        if (job !== undefined) dispatcher.textCame(job);
        if (failure && !dispatcher.isDropped(target.name)) dispatcher.verdict(target.name, failure.ignored);
      }
    });
  }
}
