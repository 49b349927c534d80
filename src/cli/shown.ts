import type { DmakeOutputMode } from '../report/dmake-log.ts';

/**
 * What is printed of a run. `make`: its output is its own, faults are told beside it. `dmake`: one of dmake's shapes, nothing
 * of which is made harmless. `workflow`: folds and annotations. `watch`: a live view on a terminal.
 */
export type Shown =
  { readonly as: 'make' | 'workflow' | 'watch' } | { readonly as: 'dmake'; readonly mode: DmakeOutputMode };

/** Whether there is something that shows how far the run has come. */
export function hasProgress({ as }: Shown): boolean {
  return as === 'watch' || as === 'workflow';
}
