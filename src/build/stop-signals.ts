/** The signals that end a run: from a terminal, from the runner when a job is cancelled, from whoever ends a session. */
const NAMES = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const;

/** Passes those signals on while a run lasts. */
export class StopSignals {
  #stop: (name: NodeJS.Signals) => void = () => undefined;
  #last: NodeJS.Signals | undefined;
  readonly #listener = (name: NodeJS.Signals): void => {
    this.#last = name;
    this.#stop(name);
  };

  constructor() {
    for (const name of NAMES) process.on(name, this.#listener);
  }

  /** The last one that came. */
  get last(): NodeJS.Signals | undefined {
    return this.#last;
  }

  onSignal(stop: (name: NodeJS.Signals) => void): void {
    this.#stop = stop;
    if (this.#last) stop(this.#last);
  }

  /** From here on they do again what they do to any process. */
  release(): void {
    for (const name of NAMES) process.off(name, this.#listener);
  }
}
