import type { Outcome } from '../model/outcome.ts';

/**
 * Ends this process as make ended: the same status, or death by the same signal. Whatever is still open (sockets to
 * hosts, say) does not keep it alive.
 */
export function exitLike(outcome: Outcome): never {
  if (outcome.kind === 'signaled') {
    process.kill(process.pid, outcome.signal);
    // Ignored, or not deadly: what a shell would report.
    process.exit(128 + outcome.signal);
  }
  process.exit(outcome.kind === 'exited' ? outcome.status : 2);
}
