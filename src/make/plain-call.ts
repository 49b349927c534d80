import type { ShellCall } from '../engine/ports.ts';
import type { Prerequisites } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';
import { SEPARATOR } from './calls.ts';
import { environmentValue } from './environment.ts';
import type { RunDirectory } from './run-directory.ts';

/** A shell call as it would be without us. */
export interface PlainCall {
  readonly target: Bytes;
  /** The user's own shell, its flags, the command. */
  readonly argv: readonly Bytes[];
  /** The command as text: the last word that make gives its shell. */
  readonly command: Bytes;
  /** As make exported it; of what is ours only our directory on PATH is left out. */
  readonly environment: readonly Bytes[];
  /** For `runLocally`: makes the shim's environment the user's own, with our directory first on PATH. */
  readonly changes: readonly Bytes[];
  /** Undefined when the run does not ask for them, and for a target that has too many. */
  readonly prerequisites: Prerequisites | undefined;
}

/** Takes everything of ours out of a shell call: the target's variable, and our paths wherever $(SHELL) brought them. */
export function plainCall(call: ShellCall, run: RunDirectory): PlainCall {
  const argv = call.argv.map((word) => run.shells.restore(word));
  const environment: Bytes[] = [];
  const changes: Bytes[] = ['DISTMAKE_TARGET'];
  for (const entry of call.environment) {
    if (entry.startsWith('DISTMAKE_TARGET=')) continue;
    const restored = run.shells.restore(entry);
    // .EXPORT_ALL_VARIABLES exports our SHELL; make's own default it would not, unless the environment had one.
    if (restored === 'SHELL=/bin/sh' && restored !== entry && process.env['SHELL'] === undefined) {
      changes.push('SHELL');
      continue;
    }
    if (entry.startsWith('PATH=')) {
      const all = restored.slice(5).split(':');
      const own = all.filter((directory) => directory !== run.bin);
      environment.push(`PATH=${own.join(':')}`);
      // A makefile that sets its own PATH would lead sub-makes past us.
      const wanted = own.length === all.length ? `PATH=${[run.bin, ...all].join(':')}` : restored;
      if (wanted !== entry) changes.push(wanted);
      continue;
    }
    if (restored !== entry) changes.push(restored);
    environment.push(restored);
  }
  const [target = '', prerequisites] = (environmentValue(call.environment, 'DISTMAKE_TARGET') ?? '').split(SEPARATOR);
  return {
    target,
    argv,
    command: argv.at(-1) ?? '',
    environment,
    changes,
    prerequisites: parsePrerequisites(prerequisites),
  };
}

/** `a b | c`; undefined when nothing, or a star, stands there. */
function parsePrerequisites(text: Bytes | undefined): Prerequisites | undefined {
  if (text === undefined || text === '*') return undefined;
  const words = text.split(' ').filter((word) => word !== '');
  const bar = words.indexOf('|');
  return { normal: words.slice(0, bar), orderOnly: words.slice(bar + 1) };
}
