import { hostname } from 'node:os';
import type { EventSink } from '../model/event.ts';
import type { Settings } from '../model/settings.ts';
import { DmakeLog, type DmakeOutputMode } from '../report/dmake-log.ts';
import { FoldLog } from '../report/fold.ts';
import { plainLog } from '../report/plain.ts';
import { printBytes, say, workflowLog } from '../report/standard-streams.ts';
import { encode } from '../util/bytes.ts';

export interface Log {
  readonly handle: EventSink;
  readonly finish: () => void;
}

/**
 * What is printed of a run.
 *
 * @param piped make's output comes as events
 * @param shape one of dmake's: then it is no log for a workflow, and nothing in it is made harmless
 */
export function logFor(settings: Settings, piped: boolean, shape: DmakeOutputMode | undefined): Log {
  if (shape !== undefined) return new DmakeLog({ mode: shape, runner: hostname(), write: printBytes, say });
  if (!piped) return plainLog(say);
  const workflow = workflowLog();
  const fold = new FoldLog({ log: workflow, mode: settings.log, root: encode(settings.root) });
  return {
    handle: fold.handle,
    finish: () => {
      fold.finish();
      workflow.finish();
    },
  };
}
