import type { WriteStream } from 'node:tty';
import type { Bytes } from '../../util/bytes.ts';
import { Progress, type EarlierTimes } from '../progress/progress.ts';
import type { Reporter } from '../reporter.ts';
import { LiveRegion } from './live-region.ts';
import type { TerminalLog } from './terminal-log.ts';
import { Watch } from './watch.ts';

export interface OpenWatchOptions {
  /** What `requireTerminal` has let pass. */
  readonly terminal: WriteStream;
  /** Where the first make runs, absolute. */
  readonly directory: Bytes;
  /** Makes what prints failures and warnings, which stay above the live region. */
  readonly above: (log: TerminalLog) => Reporter;
  /** How long recipes took in earlier runs. */
  readonly earlier?: EarlierTimes | undefined;
  /** Seconds since the start of the run, never less than before. */
  readonly now: () => number;
}

/** Takes over the last lines of a terminal, until `finish()`. */
export function openWatch({ terminal, directory, above, earlier, now }: OpenWatchOptions): Watch {
  return new Watch({
    region: new LiveRegion(terminal),
    // Node's own rules: NO_COLOR, FORCE_COLOR, TERM, and what terminal it is.
    colour: terminal.hasColors(),
    directory,
    above,
    progress: new Progress(now, earlier),
    now,
  });
}
