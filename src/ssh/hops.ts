import type { Connection } from './connection.ts';
import { STOPPED } from './within-time.ts';

interface Hop {
  readonly connection: Promise<Connection>;
  /** Aborts when nobody waits for the connection any more. */
  readonly unused: AbortController;
  users: number;
}

/** A connection to a jump host, and how to let it go. */
export interface HopUse {
  readonly connection: Connection;
  /** Must be called in the end; further calls do nothing. */
  readonly release: () => void;
}

/** Connections to jump hosts: one for each way to each of them, which ends with the last connection that goes through. */
export class Hops {
  readonly #hops = new Map<string, Hop>();

  /**
   * @param key one for each hop and way to it
   * @param open its signal aborts when nobody wants the connection any more
   * @param signal the same for this use alone, while it waits: it rejects
   */
  async use(key: string, open: (unused: AbortSignal) => Promise<Connection>, signal: AbortSignal): Promise<HopUse> {
    const known = this.#hops.get(key);
    const hop = known ?? begin(open);
    this.#hops.set(key, hop);
    const release = this.#join(key, hop);
    signal.addEventListener('abort', release);
    try {
      if (signal.aborted) release();
      const connection = await hop.connection;
      if (signal.aborted) throw new Error(STOPPED);
      if (!connection.closed && !connection.full) return { connection, release };
      release();
      this.#forget(key, hop);
      if (!known) throw new Error('it closed the connection after the login');
      return await this.use(key, open, signal);
    } catch (error) {
      release();
      throw error;
    } finally {
      signal.removeEventListener('abort', release);
    }
  }

  /** @returns takes the user away again; with the last one the connection ends */
  #join(key: string, hop: Hop): () => void {
    let released = false;
    hop.users++;
    return () => {
      if (released) return;
      released = true;
      if (--hop.users > 0) return;
      this.#forget(key, hop);
      hop.unused.abort();
      hop.connection.then(
        (connection) => connection.close(),
        () => undefined,
      );
    };
  }

  #forget(key: string, hop: Hop): void {
    if (this.#hops.get(key) === hop) this.#hops.delete(key);
  }
}

function begin(open: (unused: AbortSignal) => Promise<Connection>): Hop {
  const unused = new AbortController();
  const connection = open(unused.signal);
  // It may fail when nobody waits for it any more.
  connection.catch(() => undefined);
  return { connection, unused, users: 0 };
}
