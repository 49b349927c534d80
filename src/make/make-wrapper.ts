import type { MakeCall } from '../engine/ports.ts';
import type { SubMakeArguments } from '../engine/sub-make.ts';
import { decode, type Bytes } from '../util/bytes.ts';
import { environmentValue } from './environment.ts';
import { withLastMakefile } from './make-calls.ts';
import { findProgram } from './programs.ts';
import { isGnuMake, type RealMake } from './real-make.ts';
import type { RunDirectory } from './run-directory.ts';

/** Answers the makes below the first one: each becomes the real make it asked for, with our makefile read last. */
export class MakeWrapper {
  readonly #run: RunDirectory;
  readonly #make: RealMake;
  readonly #arguments: SubMakeArguments;

  /** @param subMakeArguments what makes that recipes call get besides (L3) */
  constructor(run: RunDirectory, make: RealMake, subMakeArguments: SubMakeArguments) {
    this.#run = run;
    this.#make = make;
    this.#arguments = subMakeArguments;
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
    const lastMakefile = this.#run.lastMakefile;
    const gnu = file === this.#make.path || (await isGnuMake(file));
    const all = gnu ? this.#arguments.ofCall(words, environment) : words;
    const full = gnu ? await withLastMakefile(all, { directory, environment, lastMakefile }) : all;
    call.exec(decode(file), [name, ...full], ['DISTMAKE_TARGET']);
  }

  #find(name: Bytes, searchPath: Bytes): Bytes | undefined {
    return name === this.#make.name ? this.#make.path : findProgram(name, searchPath, this.#run.bin);
  }
}
