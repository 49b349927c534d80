import type { Duplex, Readable } from 'node:stream';

/** A byte stream to a host on which `LANE_COMMAND` has been started. */
export interface LaneStream extends Duplex {
  readonly stderr: Readable;
  /** Bytes that have come so far, for this stream and for all others that share a connection with it; absent where nobody knows. */
  readonly received?: () => number;
}
