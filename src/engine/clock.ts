import { setTimeout as pause } from 'node:timers/promises';

/**
 * Where the engine takes its time from: that of this process, or one that a simulation turns by hand. Nothing that waits on it
 * keeps the process alive.
 */
export interface Clock {
  /** Milliseconds since some moment. */
  now(): number;
  /**
   * Calls back once, so many ms from now.
   *
   * @returns takes it back
   */
  after(ms: number, run: () => void): () => void;
  /** Resolves so many ms from now, or when the signal aborts. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
  pause: (ms, signal) => pause(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined),
};
