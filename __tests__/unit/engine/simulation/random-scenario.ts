import { Chance } from './chance.ts';
import type { Hang, Line, Makefile, Manner, Target } from './makefile.ts';
import { STEPS, type Blow, type Fault, type HostPlan, type Interruption, type Scenario } from './scenario.ts';

/** The scenario of one seed. A third of them have a little wrong, a third a lot, a third nothing but what is in the graph. */
export function randomScenario(seed: number): Scenario {
  const chance = new Chance(seed);
  const trouble = chance.pick(0, 1, 4);
  const fallback = chance.hits(0.25) ? 'never' : 'local';
  const jobTimeout = chance.hits(0.3) ? chance.between(15, 40) : undefined;
  const stuck = chance.hits(0.3) ? chance.between(10, 25) : undefined;
  const dmake = chance.hits(0.2);
  const machines = chance.between(1, 4);
  const caps = chance.times(machines, () => (chance.hits(0.35) ? chance.between(1, 3) : undefined));
  const count = chance.hits(0.05) ? 0 : chance.between(1, 5);
  const hosts = chance.times(fallback === 'never' ? Math.max(1, count) : count, (at) =>
    randomHost(chance, at, machines),
  );
  const makefile = new RandomMakefile(chance, jobTimeout, stuck, dmake).whole();
  const faults = hosts.length === 0 ? 0 : chance.between(0, 3 * trouble);
  return {
    seed,
    makefile,
    hosts,
    caps,
    localhost:
      fallback === 'local' && chance.hits(0.15)
        ? { slots: chance.between(1, 3), cap: chance.pick(undefined, 1, 2) }
        : undefined,
    jobs: chance.hits(0.15) ? 'places' : chance.between(1, 10),
    localJobs: chance.between(0, 3),
    processors: chance.between(1, 4),
    keepGoing: chance.hits(0.4),
    dmake,
    fallback,
    piped: chance.hits(0.6),
    policy: chance.pick('jobs', 'jobs', 'auto', 'm1', 'reported'),
    patience: chance.between(1, 20),
    jobTimeout,
    stuck,
    faults: chance.times(faults, () => randomFault(chance, hosts.length)),
    interruptions: chance.hits(0.1 * trouble) ? [randomInterruption(chance)] : [],
    welcomes: chance.times(chance.between(0, trouble), () => ({
      nth: chance.between(1, 20),
      kind: chance.pick('refused', 'conflict'),
    })),
  };
}

function randomHost(chance: Chance, at: number, machines: number): HostPlan {
  return {
    name: 'abcdefgh'.charAt(at),
    slots: chance.hits(0.2) ? undefined : chance.between(1, 4),
    processors: chance.between(1, 4),
    machine: chance.between(0, machines - 1),
    overlay: chance.hits(0.7),
    slowness: chance.pick(2, 20, 200, 3000),
    hasLoad: chance.hits(0.5),
    sessions: chance.hits(0.2) ? chance.between(1, 3) : Infinity,
  };
}

function randomFault(chance: Chance, hosts: number): Fault {
  const step = chance.pick(...STEPS);
  const blow = chance.pick<Blow>('cut', 'cut', 'silence', 'silence', 'failure', 'left out');
  return {
    host: chance.between(0, hosts - 1),
    when: chance.hits(0.2)
      ? { at: chance.between(0, 20_000) }
      : { step, nth: chance.between(1, step === 'open' || step === 'sync' || step === 'discard' ? 3 : 6) },
    blow: blow === 'left out' && step !== 'open' ? 'failure' : blow,
    down: chance.pick(0, chance.between(100, 3000), chance.between(3000, 90_000), Infinity),
  };
}

function randomInterruption(chance: Chance): Interruption {
  const what = chance.pick<Interruption['what']>('run stopped', 'make killed', 'shim killed', 'shim killed');
  if (what !== 'shim killed') return { what, at: chance.between(0, 15_000) };
  return { what, call: chance.between(1, 12), after: chance.between(0, 2000) };
}

/** A tree of makefiles: one, and those that its recipes call make for. */
class RandomMakefile {
  readonly #chance: Chance;
  readonly #jobTimeout: number | undefined;
  readonly #stuck: number | undefined;
  readonly #dmake: boolean;
  #targets = 0;
  #lines = 0;

  constructor(chance: Chance, jobTimeout: number | undefined, stuck: number | undefined, dmake: boolean) {
    this.#chance = chance;
    this.#jobTimeout = jobTimeout;
    this.#stuck = stuck;
    this.#dmake = dmake;
  }

  whole(depth = 0): Makefile {
    const chance = this.#chance;
    const targets: Target[] = [];
    const count = depth === 0 ? chance.between(1, 14) : chance.between(1, 4);
    for (let at = 0; at < count; at++) targets.push(this.#target(targets, depth));
    return { targets };
  }

  #target(above: readonly Target[], depth: number): Target {
    const chance = this.#chance;
    const manner = chance.pick<Manner>(
      'leaves',
      'leaves',
      'leaves',
      'leaves',
      'stays',
      'once',
      'whole',
      this.#dmake ? 'alone' : 'leaves',
    );
    const number = ++this.#targets;
    const name = nameOf(manner, number);
    const share = chance.pick(0, 0.2, 0.6);
    const needs = above.filter(() => chance.hits(share)).map((target) => target.name);
    const lines = chance.times(chance.pick(1, 1, 1, 2, 3, 4), () => this.#line(manner, depth));
    return { name, manner, needs, lines };
  }

  #line(manner: Manner, depth: number): Line {
    const chance = this.#chance;
    const number = ++this.#lines;
    const calls = manner === 'whole' || (manner === 'stays' && depth < 2 && chance.hits(0.3));
    const sub = !calls ? undefined : manner === 'whole' ? { targets: [] } : this.whole(depth + 1);
    return {
      command: sub ? `make -f ${number}.mk` : `cc ${number}.c`,
      ms: chance.pick(chance.between(1, 50), chance.between(50, 1000), chance.between(1000, 5000)),
      // A make ends as its recipes do.
      status: !sub && chance.hits(0.06) ? chance.between(1, 3) : 0,
      ignored: chance.hits(0.1),
      sub,
      hang: !sub && chance.hits(0.06) ? this.#hang(manner) : undefined,
    };
  }

  /** One that somebody is to end, for nobody else would; or that ends just when it is to be ended. */
  #hang(manner: Manner): Hang | undefined {
    const chance = this.#chance;
    const runs = chance.between(1, 2);
    const limit = this.#jobTimeout ?? this.#stuck;
    if (manner === 'stays' || limit === undefined) return undefined;
    const ms = chance.hits(0.5) ? Infinity : limit * 1000 - chance.between(-5, 50);
    const isTimed = this.#jobTimeout !== undefined;
    return {
      ms,
      runs,
      where: isTimed ? chance.pick('on hosts', 'anywhere') : 'on hosts',
      mute: !isTimed || chance.hits(0.5),
    };
  }
}

/** As patterns in makefiles and settings are to find it. */
function nameOf(manner: Manner, number: number): string {
  switch (manner) {
    case 'leaves':
      return `t${number}.o`;
    case 'stays':
      return `t${number}.txt`;
    case 'once':
    case 'alone':
      return `${manner}${number}.o`;
    case 'whole':
      return `whole${number}`;
  }
}
