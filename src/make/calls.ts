import type { MakeCall, ParseCall, ShellCall } from '../engine/ports.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';
import { endBelow } from './kill-below.ts';

/** One shim that waits for us, over whichever transport; what it can be told is what shim.c describes. */
export interface ShimChannel {
  /** Aborted when the shim went away before it was told to. */
  readonly gone: AbortSignal;
  /** @returns resolves when more is wanted: a shim prints no faster than what it prints to takes it */
  print(descriptor: 1 | 2, data: Buffer): Promise<void> | undefined;
  /** Resolves as `cancelled` when the shim goes away meanwhile. */
  run(argv: readonly Bytes[], changes: readonly Bytes[]): Promise<Outcome>;
  exit(status: number): void;
  die(signal: number): void;
  exec(file: Bytes, argv: readonly Bytes[], changes: readonly Bytes[]): void;
  fail(message: Bytes, status: number): void;
  answer(text: Bytes): void;
}

/** What a transport hands on. */
export interface IncomingCalls {
  shell(facts: ShellFacts, channel: ShimChannel): void;
  make(facts: MakeFacts, channel: ShimChannel): void;
  parse(facts: ParseFacts, channel: ShimChannel): void;
}

export type ShellFacts = Omit<ShellCall, 'expanded' | 'gone' | 'echo' | 'write' | 'runLocally' | 'endLocally' | 'exit'>;
export type MakeFacts = Omit<MakeCall, 'exec' | 'fail'>;
/** `command` is what the parse shell was given: `parse`, SHELL and MAKEFILE_LIST, parted by SEPARATOR. */
export type ParseFacts = Pick<ParseCall, 'make' | 'directory' | 'environment'> & { readonly command: Bytes };

/** A byte that no SHELL and no list of makefiles has. */
export const SEPARATOR = '\x01';

/** Stands for a blank within a word of the answer to a parse. */
export const BLANK = '\x02';

/** Status of a shim whose job took too long, as timeout(1) has it. */
const TIMED_OUT = 124;

/** Status of a shim whose job was not run at all. */
const NOT_RUN = 2;

export function shellCall(
  facts: ShellFacts,
  { expanded, echo }: Pick<ShellCall, 'expanded' | 'echo'>,
  channel: ShimChannel,
): ShellCall {
  /** The job may be on its way elsewhere once the run here is over: nothing of it may write by then. */
  let rest: Promise<void> | undefined;
  return {
    ...facts,
    expanded,
    echo,
    gone: channel.gone,
    write: (descriptor, data) => (data.length > 0 ? channel.print(descriptor, data) : undefined),
    runLocally: async (argv, changes) => {
      const outcome = await channel.run(argv, changes);
      await rest;
      return outcome;
    },
    endLocally: () => {
      rest = endBelow(facts.pid);
    },
    exit: (outcome) => {
      switch (outcome.kind) {
        case 'exited': {
          channel.exit(outcome.status);
          return;
        }
        case 'signaled': {
          channel.die(outcome.signal);
          return;
        }
        case 'timed-out': {
          channel.exit(TIMED_OUT);
          return;
        }
        case 'host-lost':
        case 'cancelled': {
          channel.exit(NOT_RUN);
          return;
        }
      }
    },
  };
}
