import type { BuildEvent, HostFigures, Place } from '../../model/event.ts';

/** A time for which a host was of no use. Times are seconds since the start of the run. */
export interface Loss {
  readonly from: number;
  /** When it took jobs again; undefined: not by the end. */
  to: number | undefined;
  /** Why, for people. */
  readonly reason: string;
  /** It had been ready before; else it did not come up. */
  readonly wasReady: boolean;
  /** Why it was not tried any more, which may come later than the loss; undefined: it was tried until the end. */
  leftOut: string | undefined;
  /** How long the staging took with which it came back, in seconds; 0: it did not. */
  staged: number;
}

/** A host of the matrix, or the runner. */
export interface PlaceRecord {
  readonly name: string;
  /** It is the runner. */
  readonly local: boolean;
  /** Undefined: not known yet. */
  slots: number | undefined;
  /** `benched`: of no use now, but tried again. `lost`: it takes no part in the run any more. */
  state: 'coming' | 'ready' | 'benched' | 'lost';
  /** In order of time; only the last may be open. */
  readonly losses: Loss[];
  /** When it was ready for the first time. */
  ready: number | undefined;
  /** Bytes of the first staging, and how many are there by now; how long it took, or has taken. */
  readonly staging: { bytes: number; files: number; done: number; seconds: number };
  figures: HostFigures | undefined;
}

/** @param place where it runs; undefined: the runner */
export function newPlace(name: string, place: Place): PlaceRecord {
  return {
    name,
    local: place?.local ?? true,
    slots: place?.slots,
    state: place?.local === true ? 'ready' : 'coming',
    losses: [],
    ready: undefined,
    staging: { bytes: 0, files: 0, done: 0, seconds: 0 },
    figures: undefined,
  };
}

/** The host takes jobs, for the first time or again. */
export function cameUp(
  place: PlaceRecord,
  { slots, files, bytes, seconds }: Extract<BuildEvent, { type: 'host-ready' }>,
  now: number,
): void {
  const loss = openLoss(place);
  if (loss) Object.assign(loss, { to: now, staged: seconds, leftOut: undefined });
  if (place.ready === undefined) Object.assign(place.staging, { files, bytes, done: bytes, seconds });
  place.ready ??= now;
  place.state = 'ready';
  place.slots = slots;
}

/** The host takes no jobs from now on, or is given up for good after it had been lost. */
export function wentDown(
  place: PlaceRecord,
  { reason, benched }: Extract<BuildEvent, { type: 'host-lost' }>,
  now: number,
): void {
  place.state = benched ? 'benched' : 'lost';
  const leftOut = benched ? undefined : reason;
  const open = openLoss(place);
  if (open) {
    open.leftOut ??= leftOut;
    return;
  }
  const wasReady = place.local || place.ready !== undefined;
  place.losses.push({ from: now, to: undefined, reason, wasReady, leftOut, staged: 0 });
}

/** How long it has been away in all since it was ready for the first time. @param now as the times of the record */
export function awaySeconds({ losses }: PlaceRecord, now: number): number {
  return losses
    .filter(({ wasReady }) => wasReady)
    .reduce((sum, { from, to }) => sum + Math.max(0, (to ?? now) - from), 0);
}

/** How long it took jobs. @param now as the times of the record */
export function readySeconds(place: PlaceRecord, now: number): number {
  const since = place.local ? (place.ready ?? 0) : place.ready;
  return since === undefined ? 0 : Math.max(0, now - since - awaySeconds(place, now));
}

function openLoss({ losses }: PlaceRecord): Loss | undefined {
  const last = losses.at(-1);
  return last?.to === undefined ? last : undefined;
}
