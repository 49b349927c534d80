import type { Bytes } from '../util/bytes.ts';

/** Link-time code and compressed sections may hold paths that no search of the bytes finds. */
const HIDES_PATHS = /\s-(?:flto|gz|Wa,\S*compress-debug|fembed-bitcode)/;

/** Debug information names the directory of the compile. */
const DEBUG = /\s-g(?!0\b)/;

/**
 * Which jobs cannot run where the workspace has another path than on the runner: those that name it, and those whose
 * outputs would.
 */
export class PathBound {
  readonly #root: Bytes;
  #debug = false;

  /** @param root the workspace's path on the runner */
  constructor(root: Bytes) {
    this.#root = root;
  }

  /** @param variables the `NAME=value`s that would travel with it */
  has(command: Bytes, variables: readonly Bytes[]): boolean {
    if (command.includes(this.#root) || variables.some((variable) => variable.includes(this.#root))) return true;
    return HIDES_PATHS.test(command) || (this.#debug && DEBUG.test(command));
  }

  /** What that command wrote has named the other path: the next like it need not be tried. */
  learn(command: Bytes): void {
    if (DEBUG.test(command)) this.#debug = true;
  }
}
