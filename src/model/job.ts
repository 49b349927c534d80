import { resolve } from 'node:path/posix';
import type { Bytes } from '../util/bytes.ts';

/** All jobs of one target in one make process: what the log folds together and what is counted. */
export interface Recipe {
  readonly id: number;
  /** Process id of the make that runs it. */
  readonly make: number;
  readonly target: Bytes;
  /** Directory of that make, absolute. */
  readonly directory: Bytes;
}

/** Where the target of a recipe stands if it is a file, absolute. */
export function targetPath({ directory, target }: Recipe): Bytes {
  return resolve(directory, target);
}

/** What the makefile names as prerequisites of a target, as make spells them: relative to its directory, or absolute. */
export interface Prerequisites {
  readonly normal: readonly Bytes[];
  /** Those behind `|`. */
  readonly orderOnly: readonly Bytes[];
}

/** One shell call that make asks for: a recipe line, or a whole recipe under .ONESHELL. */
export interface Job {
  readonly id: number;
  readonly recipe: Recipe;
  /** Where make would run it, absolute. */
  readonly directory: Bytes;
  /** The user's own shell, its flags, the command, and whatever make passed behind it. */
  readonly argv: readonly Bytes[];
  /** The command as text, with the user's own shell where the makefile says $(SHELL). */
  readonly command: Bytes;
  /** `NAME=value`, as make exported it, without what belongs to us. */
  readonly environment: readonly Bytes[];
  readonly umask: number;
  /** Known only where staging is `declared`, and not for a target that has too many of them. */
  readonly prerequisites: Prerequisites | undefined;
}
