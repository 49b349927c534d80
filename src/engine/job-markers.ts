import type { Job } from '../model/job.ts';
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
    call.write(descriptor, Buffer.concat(together));
  }
}
