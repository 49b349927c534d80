import type { MakeCall } from '../engine/ports.ts';
import type { SubMakeArguments } from '../engine/sub-make.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import type { BmakeRun } from './bmake/run.ts';
import { bmakeVersion } from './bmake/version.ts';
import { environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import type { FirstMakefile } from './first-makefile.ts';
import { withoutGoalWaits } from './goal-waits.ts';
import { findProgram } from './programs.ts';
import { makeObstacle, type RealMake } from './real-make.ts';
import type { RunDirectory } from './run-directory.ts';

export interface MakeWrapperOptions {
  readonly run: RunDirectory;
  readonly make: RealMake;
  /** What makes that recipes call get besides (L3). */
  readonly subMakeArguments: SubMakeArguments;
  /** For bmakes; without it they run as they are. */
  readonly bmake?: BmakeRun | undefined;
  /** Where makes that are called by their path come to us as well. */
  readonly first: FirstMakefile | undefined;
  /** Told once of each make that cannot be driven: it runs as it is. */
  readonly onObstacle: (obstacle: string) => void;
}

/** Answers the makes below the first one: each becomes the real make it asked for, with our makefile read last. */
export class MakeWrapper {
  readonly #options: MakeWrapperOptions;
  readonly #told = new Set<string>();

  constructor(options: MakeWrapperOptions) {
    this.#options = options;
  }

  /** @returns when the call is answered */
  async answer(call: MakeCall): Promise<void> {
    const [name = 'make', ...words] = call.argv;
    const file = this.#find(name, environmentValue(call.environment, 'PATH') ?? '');
    if (file === undefined) {
      call.fail(`${decode(name)}: command not found\n`, 127);
      return;
    }
    const { directory, environment } = call;
    const { run, make, bmake, subMakeArguments, first } = this.#options;
    if (bmake && (await bmakeVersion(file)) !== undefined) {
      const called = await bmake.words({ ...call, make: file, words });
      call.exec(decode(file), [name, ...called], ['DISTMAKE_TARGET', 'DISTMAKE_MAKEFILES']);
      return;
    }
    const obstacle = file === make.path ? make.obstacle : await makeObstacle(file);
    if (obstacle !== undefined && !this.#told.has(obstacle)) {
      this.#told.add(obstacle);
      this.#options.onObstacle(obstacle);
    }
    const { lastMakefile } = run;
    const own = withoutGoalWaits(subMakeArguments.ofCall(words, environment));
    const full = obstacle ? words : await withLastMakefile(own, { directory, environment, lastMakefile });
    call.exec(decode(file), [name, ...full], ['DISTMAKE_TARGET', ...(first ? [first.without(environment)] : [])]);
  }

  #find(name: Bytes, searchPath: Bytes): Bytes | undefined {
    const { run, make } = this.#options;
    return name === make.name ? make.path : findProgram(name, searchPath, run.bin);
  }
}
