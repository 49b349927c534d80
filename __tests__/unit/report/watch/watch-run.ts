import { Progress, type ProgressFigures } from '../../../../src/report/progress/progress.ts';
import { WatchState } from '../../../../src/report/watch/watch-state.ts';
import { generatedRun, type GeneratedRunOptions } from '../../../fixtures/report/generated-run.ts';

/** A generated run as it is at some moment. */
export function watchedRun(
  options: GeneratedRunOptions,
  share: number,
): { readonly state: WatchState; readonly figures: ProgressFigures } {
  const events = generatedRun(options);
  const until = events.at(-1)!.at * share;
  let now = 0;
  const state = new WatchState(() => now, '/home/runner/app');
  const progress = new Progress(() => now);
  for (const { at, event } of events) {
    if (at > until) break;
    now = at;
    state.handle(event);
    progress.handle(event);
  }
  now = until;
  return { state, figures: progress.figures };
}
