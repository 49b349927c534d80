import { Chance } from './chance.ts';
import { contentOf, PlainBuild, type Content, type Hang, type Task } from './makefile.ts';
import type { Scenario } from './scenario.ts';
import { Story } from './story.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What a host is asked before a make runs there as a whole. */
export const QUESTION = 'make -n';

/** What everything in one run shares. */
export class World {
  readonly scenario: Scenario;
  readonly clock = new VirtualClock();
  readonly chance: Chance;
  readonly story: Story;
  /** What is expected. */
  readonly plain: PlainBuild;
  /** Where a line hung, by its command. */
  readonly #hung = new Map<string, number>();
  /** Files whose makers were kept from something by an ignored failure that is not theirs. */
  readonly #tainted = new Set<string>();
  #pids = 100;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    // Not the numbers of which the scenario was made.
    this.chance = new Chance(~scenario.seed);
    this.story = new Story(() => this.clock.now());
    this.plain = new PlainBuild(scenario.makefile);
  }

  newPid(): number {
    return ++this.#pids;
  }

  taskOf(command: string): Task {
    const task = this.plain.tasks.get(command);
    if (!task) throw new Error(`"${command}" is no line of any makefile`);
    return task;
  }

  /** What stands in a file is not what is expected, and may be so. */
  taint(path: string): void {
    this.#tainted.add(path);
  }

  /** A line begins to run. @returns whether and how this run of it hangs */
  begins(command: string, host: string | undefined): Hang | undefined {
    this.story.begin(command, host);
    const { hang } = this.taskOf(command).line;
    const runs = this.#hung.get(command) ?? 0;
    if (!hang || runs >= hang.runs || (hang.where === 'on hosts' && host === undefined)) return undefined;
    this.#hung.set(command, runs + 1);
    return hang;
  }

  /**
   * A line has come to its end.
   *
   * @param read what stands in a file where it ran
   * @returns what is in its target by now; undefined: it has failed
   */
  writes(command: string, host: string | undefined, read: (path: string) => Content | undefined): Content | undefined {
    const { target, line, gives } = this.taskOf(command);
    if (line.status !== 0) return undefined;
    const content = contentOf(target, line, read);
    const inputs = [...target.needs, target.name, ...(line.sub?.targets ?? []).map(({ name }) => name)];
    if (inputs.some((path) => this.#tainted.has(path))) {
      this.#tainted.add(target.name);
    } else if (content !== gives) {
      const files = inputs.map((path) => `${path}: ${read(path) ?? 'missing'}`);
      this.story.wrong(`"${command}" on ${host ?? 'the runner'} has not read what it should (${files.join(', ')})`);
    }
    return content;
  }
}
