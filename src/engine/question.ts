import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';

/** A command for sh that nobody but ourselves asks for, as a job: no recipe has its number, and what it leaves in /tmp is dropped. */
export function questionJob(command: Bytes, root: Bytes): Job {
  return {
    id: 0,
    recipe: { id: 0, make: 0, target: '', directory: root },
    directory: root,
    argv: ['/bin/sh', '-c', command],
    command,
    environment: [],
    umask: 0o022,
    prerequisites: undefined,
  };
}
