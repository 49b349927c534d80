import { writeSync } from 'node:fs';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import { UserError } from '../util/user-error.ts';

/**
 * On standard output: what was asked for, while nothing is built. That nobody reads on is no fault.
 *
 * @throws UserError when it cannot be written
 */
export function print(text: Bytes): void {
  const data = bufferOf(text);
  for (let at = 0; at < data.length;) {
    try {
      at += writeSync(1, data, at);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw new UserError(`standard output cannot be written: ${message}`);
    }
  }
}
