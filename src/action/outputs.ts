import { setOutput } from '@actions/core';
import type { BuildEvent } from '../model/event.ts';

/** The outputs of the action, as action.yml describes them. */
export function writeOutputs(end: Extract<BuildEvent, { type: 'run-finished' }>): void {
  setOutput('remote-jobs', end.counts.remote);
  setOutput('local-jobs', end.counts.local);
  setOutput('retried-jobs', end.counts.retried);
  setOutput('failed-targets', JSON.stringify(end.failedTargets));
  setOutput(
    'hosts',
    JSON.stringify(
      end.hosts.map(({ name, jobs, busySeconds, losses }) => ({ name, jobs, busySeconds: round(busySeconds), losses })),
    ),
  );
  setOutput('elapsed', round(end.seconds));
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
