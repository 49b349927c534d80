import { deferred } from '../../util/deferred.ts';

/** What is told of a host when the check was stopped early. */
export const ENDED = 'the check was ended before it was through';

/**
 * What a promise gives, if it comes in time. It goes on all the same.
 *
 * @param ms how long it may take
 * @param late what is thrown when it has taken longer
 * @throws Error also when the signal ends the wait
 */
export async function inTime<T>(work: Promise<T>, ms: number, late: string, signal: AbortSignal): Promise<T> {
  const over = deferred<never>();
  const stop = (): void => over.reject(new Error(ENDED));
  const timer = setTimeout(() => over.reject(new Error(late)), ms);
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  work.catch(() => undefined);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
