import type { BuildEvent } from '../../../../../src/model/event.ts';
import { succeeded } from '../../../../../src/model/outcome.ts';
import type { Line, Makefile } from '../makefile.ts';
import type { Answer } from '../story.ts';
import { isHopeless } from './hosts.ts';
import type { Oracle, Past } from './oracle.ts';

type JobFinished = Extract<BuildEvent, { type: 'job-finished' }> & { readonly at: number };

/** Make hears of each line what the line itself would say, or there is a reason why it cannot. */
export const answersAreTrue: Oracle = function* (past) {
  const { story, world } = past;
  const ends = endsOf(past);
  for (const answer of story.answers) {
    const { line, outcome, killed } = answer;
    if (killed) continue;
    const effects = story.effects.filter(({ command }) => command === line.command).length;
    if (succeeded(outcome) && effects !== 1) yield `"${line.command}" has succeeded with ${effects} effects`;
    if (isItsOwn(answer)) continue;
    const end = ends.get(line.command);
    const excuse = end && excuseOf(past, answer, end);
    if (excuse === undefined)
      yield `"${line.command}" of ${world.taskOf(line.command).target.name} fails without a reason`;
  }
};

/** What a line says by itself. */
function isItsOwn({ line, outcome }: Answer): boolean {
  return outcome.kind === 'exited' && outcome.status === line.status;
}

/** By command: how its job was told to end. */
function endsOf({ story }: Past): ReadonlyMap<string, JobFinished> {
  const ends = new Map<string, JobFinished>();
  for (const { at, event } of story.told)
    if (event.type === 'job-finished' && !event.again) ends.set(event.job.command, { ...event, at });
  return ends;
}

/** Whether a line has failed that would not have failed without faults. */
export function hasExcuses(past: Past): boolean {
  const ends = endsOf(past);
  return past.story.answers.some((answer) => {
    const { killed, line } = answer;
    if (killed) return true;
    // One that was let go when its make had failed does not count, nor one whose make says what its own lines say.
    const isLetGo = ends.get(line.command)?.outcome.kind === 'cancelled';
    return !isItsOwn(answer) && !isLetGo && (line.sub?.targets.length ?? 0) === 0;
  });
}

/** Why a line may fail that does not fail by itself. */
function excuseOf(past: Past, answer: Answer, end: JobFinished): string | undefined {
  const { story, scenario, remains } = past;
  const { line, make } = answer;
  const { outcome, job } = end;
  const isOnce = job.recipe.target.startsWith('once');
  const before = story.answers.slice(0, story.answers.indexOf(answer));
  const ends = story.told.flatMap(({ event }) =>
    event.type === 'job-finished' && event.job === job ? [event.outcome] : [],
  );
  const times = (kind: string): number => ends.filter((one) => one.kind === kind).length;
  switch (outcome.kind) {
    case 'cancelled':
      if (remains.isInterrupted) return 'the run was stopped';
      return before.some((one) => one.make === make && !succeeded(one.outcome) && !one.line.ignored)
        ? 'its make had failed'
        : undefined;
    case 'host-lost':
      if (isOnce) return 'it must not run again';
      return scenario.fallback === 'never' && times('host-lost') >= 5 ? 'it breaks hosts' : undefined;
    case 'timed-out':
      return line.hang && (isOnce || times('timed-out') > 1) ? 'it hangs' : undefined;
    case 'signaled':
      return remains.isInterrupted ? 'the run was stopped' : undefined;
    case 'exited':
      break;
  }
  if (line.sub && outcome.status === 2) {
    const commands = new Set(commandsOf(line.sub));
    const fails = before.some((one) => commands.has(one.line.command) && !succeeded(one.outcome));
    if (fails) return 'the make that it calls has failed';
  }
  const isFinal = scenario.fallback === 'never' || isOnce;
  if (outcome.status === 0) return isFinal && scenario.welcomes.length > 0 ? 'what it wrote was not taken' : undefined;
  if (scenario.fallback !== 'never' || outcome.status !== 2 || end.place) return undefined;
  return isHopeless(past, end.at) ? 'there is no host' : undefined;
}

function commandsOf({ targets }: Makefile): string[] {
  const of = ({ command, sub }: Line): string[] => [command, ...(sub ? commandsOf(sub) : [])];
  return targets.flatMap(({ lines }) => lines.flatMap(of));
}
