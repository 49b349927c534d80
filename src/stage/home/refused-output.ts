import { decode, type Bytes } from '../../util/bytes.ts';
import { messageOf } from '../../util/message-of.ts';

/** What a host sent, or the runner's own disk, keeps a job's outputs from coming home. Nothing of them has been put then. */
export class RefusedOutput extends Error {
  override readonly name = 'RefusedOutput';
  /** It names a path that exists on that host only. */
  readonly foreign: boolean;

  constructor(message: string, foreign = false) {
    super(message);
    this.foreign = foreign;
  }
}

/** What a host sends cannot even be read to its end: the host is given up. */
export class EndlessOutput extends Error {
  override readonly name = 'EndlessOutput';
}

/**
 * An error of the runner's own file system: no fault of a host, and said so.
 *
 * @param path what could not be written, relative to the workspace; empty: all of it
 */
export function notWritten(path: Bytes, error: unknown): RefusedOutput {
  if (error instanceof RefusedOutput) return error;
  const why = messageOf(error);
  return new RefusedOutput(`${decode(path) || 'it'} could not be written in the workspace on the runner: ${why}`);
}
