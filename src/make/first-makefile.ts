import { readFile, writeFile } from 'node:fs/promises';
import type { Bytes } from '../util/bytes.ts';
import { changeEnvironment, environmentValue } from './environment.ts';
import type { PlainCall } from './plain-call.ts';
import type { RunDirectory } from './run-directory.ts';

/**
 * The makefile by which makes come to us that are called by their path, as CMake calls them: it is named in MAKEFILES, in
 * the environment (make manual, "The Variable MAKEFILES"). Where a make comes through a wrapper, it must not be.
 */
export class FirstMakefile {
  readonly #path: Bytes;

  private constructor(path: Bytes) {
    this.#path = path;
  }

  /** @param template the asset first.mk */
  static async write(run: RunDirectory, template: string): Promise<FirstMakefile> {
    const path = `${run.path}/first.mk`;
    await writeFile(path, (await readFile(template, 'latin1')).replaceAll('@RUN@', run.path), 'latin1');
    return new FirstMakefile(path);
  }

  /** The change that puts it in front of the user's own MAKEFILES, as `NAME=value`. */
  with(environment: readonly Bytes[]): Bytes {
    const own = this.#own(environment);
    return `MAKEFILES=${this.#path}${own === '' ? '' : ` ${own}`}`;
  }

  /** The change that gives the user's own MAKEFILES back: `NAME=value`, or `NAME` to unset it. */
  without(environment: readonly Bytes[]): Bytes {
    const own = this.#own(environment);
    return own === '' ? 'MAKEFILES' : `MAKEFILES=${own}`;
  }

  /** A shell call as it would be without us: a local run has it again, a host must not. */
  putBack<C extends Pick<PlainCall, 'environment' | 'changes'>>(call: C): C {
    const { environment, changes } = call;
    return {
      ...call,
      environment: changeEnvironment(environment, [this.without(environment)]),
      changes: [...changes, this.with(environment)],
    };
  }

  #own(environment: readonly Bytes[]): Bytes {
    return (environmentValue(environment, 'MAKEFILES') ?? '').replace(this.#path, '').trim();
  }
}
