import { lookAhead } from '../../../../src/build/make-output.ts';
import { Dispatcher } from '../../../../src/engine/dispatcher.ts';
import { TargetSet } from '../../../../src/engine/dist-set.ts';
import { Baggage } from '../../../../src/engine/environment.ts';
import { Farm } from '../../../../src/engine/farm.ts';
import { LocalEnvironment } from '../../../../src/engine/local-environment.ts';
import { LocalHost } from '../../../../src/engine/local-host.ts';
import { RemoteHost } from '../../../../src/engine/remote-host.ts';
import { GATHERING_MS } from '../../../../src/engine/scheduler.ts';
import { SubMakeArguments } from '../../../../src/engine/sub-make.ts';
import { ToolCheck } from '../../../../src/engine/toolchain-check.ts';
import { succeeded, type Outcome } from '../../../../src/model/outcome.ts';
import { FakeHost } from './fake-host.ts';
import { FakeMake, Tokens } from './fake-make.ts';
import type { FakeShim } from './fake-shim.ts';
import { FakeOwner, localHost } from './fake-owner.ts';
import { FakeStage } from './fake-stage.ts';
import type { Content } from './makefile.ts';
import { Machine } from './machine.ts';
import type { Scenario } from './scenario.ts';
import type { Story } from './story.ts';
import { quiet } from './virtual-clock.ts';
import { WatchedScheduler } from './watched-scheduler.ts';
import { QUESTION, World } from './world.ts';

/** How often those that stay and wait for each other get company. */
const UNSTICK_MS = 1000;

/** What is left when a run is over. */
export interface Remains {
  /** Make's own end; undefined: it has not ended. */
  readonly made: Outcome | undefined;
  /** Nothing was built: no host came up where nothing may run without. */
  readonly hasNoHosts: boolean;
  readonly leases: number;
  readonly shims: number;
  readonly writers: number;
  readonly arrivals: number;
  /** Lanes that are open. */
  readonly lanes: number;
  /** Somebody has ended make, or the run. */
  readonly isInterrupted: boolean;
  readonly files: ReadonlyMap<string, Content>;
  /** When make ended, in virtual ms. */
  readonly end: number;
}

/** One run: the engine with fakes all around it. */
export class Run {
  readonly world: World;
  readonly stage: FakeStage;
  readonly dispatcher: Dispatcher;
  /** That have not been let go. */
  readonly shims = new Set<FakeShim>();
  /** The -j of make. */
  window = 1;
  readonly #hosts: readonly FakeHost[];
  readonly #scheduler: WatchedScheduler;
  readonly #farm: Farm;
  #make: FakeMake | undefined;
  #calls = 0;
  #made: Outcome | undefined;
  #hasNoHosts = false;
  #isInterrupted = false;

