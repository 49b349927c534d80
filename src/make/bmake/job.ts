import type { ShellCall } from '../../engine/ports.ts';
import type { Bytes } from '../../util/bytes.ts';
import type { BmakeRun } from './run.ts';
import type { TracedJob } from './trace.ts';
import { environmentValue } from '../environment.ts';
import { plainCall, type PlainCall } from '../plain-call.ts';
import type { RunDirectory } from '../run-directory.ts';

/** Linux takes 128 KiB for one argument, and a host gets the recipe as one. */
const LONGEST = 120 << 10;

/** A whole recipe that a bmake gave its shell. */
export interface BmakeJob {
  /** A local run reads the recipe where bmake put it: on descriptor 0. */
  readonly call: ShellCall;
  readonly command: PlainCall;
  /** What that bmake had read when it started the recipe, relative to where it was called. */
  readonly makefiles: Bytes;
  /** Whether it can be run anywhere but right here: not with what calls make, and not what bmake says nothing of. */
  readonly movable: boolean;
}

/** Whether a call comes from a bmake: only that one calls the shim by a bare name. */
export function isBmakeCall(call: Pick<ShellCall, 'argv'>): boolean {
  return call.argv[0] === 'sh';
}

/**
 * The job of a call that comes from a bmake.
 *
 * @param traced what bmake said of it
 */
export function bmakeJob(call: ShellCall, traced: TracedJob | undefined, run: RunDirectory, bmake: BmakeRun): BmakeJob {
  const text = call.argv.at(-1) ?? '';
  const script = bmake.restore(text);
  const plain = plainCall(call, run);
  const makefiles = environmentValue(call.environment, 'DISTMAKE_MAKEFILES') ?? '';
  // MAKEFLAGS names descriptors of the jobserver, and means nothing to recipes that do not call make.
  const environment = plain.environment.filter((entry) => !/^(?:DISTMAKE_MAKEFILES|MAKEFLAGS)=/.test(entry));
  return {
    call: {
      ...call,
      // What a bmake with another shell does, and single commands of .BEGIN and the like, is not seen.
      expanded: true,
      runLocally: (_argv, changes) => call.runLocally(['sh'], changes),
    },
    command: {
      ...plain,
      target: traced?.target ?? '',
      argv: ['/bin/sh', '-c', script, 'sh'],
      command: withoutFrame(script),
      environment,
      changes: [...plain.changes, 'DISTMAKE_MAKEFILES'],
    },
    makefiles,
    movable: traced !== undefined && !traced.recursive && script.length < LONGEST,
  };
}

/** The commands of a recipe without what bmake puts around each: its echo before, the check of its status behind. */
function withoutFrame(script: Bytes): Bytes {
  return script.replace(/^echo ".*"\n(?=\{ )/gm, '').replace(/^\{ (.*) \n\} \|\| exit \$\?$/gm, '$1');
}
