import type { WatchedPlace } from './watched-place.ts';

/** What stands in the rows of a terminal below the head. */
export interface RowPlan {
  /** Rows for the last failures. */
  readonly failures: number;
  /** Hosts that have a row, in their order, each with the rows for what runs there. */
  readonly places: readonly { readonly place: WatchedPlace; readonly jobs: number }[];
  /** Hosts that have none; where there are any, one row tells of all of them. */
  readonly others: readonly WatchedPlace[];
}

/** Of all rows, one in so many may tell a failure, and never more of them than this. */
const FAILURE_SHARE = 5;
const FAILURES = 5;

/**
 * Shares the rows out, the most important first: failures, hosts where something runs, hosts that are lost, benched or coming,
 * idle ones; what is left goes to running jobs, in fair shares among the hosts.
 *
 * @param rows that there are below the head, 0 or more
 * @param failures that there are
 * @param places in the order in which they are shown
 * @param jobsInRow running jobs that stand side by side
 */
export function planRows(rows: number, failures: number, places: readonly WatchedPlace[], jobsInRow: number): RowPlan {
  const failed = Math.min(failures, FAILURES, Math.ceil(rows / FAILURE_SHARE));
  const left = rows - failed;
  const all = places.length <= left;
  const shown = new Set(all ? places : byImportance(places).slice(0, Math.max(0, left - 1)));
  const others = places.filter((place) => !shown.has(place));
  const kept = places.filter((place) => shown.has(place));
  const room = left - kept.length - (others.length > 0 ? 1 : 0);
  const shares = fairShares(
    kept.map((place) => Math.ceil(place.running.size / jobsInRow)),
    room,
  );
  return {
    failures: failed,
    places: kept.map((place, at) => ({ place, jobs: shares[at] ?? 0 })),
    others: left > 0 ? others : [],
  };
}

function byImportance(places: readonly WatchedPlace[]): readonly WatchedPlace[] {
  const rank = (place: WatchedPlace): number =>
    place.running.size > 0 ? 0 : ['lost', 'benched', 'coming', 'ready'].indexOf(place.state) + 1;
  return places.toSorted((a, b) => rank(a) - rank(b));
}

/** Nobody gets more than is wished for, and nobody less than another who wishes for as much; the first get the rest. */
function fairShares(wishes: readonly number[], room: number): readonly number[] {
  const shares = wishes.map(() => 0);
  let left = room;
  let open = [...wishes.keys()].filter((at) => (wishes[at] ?? 0) > 0);
  while (left > 0 && open.length > 0) {
    const each = Math.max(1, Math.floor(left / open.length));
    for (const at of open) {
      const more = Math.min(each, left, (wishes[at] ?? 0) - (shares[at] ?? 0));
      shares[at] = (shares[at] ?? 0) + more;
      left -= more;
    }
    open = open.filter((at) => (shares[at] ?? 0) < (wishes[at] ?? 0));
  }
  return shares;
}
