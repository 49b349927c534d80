import type { Oracle } from './oracle.ts';

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
