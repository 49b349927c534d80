/** One machine of the host matrix. Pure configuration: nothing here changes during a run. */
export interface Host {
  /** As the matrix writes it, without the number of slots: `[user@]name[:port]`. Unique in a matrix; what logs show. */
  readonly name: string;
  /** Host name or address to connect to. */
  readonly address: string;
  readonly user: string | undefined;
  readonly port: number;
  /** Jobs it may run at one time, 1 or more. */
  readonly slots: number;
  /** Bare `localhost`: the runner itself, no ssh. */
  readonly local: boolean;
  /** Line of the matrix, from 1. */
  readonly line: number;
}
