import type { Host } from '../model/host.ts';
import type { Bytes } from '../util/bytes.ts';
import type { Command } from './pass-world.ts';
import type { LocalEnvironment } from './local-environment.ts';
import type { ShellCall } from './ports.ts';

/** One of the jobs that the runner's owner allows at one time (D10). */
export interface OwnersPlace {
  /** Gives it back; a second time does nothing. */
  give(): void;
}

/** What the runner's owner says of the jobs of all users and runs there. */
export interface LocalOwner {
  /**
   * A place for one job.
   *
   * @returns undefined when the jobs of others hold all of them
   * @throws Error with a reason for people when nobody can have one
   */
  take(): Promise<OwnersPlace | undefined>;
  /** Gives a process, and what it starts from then on, the niceness that its owner wants (D11). */
  slow(pid: number): void;
}

/** What is known once the runner's owner and the matrix have been heeded. */
export interface LocalTerms {
  /** Undefined: the owner says nothing. */
  readonly owner: LocalOwner | undefined;
  readonly environment: LocalEnvironment;
}

/** A job that may start on the runner as on a host of the matrix. */
export interface LocalStart {
  readonly changes: readonly Bytes[];
  readonly place: OwnersPlace;
}

/** The runner as a host of the matrix (bare `localhost`): jobs that were placed there, and no others, run on its terms. */
export class LocalHost {
  readonly host: Host;
  #terms: LocalTerms | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  /** Until then it takes no jobs. */
  ready(terms: LocalTerms): void {
    this.#terms = terms;
  }

  get isReady(): boolean {
    return this.#terms !== undefined;
  }

  /**
   * Lets a job start: takes its place and tells how its environment changes.
   *
   * @returns undefined: it is turned away (D10)
   * @throws Error with a reason for people when no job can start there any more
   */
  async begin(call: ShellCall, command: Command): Promise<LocalStart | undefined> {
    if (!this.#terms) throw new Error('Internal error: a job came before the runner was ready for it');
    const { owner, environment } = this.#terms;
    const place = owner ? await owner.take() : { give: () => undefined };
    if (!place) return undefined;
    owner?.slow(call.pid);
    return { changes: environment.changes(command, call.environment), place };
  }
}
