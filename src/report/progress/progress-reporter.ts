import type { LogMode } from '../fold.ts';
import type { Reporter } from '../reporter.ts';
import { liveLine } from '../standard-streams.ts';
import { LiveProgress } from './live-progress.ts';
import { Progress, type EarlierTimes } from './progress.ts';
import { ProgressLines } from './progress-lines.ts';
import { clockTicker } from './ticker.ts';

/** Between two lines, in seconds. Folds show by themselves that the build goes on. */
const PAUSE: Record<Exclude<LogMode, 'plain'>, number> = { fold: 30, failures: 10 };

/**
 * What shows the progress of a run beside its log.
 *
 * @param print takes a line for the log, without its newline
 * @param earlier how long recipes took in earlier runs
 * @returns undefined for log mode `plain`: what is printed there is make's own
 */
export function progressReporter(
  mode: LogMode,
  print: (line: string) => void,
  earlier?: EarlierTimes,
): Reporter | undefined {
  if (mode === 'plain') return undefined;
  const start = performance.now();
  const now = (): number => (performance.now() - start) / 1000;
  const progress = new Progress(now, earlier);
  const line = liveLine();
  if (line) return new LiveProgress(progress, line, clockTicker);
  return new ProgressLines({ progress, print, now, ticker: clockTicker, pause: PAUSE[mode] });
}
