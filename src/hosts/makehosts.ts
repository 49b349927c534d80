import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import type { Matrix } from '../model/matrix.ts';
import { identity, isRunner, parseAddress } from './address.ts';
import { controlCharacter, linesOf, wordsOf, type Word } from './lines.ts';
import { Problems } from './problems.ts';
import { shown } from './shown.ts';
import { parseSlots } from './values.ts';

/*
 * bsddistmake's ~/.makehosts (B1-B3): one host a line with the number of jobs it takes at one time. User, port and
 * comments are additions; a file of bsddistmake itself reads the same.
 *
 *   matrix  = { line newline }
 *   line    = { blank } [ host blank { blank } slots { blank } ] [ "#" comment ]
 *   host    = as address.ts has it
 *   slots   = 1 … 9999
 *   blank   = space | tab
 *
 * A "#" begins a comment where a word could begin.
 */
const FORM =
  'A line is "[user@]name[:port] N", N being the jobs it may run at one time, such as "ci@build1.example.org:2222 8"; ' +
  'an IPv6 address goes in brackets: "[2001:db8::7]:2222 8".';

/**
 * A matrix in the makehosts form.
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError naming every bad line (the first ten), or saying that there is no host at all
 */
export function parseMakehosts(text: string, source: string): Matrix {
  const problems = new Problems(source, FORM);
  const hosts = new Map<string, Host>();
  for (const [line, raw] of linesOf(text)) {
    const words = wordsOf(raw.replace(/(^|[ \t])#.*$/, ''));
    const host = controlCharacter(raw) ?? parseLine(words, line);
    if (host === undefined) continue;
    if ('text' in host) {
      problems.add({ line, column: host.column }, host.text);
      continue;
    }
    const before = hosts.get(identity(host));
    if (before === undefined) hosts.set(identity(host), host);
    else {
      const twice = `${shown(host.name)} is there twice, first on line ${before.line}: one line with the sum will do`;
      problems.add({ line, column: words[0]?.column ?? 1 }, twice);
    }
  }
  if (hosts.size === 0) problems.finishWithout();
  problems.finish();
  const all = [...hosts.values()];
  return { format: 'makehosts', source, hosts: all, groups: [], ungrouped: all, makeArguments: '', warnings: [] };
}

/** A host, what is wrong with the line and where, or undefined for a line without a host. */
function parseLine([name, capacity, extra]: readonly Word[], line: number): Host | Word | undefined {
  if (name === undefined) return undefined;
  const address = parseAddress(name.text);
  if ('problem' in address) return { ...name, text: address.problem };
  if (capacity === undefined) return { ...name, text: `the number of jobs is missing after ${shown(name.text)}` };
  if (extra !== undefined) {
    return { ...extra, text: `there is something behind the number of jobs: ${shown(extra.text)}` };
  }
  const slots = parseSlots(capacity.text);
  if ('problem' in slots) return { ...capacity, text: slots.problem };
  const local = isRunner(address.value);
  return { ...HOST_DEFAULTS, name: name.text, ...address.value, slots: slots.value, local, line };
}
