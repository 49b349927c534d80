import type { Stage } from '../engine/ports.ts';
import { hostname } from 'node:os';
import { Bulk } from '../bulk/bulk.ts';
import { machineIdentity } from '../bulk/life.ts';
import type { Scheduler } from '../engine/scheduler.ts';
import { processStart } from '../make/process-facts.ts';
import type { EventSink } from '../model/event.ts';
import { encode } from '../util/bytes.ts';

interface BulkWorld {
  readonly scheduler: Scheduler;
  readonly stage: Stage;
  readonly sink: EventSink;
  /** See MakeRest. */
  readonly atRest: (make: number) => Promise<void>;
}

/**
 * A bulk build whose items are the targets of the first make.
 *
 * @param directory where its state is kept, absolute
 */
export function openBulk(directory: string, world: BulkWorld): Bulk {
  const { scheduler, stage, sink, atRest } = world;
  return Bulk.open({
    directory,
    self: {
      host: encode(hostname()),
      machine: machineIdentity(),
      pid: process.pid,
      born: processStart(process.pid) ?? '',
    },
    born: processStart,
    now: Date.now,
    atRest,
    limit: () => scheduler.jobs,
    tell: (text) => sink({ type: 'message', level: 'warning', text }),
    changed: () => stage.touch(),
  });
}
