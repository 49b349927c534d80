import { succeeded } from '../../../../../src/model/outcome.ts';
import { hasExcuses } from './answers.ts';
import type { Oracle } from './oracle.ts';

/** What never was to be, and was seen while it happened. */
export const nothingWentWrong: Oracle = ({ story }) => story.wrongs;

export const nothingIsLeft: Oracle = function* ({ remains }) {
  const { leases, shims, writers, arrivals, lanes } = remains;
  for (const [what, count] of Object.entries({ leases, shims, writers, arrivals, lanes }))
    if (count > 0) yield `${count} ${what} are left when all is over`;
};

/** Make ends as it would without us, with the same in its files, where nothing excuses a failure. */
export const makeEndsRight: Oracle = function* (past) {
  const { scenario, world, story, remains } = past;
  const { made, hasNoHosts, isInterrupted, files } = remains;
  if (hasNoHosts || isInterrupted || hasExcuses(past)) return;
  const { status, files: expected } = world.plain;
  const ended = made?.kind === 'exited' ? made.status : made?.kind;
  if (ended !== status) yield `make ends with ${ended}, not with ${status}`;
  // A make that has stopped at a failure, of whatever depth, has not come to all.
  const hasStopped = story.answers.some(({ line, outcome }) => !succeeded(outcome) && !line.ignored);
  if (hasStopped && !scenario.keepGoing) return;
  for (const [path, content] of expected)
    if (files.get(path) !== content) yield `${path} holds ${files.get(path)}, not ${content}`;
};

/** When the run is told to end nothing begins any more, and it ends soon. */
export const stopsSoon: Oracle = function* ({ scenario, story, remains }) {
  const { stopped } = story;
  if (stopped === undefined) return;
  for (const { command, at } of story.begins) if (at > stopped) yield `"${command}" begins after the end`;
  if (remains.end > stopped + 1000 * scenario.patience + 1000) yield `it takes ${remains.end - stopped} ms to end`;
};
