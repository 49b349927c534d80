import type { Connection } from './connection.ts';

interface Hop {
  readonly connection: Promise<Connection>;
  users: number;
}

/** Connections to jump hosts: one for each way to each of them, which ends with the last connection that goes through. */
export class Hops {
  readonly #hops = new Map<string, Hop>();

  /**
   * @param key one for each hop and way to it
   * @returns the connection, and how to let it go, which must be called once
   */
  async use(key: string, open: () => Promise<Connection>): Promise<{ connection: Connection; release: () => void }> {
    let hop = this.#hops.get(key);
    if (hop === undefined) {
      hop = { connection: open(), users: 0 };
      this.#hops.set(key, hop);
    }
    const mine = hop;
    const forget = (): void => {
      if (this.#hops.get(key) === mine) this.#hops.delete(key);
    };
    mine.users++;
    try {
      const connection = await mine.connection;
      if (connection.closed) {
        forget();
        mine.users--;
        return await this.use(key, open);
      }
      let released = false;
      const release = (): void => {
        if (released) return;
        released = true;
        if (--mine.users > 0) return;
        forget();
        connection.close();
      };
      return { connection, release };
    } catch (error) {
      forget();
      throw error;
    }
  }
}