  constructor(scenario: Scenario) {
    const world = new World(scenario);
    const { clock, story } = world;
    const { fallback, piped, localJobs, processors, policy, jobTimeout } = scenario;
    this.world = world;
    this.stage = new FakeStage(world);
    const machines = scenario.caps.map((cap) => new Machine(world, cap));
    this.#hosts = scenario.hosts.map((plan, at) => new FakeHost(world, at, machines[plan.machine] as Machine));
    const jobs = piped || scenario.jobs === 'places' ? scenario.jobs : Infinity;
    const limits = { jobs, localJobs: fallback === 'never' ? 0 : localJobs, processors, fallback };
    const local = scenario.localhost && new LocalHost(localHost(scenario.localhost));
    local?.ready({
      owner: new FakeOwner(world, scenario.localhost?.cap),
      environment: new LocalEnvironment(new Baggage([], []), [], ''),
    });
    const hosts = [...this.#hosts.map(({ host }) => host), ...(local ? [local.host] : [])];
    const scheduler = new WatchedScheduler(hosts, limits, policy, (go) => void clock.after(GATHERING_MS, go));
    scheduler.watch(world);
    this.#scheduler = scheduler;
    const sink = story.tell.bind(story);
    const remotes = this.#hosts.map((opener) => this.#remote(opener));
    const tools = new ToolCheck({
      tools: [],
      fallback,
      hosts,
      grace: 0,
      runner: { arch: 'x86_64', ask: () => Promise.reject(new Error('nobody asks')) },
      clock,
    });
    this.#farm = new Farm({ hosts: remotes, stage: this.stage, scheduler, sink, tools, clock });
    this.dispatcher = new Dispatcher({
      scheduler,
      hosts: remotes,
      locals: local ? [local] : [],
      stage: this.stage,
      sink,
      dist: { mode: 'makefile' },
      local: new TargetSet([]),
      noRetry: new TargetSet(['once*']),
      jobTimeout,
      fallback,
      partial: false,
      subMakes: fallback === 'never' ? { check: async (_, remote) => void (await remote.ask(QUESTION)) } : undefined,
      markers: piped
        ? { begin: ({ id }) => Buffer.from(`<${id}>`), end: ({ id }) => Buffer.from(`</${id}>`) }
        : undefined,
      clock,
    });
  }

  /** From the first connection to make's end, or until so many ms of virtual time are over. */
  async whole(most: number): Promise<{ readonly story: Story; readonly remains: Remains }> {
    const { clock, story } = this.world;
    const over = this.#build().catch((error: unknown) => story.wrong(`the run broke off: ${String(error)}`));
    let isOver = false;
    let end = 0;
    void over.then(() => {
      isOver = true;
      end = clock.now();
    });
    while (!isOver && clock.now() < most && (await clock.step()));
    await quiet();
    if (!isOver) {
      story.wrong(`it hangs: ${this.#waits()}`);
      end = clock.now();
    }
    this.dispatcher.stop();
    this.#farm.close();
    // What was stopped takes a while to end.
    for (const stop = end + 600_000; clock.now() < stop && (await clock.step()););
    await quiet();
    return { story, remains: this.#remains(end) };
  }

  /** The shim with that number among all calls has just called. */
  called(shim: FakeShim): void {
    const nth = ++this.#calls;
    for (const one of this.world.scenario.interruptions)
      if (one.what === 'shim killed' && one.call === nth) this.world.clock.after(one.after, () => this.#killShim(shim));
  }

  async #build(): Promise<void> {
    const { clock, scenario, story } = this.world;
    const stopped = new AbortController();
    const unstick = (): void => {
      this.#scheduler.unstick();
      if (!stopped.signal.aborted) clock.after(UNSTICK_MS, unstick);
    };
    unstick();
    for (const one of scenario.interruptions) {
      if (one.what === 'shim killed') continue;
      clock.after(one.at, () => {
        if (stopped.signal.aborted) return;
        story.note(`INTERRUPTION: ${one.what}`);
        this.#isInterrupted = true;
        if (one.what === 'make killed') {
          this.#make?.kill();
        } else {
          story.stop();
          this.dispatcher.stop();
          this.#make?.stop();
          this.#farm.close();
        }
        if (!this.#make) stopped.abort();
      });
    }
    await Promise.race([this.#farm.start(), clock.pause(Infinity, stopped.signal)]);
    this.#hasNoHosts = scenario.fallback === 'never' && !this.#farm.isReady;
    if (!this.#hasNoHosts && !stopped.signal.aborted) {
      const jobs = scenario.jobs === 'places' ? this.#scheduler.jobs : scenario.jobs;
      this.window = scenario.piped ? lookAhead(jobs) : jobs;
      this.#make = new FakeMake(this, scenario.makefile, [], new Tokens(this.window - 1));
      this.#made = await this.#make.make();
    }
    stopped.abort();
    story.note('make has ended');
    // All that it has printed is read before its end counts.
    await clock.pause(10);
    this.dispatcher.finish(!this.#made || !succeeded(this.#made));
  }

  #remote(opener: FakeHost): RemoteHost {
    const { host } = opener;
    const { patience, policy } = this.world.scenario;
    const remote: RemoteHost = new RemoteHost({
      host,
      opener,
      stage: this.stage,
      baggage: new Baggage([], []),
      stagingOf: (generation) => `/tmp/${host.name}.${generation}`,
      setup: '',
      sandbox: 'overlay',
      partial: false,
      token: undefined,
      patience,
      merge: false,
      subMakeArguments: new SubMakeArguments([], []),
      clock: this.world.clock,
      onLost: (reason) => this.#farm.lost(remote, reason),
      ...(policy !== 'jobs' && { onLoad: (load, ended) => this.#scheduler.report(host, load, ended) }),
    });
    return remote;
  }

  #killShim(shim: FakeShim): void {
    if (!this.shims.has(shim)) return;
    this.world.story.note(`INTERRUPTION: the shim ${shim.pid} is killed`);
    shim.kill();
  }

  #waits(): string {
    return `${this.shims.size} shims wait, ${this.#scheduler.out} leases are out, make ${this.#made ? 'has ended' : 'goes on'}`;
  }

  #remains(end: number): Remains {
    return {
      made: this.#made,
      hasNoHosts: this.#hasNoHosts,
      leases: this.#scheduler.out,
      shims: this.shims.size,
      writers: this.stage.writers.size,
      arrivals: this.stage.open.size,
      lanes: this.#hosts.reduce((sum, { lanes }) => sum + lanes.size, 0),
      isInterrupted: this.#isInterrupted,
      files: this.stage.files,
      end,
    };
  }
}
