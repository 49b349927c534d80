import type { Oracle, Past } from './oracle.ts';

/** So often a host on the bench fails to come back before no job waits for it any more. */
const HOPEFUL_TRIALS = 3;
/** Until a host is tried again, in ms: at first, and at most, which is also how long one is to hold out to begin anew. */
const FIRST_MS = 1000;
const LONGEST_MS = 60_000;

/** Whether at some instant of that moment every host was lost for good, or had failed to come back for too often. */
export function isHopeless({ story, scenario }: Past, at: number): boolean {
  const failures = new Map(scenario.hosts.map(({ name }) => [name, 0]));
  const none = (): boolean => [...failures.values()].every((count) => count >= HOPEFUL_TRIALS);
  let isFound = false;
  for (const turn of story.turns) {
    if (turn.at > at) break;
    if (turn.at === at) isFound ||= none();
    if (turn.what === 'trial failed') failures.set(turn.host, (failures.get(turn.host) ?? 0) + 1);
    else if (turn.what !== 'trial') failures.set(turn.host, turn.what === 'lost' ? Infinity : 0);
  }
  return isFound || none();
}

/** A host on the bench is tried again after 1 s, 2 s, 4 s and so on, up to once in a minute; after a good minute it begins anew. */
export const benchedHostsAreTried: Oracle = function* ({ story, scenario, remains }) {
  const over = story.stopped ?? remains.end;
  for (const { name } of scenario.hosts) {
    let delay = 0;
    let back = -Infinity;
    let due = Infinity;
    for (const { at, host, what } of story.turns) {
      if (host !== name || at > over) continue;
      if (what === 'trial') {
        if (due !== Infinity && at !== due) yield `${name} is tried again at ${at} ms, not at ${due} ms`;
        due = Infinity;
      } else if (what === 'ready') {
        back = at;
      } else if (what === 'lost') {
        due = Infinity;
      } else {
        const isNew = delay === 0 || (what === 'benched' && at - back >= LONGEST_MS);
        delay = isNew ? FIRST_MS : Math.min(2 * delay, LONGEST_MS);
        due = at + delay;
      }
    }
    if (due < over) yield `${name} is not tried again at ${due} ms`;
  }
};

/** A connection that breaks off is noticed at that moment, even where nothing is to be done there. */
export const breaksAreHeard: Oracle = function* ({ story, remains }) {
  const states = story.told.flatMap(({ at, event }) =>
    event.type === 'host-lost' || event.type === 'host-ready'
      ? [{ at, host: event.host.name, isReady: event.type === 'host-ready' }]
      : [],
  );
  for (const { at, host } of story.broken) {
    if (at >= (story.stopped ?? remains.end)) continue;
    const last = states.findLast((state) => state.host === host && state.at <= at);
    if (last?.isReady === true && last.at < at) yield `nobody notices that ${host} breaks off at ${at} ms`;
  }
};

/** A host that was lost gets no job before it is back, and one that was lost for good never comes back. */
export const lostHostsRest: Oracle = function* ({ story }) {
  const lost = new Map<string, { readonly at: number; readonly forGood: boolean }>();
  for (const { at, event } of story.told) {
    if (event.type === 'host-lost') {
      // One on the bench may turn out to be of no use.
      if (lost.has(event.host.name) && (event.benched || lost.get(event.host.name)?.forGood === true))
        yield `${event.host.name} is lost while it is lost`;
      lost.set(event.host.name, { at, forGood: !event.benched });
    } else if (event.type === 'host-ready') {
      const since = lost.get(event.host.name);
      if (since?.forGood === true) yield `${event.host.name} is back, and was lost for good`;
      if (event.returned !== (since !== undefined)) yield `${event.host.name}: returned is ${event.returned}`;
      lost.delete(event.host.name);
    } else if (event.type === 'job-placed' && event.place) {
      const since = lost.get(event.place.name);
      if (since && since.at < at) yield `job ${event.job.id} is placed on ${event.place.name}, which is lost`;
    }
  }
};
