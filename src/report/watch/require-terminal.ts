import { UserError } from '../../util/user-error.ts';

/**
 * Of `--watch`, before anything is started.
 *
 * @param isTerminal whether standard output is one
 * @param term the variable TERM
 * @throws UserError where there is no cursor that could be moved
 */
export function requireTerminal(isTerminal: boolean, term: string | undefined): void {
  if (!isTerminal)
    throw new UserError(
      '--watch needs a terminal, and standard output is none. Leave it out where output goes to a file or a pipe',
    );
  if (term === 'dumb')
    throw new UserError(
      '--watch needs a terminal whose cursor can be moved, and TERM is dumb. Leave it out, or set TERM to what the terminal is',
    );
}
