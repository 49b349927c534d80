/** Why something was not waited for any longer. */
export const STOPPED = 'its connections were closed meanwhile';

interface Bounds<T> {
  /** ms */
  readonly timeout: number;
  /** Reason for people when that is over. */
  readonly late: string;
  readonly signal?: AbortSignal | undefined;
  /** Lets go what comes when nobody has any use for it. */
  readonly drop: (value: T) => void;
}

/** What `opening` comes to, if that is in time and before the signal aborts; else rejects with a reason for people. */
export async function withinTime<T>(opening: Promise<T>, { timeout, late, signal, drop }: Bounds<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let over = false;
    const end = (tell: () => void): void => {
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      tell();
    };
    const stop = (): void => end(() => reject(new Error(STOPPED)));
    const timer = setTimeout(() => end(() => reject(new Error(late))), timeout);
    opening.then(
      (value) => {
        if (over) drop(value);
        else end(() => resolve(value));
      },
      (error: unknown) => {
        if (!over) end(() => reject(error instanceof Error ? error : new Error(String(error))));
      },
    );
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
  });
}
