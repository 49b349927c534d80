import { succeeded, type Outcome } from '../../model/outcome.ts';
import { isMissed } from '../../model/place-reason.ts';
import type { JobRecord, Leg } from '../record/job-record.ts';
import type { RunRecord } from '../record/run-record.ts';
import { sequelOf } from '../record/sequel.ts';
import { targetName } from '../target-name.ts';
import { isOwnFailure } from '../verdict.ts';
import type { Bar, BarKind } from './gantt.ts';

/** One leg of a job, as it is drawn. */
export interface DrawnLeg extends Bar {
  readonly place: string;
  readonly slot: number;
  readonly slots: number;
}

/** All legs that had a slot for their work, by their beginnings; calls of make only wait. */
export function drawnLegs(record: RunRecord, root: string): readonly DrawnLeg[] {
  const now = record.seconds;
  return record.jobs
    .flatMap((job) => {
      const name = targetName(job.recipe, root);
      return job.legs.flatMap((leg): DrawnLeg[] => {
        const { place, slot, slots, placed } = leg;
        if (leg.waits !== undefined || leg.outcome === 'turned-away') return [];
        return [
          {
            text: name,
            kind: kindOf(job, leg, record.end?.outcome),
            place,
            slot,
            slots,
            from: placed,
            to: leg.ended ?? now,
          },
        ];
      });
    })
    .sort((a, b) => a.from - b.from);
}

function kindOf(job: JobRecord, leg: Leg, run: Outcome | undefined): BarKind {
  const { again, outcome, reason } = leg;
  if (again) {
    const sequel = sequelOf(job, leg, run);
    return sequel === 'cancelled' ? 'usual' : sequel;
  }
  const isFailed = outcome !== undefined && outcome !== 'turned-away' && !succeeded(outcome);
  if (isFailed && job.recipe.failed?.job === job.id && isOwnFailure(outcome, run)) return 'failed';
  return isMissed(reason) ? 'missed' : 'usual';
}
