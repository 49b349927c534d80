import type { Matrix } from '../model/matrix.ts';
import type { Runner } from './address.ts';
import { DmakercReader } from './dmakerc-reader.ts';
import { tokensOf } from './dmakerc-tokens.ts';
import { resolveGroups } from './group-resolver.ts';
import { Problems } from './problems.ts';

const FORM =
  'An entry is "[host] NAME [{ jobs = N, path = "DIR", rsh = "PROGRAM" }]", NAME being "[user@]name[:port]"; a group is ' +
  '"group NAME { … }" with entries and "group NAME" in it; names may be in double quotes; "#" begins a comment.';

/**
 * A matrix in the form of Sun dmake's .dmakerc (D3, D4; grammar in dmakerc-reader.ts). Each host needs a file of its
 * owner there, as dmake has it (D12). The runner gets jobs if it is listed, as `localhost` or by its own name (D7).
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError naming all that is wrong (the first ten), or saying that there is no host at all
 */
export function parseDmakerc(text: string, source: string, runner?: Runner): Matrix {
  const problems = new Problems(source, FORM);
  const reader = new DmakercReader(tokensOf(text, problems), problems, runner);
  reader.read();
  const groups = resolveGroups(reader.groups, problems);
  const hosts = reader.hosts;
  if (hosts.length === 0) problems.finishWithout();
  problems.finish();
  return { format: 'dmakerc', source, hosts, groups, ungrouped: reader.ungrouped, makeArguments: '', warnings: [] };
}
