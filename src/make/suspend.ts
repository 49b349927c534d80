import type { ChildProcess } from 'node:child_process';
import { stopSelf } from '../util/stop-self.ts';

/**
 * Stops and continues a process group of ours together with this process (Ctrl-Z, `fg`): a terminal tells the foreground group alone.
 *
 * @param child the leader of that group
 */
export function suspendTogether(child: ChildProcess): void {
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // All of it has ended.
    }
  };
  const stop = (): void => {
    signal('SIGSTOP');
    stopSelf();
  };
  const goOn = (): void => signal('SIGCONT');
  process.on('SIGTSTP', stop).on('SIGCONT', goOn);
  child.once('exit', () => process.off('SIGTSTP', stop).off('SIGCONT', goOn));
}
