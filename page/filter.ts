import type { Job, State } from './run.ts';

/** Which jobs are wanted. Empty texts want all. */
export interface Wanted {
  /** Part of a target, command or directory, in either case; `/…/` is a regular expression. */
  readonly text: string;
  readonly place: string;
  readonly state: State | '';
  readonly reason: string;
  readonly onPath: boolean;
}

export const ALL: Wanted = { text: '', place: '', state: '', reason: '', onPath: false };

/**
 * A test for jobs: one that ran in the place, in the state and for the reason at the same time.
 * @throws {SyntaxError} when the regular expression is none
 */
export function filterFor({ text, place, state, reason, onPath }: Wanted): (job: Job) => boolean {
  const matches = textTest(text.trim());
  return (job) => {
    if (onPath && !job.onPath) return false;
    if ((place !== '' || state !== '' || reason !== '') && !job.legs.some(leg)) return false;
    return matches(job.recipe.target) || matches(job.command) || matches(job.directory);
  };
  function leg(one: Job['legs'][number]): boolean {
    return (
      (place === '' || one.place.name === place) &&
      (state === '' || one.state === state) &&
      (reason === '' || one.reason === reason)
    );
  }
}

function textTest(text: string): (value: string) => boolean {
  const expression = /^\/(.+)\/(i?)$/s.exec(text);
  if (expression) {
    const pattern = new RegExp(expression[1] ?? '', expression[2]);
    return (value) => pattern.test(value);
  }
  const lower = text.toLowerCase();
  return (value) => value.toLowerCase().includes(lower);
}
