import type { HostFigures } from '../../model/event.ts';

/** A host of the matrix, or the runner. */
export interface PlaceRecord {
  readonly name: string;
  /** It is the runner. */
  readonly local: boolean;
  /** Undefined: not known yet. */
  slots: number | undefined;
  state: 'coming' | 'ready' | 'lost';
  /** Why it was lost. */
  reason: string | undefined;
  /** When it was ready, and when it was lost. */
  ready: number | undefined;
  lost: number | undefined;
  /** Bytes of the first staging, and how many are there by now; how long it took, or has taken. */
  readonly staging: { bytes: number; files: number; done: number; seconds: number };
  figures: HostFigures | undefined;
}
