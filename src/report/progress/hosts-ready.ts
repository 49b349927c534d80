import type { BuildEvent } from '../../model/event.ts';

export interface HostFigures {
  readonly ready: number;
  /** In the matrix. */
  readonly all: number;
  /** Of the first staging of all, in bytes; undefined where nothing is known of it. */
  readonly staging: { readonly done: number; readonly bytes: number } | undefined;
}

/** Which hosts take jobs, and how far their first staging is, as the events tell. */
export class HostsReady {
  readonly #all = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #staging = new Map<string, { readonly done: number; readonly bytes: number }>();

  readonly handle = (event: BuildEvent): void => {
    switch (event.type) {
      case 'run-started':
        for (const { name, local } of event.hosts) {
          this.#all.add(name);
          if (local) this.#ready.add(name);
        }
        return;
      case 'staging-progress':
        this.#staging.set(event.host.name, { done: event.bytes, bytes: event.of.bytes });
        return;
      case 'host-ready':
        this.#ready.add(event.host.name);
        this.#staging.set(event.host.name, { done: event.bytes, bytes: event.bytes });
        return;
      case 'host-lost':
        this.#ready.delete(event.host.name);
        this.#staging.delete(event.host.name);
        return;
      default:
        return;
    }
  };

  get figures(): HostFigures {
    let done = 0;
    let bytes = 0;
    for (const one of this.#staging.values()) {
      done += one.done;
      bytes += one.bytes;
    }
    return { ready: this.#ready.size, all: this.#all.size, staging: bytes > 0 ? { done, bytes } : undefined };
  }
}
