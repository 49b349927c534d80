import { Baggage } from '../engine/environment.ts';
import type { Bytes } from '../util/bytes.ts';

/** Names in a log. */
const MOST = 8;

/** make's own. */
const MAKES = /^(?:MAKE|MAKEFLAGS|MFLAGS|MAKELEVEL|MAKEFILES|MAKEOVERRIDES)$/;

/**
 * Names of what a job has in its environment and this process has not, or has otherwise: what the makefile exports. Without
 * values, which may be secret.
 *
 * @param environment of the job, as `NAME=value`
 * @param own that of this process
 * @returns sorted; of very many the last word is `...`
 */
export function exportedNames(environment: readonly Bytes[], own: readonly Bytes[]): readonly string[] {
  const { variables } = new Baggage(own, []).of(environment);
  const names = variables.map((entry) => entry.slice(0, entry.indexOf('=')));
  const shown = names.filter((name) => /^\w+$/.test(name) && !MAKES.test(name)).sort();
  return shown.length > MOST ? [...shown.slice(0, MOST), '...'] : shown;
}
