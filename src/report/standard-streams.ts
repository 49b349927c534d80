import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import { WorkflowLog } from './workflow-commands.ts';

/** The log of a workflow on standard output. */
export function workflowLog(): WorkflowLog {
  return new WorkflowLog(
    (text) => writeAll(1, text),
    () => randomBytes(16).toString('hex'),
  );
}

/** The command's own words, on standard error. */
export function say(text: string): void {
  writeAll(2, text);
}

/** On standard output, as it is. */
export function printBytes(text: Bytes): void {
  writeAll(1, bufferOf(text));
}

/** All of it before anything else happens; a stream that nobody reads any more is no reason to fail. */
function writeAll(descriptor: 1 | 2, text: string | Buffer): void {
  const data = Buffer.from(text);
  for (let at = 0; at < data.length;) {
    try {
      at += writeSync(descriptor, data, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
