import type { Job } from '../model/job.ts';
import type { JobOutput } from './job-output.ts';
import type { ShellCall, Text } from './ports.ts';

/** What to print around each job's output so that the log can be taken apart; undefined: nothing. */
export type JobMarkers = { readonly begin: (job: Job) => Buffer; readonly end: (job: Job) => Buffer } | undefined;

/** Prints what a job printed elsewhere, in its order, on the shim's own descriptors. */
export function print(call: ShellCall, output: readonly Text[], markers: JobMarkers, job: Job): void {
  const pieces: Text[] = [...output];
  if (markers) {
    pieces.unshift({ descriptor: 1, data: markers.begin(job) });
    pieces.push({ descriptor: 1, data: markers.end(job) });
  }
  for (let at = 0; at < pieces.length;) {
    const { descriptor } = pieces[at] as Text;
    const together: Buffer[] = [];
    for (; pieces[at]?.descriptor === descriptor; at++) together.push((pieces[at] as Text).data);
    void call.write(descriptor, Buffer.concat(together));
  }
}

/** So much of one descriptor is printed at one time. */
const PORTION = 64 << 10;

/**
 * The same for what may be long: no faster than it is taken. Resolves when all is on its way, or the shim is gone.
 *
 * @param more comes behind it
 */
export async function printOutput(
  call: ShellCall,
  output: JobOutput,
  more: readonly Text[],
  markers: JobMarkers,
  job: Job,
): Promise<void> {
  let descriptor: 1 | 2 = 1;
  let portion: Buffer[] = [];
  let size = 0;
  const flush = (): Promise<void> | void => {
    const data = Buffer.concat(portion);
    portion = [];
    size = 0;
    return call.write(descriptor, data);
  };
  const add = async (text: Text): Promise<void> => {
    if (size > 0 && (text.descriptor !== descriptor || size >= PORTION)) await flush();
    descriptor = text.descriptor;
    portion.push(text.data);
    size += text.data.length;
  };
  if (markers) await add({ descriptor: 1, data: markers.begin(job) });
  for await (const text of output.texts()) {
    if (call.gone.aborted) return;
    await add(text);
  }
  for (const text of more) await add(text);
  if (markers) await add({ descriptor: 1, data: markers.end(job) });
  if (size > 0) await flush();
}
