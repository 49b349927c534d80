import type { Bytes } from '../../../../src/util/bytes.ts';
import type { Content } from './makefile.ts';
import type { World } from './world.ts';

/** A job on a machine, whoever listens to it. */
export interface Process {
  readonly directory: Bytes;
  readonly command: Bytes;
}

/** The files of one tree, by their paths. */
export type Tree = Map<Bytes, Content>;

/** A machine: its staging directories with their trees, and the jobs that run there. One or several hosts of the matrix are it. */
export class Machine {
  readonly #world: World;
  /** Jobs that its owner allows at one time. */
  readonly cap: number | undefined;
  readonly running = new Set<Process>();
  /** Trees by their number, 0 for the one that lanes share. */
  readonly #directories = new Map<Bytes, Map<number, Tree>>();

  constructor(world: World, cap: number | undefined) {
    this.#world = world;
    this.cap = cap;
  }

  /** What lies there. */
  get directories(): Iterable<Bytes> {
    return this.#directories.keys();
  }

  make(directory: Bytes): void {
    if (this.#directories.has(directory)) this.#world.story.wrong(`${directory} is made a second time`);
    this.#directories.set(directory, new Map());
  }

  /** @returns undefined: the directory is not there any more */
  tree(directory: Bytes, number: number): Tree | undefined {
    const trees = this.#directories.get(directory);
    const tree = trees?.get(number) ?? new Map<Bytes, Content>();
    trees?.set(number, tree);
    return trees && tree;
  }

  /** @returns undefined: the jobs of others hold all places */
  begin(process: Process): Process | undefined {
    const { cap } = this;
    // Somebody else's job, now and then.
    if (cap !== undefined && (this.running.size >= cap || this.#world.chance.hits(0.2))) return undefined;
    this.running.add(process);
    return process;
  }

  /** Ends what runs in a directory. */
  kill(directory: Bytes): void {
    for (const process of this.running) if (process.directory === directory) this.running.delete(process);
  }

  remove(directory: Bytes): void {
    this.kill(directory);
    this.#directories.delete(directory);
  }
}
