import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { bufferOf, type Bytes } from '../util/bytes.ts';
import { canDraw, LiveLine } from './progress/live-line.ts';
import { WorkflowLog } from './workflow-commands.ts';

let live: LiveLine | undefined;

/**
 * The line at the bottom of the terminal; there is one for the whole process, and what is printed here hides it first.
 *
 * @returns undefined where neither stream is a terminal that can do that
 */
export function liveLine(): LiveLine | undefined {
  const terminal = [process.stdout, process.stderr].find((stream) => canDraw(stream, process.env));
  live ??= terminal && new LiveLine(terminal);
  return live;
}

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
  live?.hide();
  const data = Buffer.from(text);
  for (let at = 0; at < data.length;) {
    try {
      at += writeSync(descriptor, data, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
    }
  }
}
