import type { ChildProcess } from 'node:child_process';

/** A terminal has signalled make by then, if it was one. */
const LATER_MS = 300;

/**
 * Passes a signal on to make, which may have got it already: a terminal signals all that runs in its foreground. A second
 * SIGQUIT would end make before it has removed what is half made, and leave a core.
 */
export function passSignal(child: ChildProcess, name: NodeJS.Signals): void {
  if (name !== 'SIGQUIT') {
    child.kill(name);
    return;
  }
  const timer = setTimeout(() => child.kill(name), LATER_MS);
  child.once('exit', () => clearTimeout(timer));
}
