import type { Duplex, Readable } from 'node:stream';

/** A byte stream to a host on which `LANE_COMMAND` has been started. */
export interface LaneStream extends Duplex {
  readonly stderr: Readable;
}
