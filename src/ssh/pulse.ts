import type { Readable } from 'node:stream';

const TICKS = 5;
/** Of these the first is asked soon enough for a slow answer to count. */
const QUESTIONS = 4;

/** How often a connection is to be asked whether it lives, so that silence is one for {@link watchPulse}; ms. */
export function questionInterval(timeout: number): number {
  return Math.max(1, Math.floor(timeout / QUESTIONS));
}

/**
 * Calls back once when nothing has come from the stream for `timeout` ms, or a little less. Whatever comes counts: behind much that
 * is under way on a slow link an answer to a question takes its time. Ticks are counted, not time: a process that was stopped
 * for an hour finds its connections alive.
 *
 * @param stream flows already
 * @returns ends the watch
 */
export function watchPulse(stream: Readable, timeout: number, onSilence: () => void): () => void {
  let ticks = 0;
  const heard = (): void => {
    ticks = 0;
  };
  stream.on('data', heard);
  const timer = setInterval(() => {
    if (++ticks < TICKS) return;
    clearInterval(timer);
    onSilence();
  }, timeout / TICKS);
  timer.unref();
  return () => {
    clearInterval(timer);
    stream.off('data', heard);
  };
}
