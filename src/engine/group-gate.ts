import { PLUS, type MakeMarks } from '../model/marks.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Bytes } from '../util/bytes.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import type { Arrival, Gate } from './gates.ts';

/** One recipe that makes several targets. */
interface Group {
  /** Id of the recipe that runs for all of them. */
  leader: number | undefined;
  /** Its line that runs now. */
  running: Deferred<void> | undefined;
  /** How its lines ended, by number. */
  readonly ended: Map<number, Outcome>;
}

const DONE: Outcome = { kind: 'exited', status: 0 };

/**
 * Target groups (D18): the recipe of the first member that make asks for runs; those of the others take over how it ended,
 * line by line, at once or when it has.
 */
export class GroupGate implements Gate {
  readonly #makes = new Map<number, ReadonlyMap<Bytes, Group>>();
  readonly #atRest: (make: number) => Promise<void>;

  /** @param atRest see MakeRest */
  constructor(atRest: (make: number) => Promise<void>) {
    this.#atRest = atRest;
  }

  /** That make has read its makefiles; groups that it had before are forgotten. */
  parsed(make: number, groups: MakeMarks['groups']): void {
    const members = new Map<Bytes, Group>();
    for (const names of groups) {
      const group: Group = { leader: undefined, running: undefined, ended: new Map() };
      for (const name of names) members.set(name, group);
    }
    if (members.size > 0) this.#makes.set(make, members);
    else this.#makes.delete(make);
  }

  async enter({ job, line }: Arrival, signal: AbortSignal): Promise<Outcome | undefined> {
    const { make, target, id } = job.recipe;
    const members = this.#makes.get(make);
    // Somebody wants the sign itself; the members that it stands between have been made.
    if (members && target === PLUS) return DONE;
    const group = members?.get(target);
    if (!group) return undefined;
    group.leader ??= id;
    if (group.leader === id) {
      group.running = deferred();
      return undefined;
    }
    const gone = new Promise<'gone'>((resolve) => {
      if (signal.aborted) resolve('gone');
      else signal.addEventListener('abort', () => resolve('gone'), { once: true });
    });
    for (;;) {
      const known = group.ended.get(line);
      if (known) return known;
      const { running } = group;
      if ((await Promise.race([gone, running?.promise ?? this.#atRest(make)])) === 'gone') return { kind: 'cancelled' };
      // The leader's recipe has fewer lines: it is over, and what it was to make is made.
      if (!running && !isRunning(group)) return group.ended.get(line) ?? DONE;
    }
  }

  left({ job, line }: Arrival, outcome: Outcome): void {
    const group = this.#makes.get(job.recipe.make)?.get(job.recipe.target);
    if (group?.leader !== job.recipe.id) return;
    group.ended.set(line, outcome);
    group.running?.resolve();
    group.running = undefined;
  }
}

function isRunning({ running }: Group): boolean {
  return running !== undefined;
}
