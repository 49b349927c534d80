import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import type { Matrix } from '../model/matrix.ts';
import { identity, isRunner, parseAddress } from './address.ts';
import { controlCharacter, linesOf, wordsOf } from './lines.ts';
import { plainText } from './plain-text.ts';
import { Problems } from './problems.ts';
import { shown } from './shown.ts';

/*
 * d1make's D1MAKE_HOSTS (L1): names alone, parted by blanks. Several blanks, newlines, user, port and comments are
 * additions. Nothing is said of jobs: a host takes as many as it has processors.
 *
 *   matrix = { blank | newline } [ host { ( blank | newline ) host } ] [ "#" comment ]
 *   host   = as address.ts has it
 */
const FORM =
  'It is a list of hosts, "[user@]name[:port]" each, with blanks between them, such as "build1 ci@build2:2222"; ' +
  'an IPv6 address goes in brackets: "[2001:db8::7]:2222".';

/** What d1make's other variables say. */
export interface D1makeSettings {
  /** D1MAKE_SERVER_SETUP (L2). */
  readonly setup?: string;
  /** D1MAKE_CLIENT_MAKEARGS (L3). */
  readonly makeArguments?: string;
}

/**
 * The matrix that D1MAKE_HOSTS is, or a file in that form.
 *
 * @param source what errors call it: `D1MAKE_HOSTS`, or the name of a file
 * @throws UserError naming all that is wrong (the first ten), or saying that it names no host
 */
export function parseD1makeHosts(value: string, source: string, settings: D1makeSettings = {}): Matrix {
  const { text, name } = plainText(value, source);
  const problems = new Problems(name, FORM);
  const { setup = '', makeArguments = '' } = settings;
  const hosts = new Map<string, Host>();
  for (const [line, raw] of linesOf(text)) {
    const control = controlCharacter(raw);
    if (control !== undefined) {
      problems.add({ line, column: control.column }, control.text);
      continue;
    }
    for (const { text: word, column } of wordsOf(raw.replace(/(^|[ \t])#.*$/, ''))) {
      const address = parseAddress(word);
      if ('problem' in address) {
        problems.add({ line, column }, address.problem);
        continue;
      }
      const local = isRunner(address.value);
      const host = { ...HOST_DEFAULTS, name: word, ...address.value, slots: undefined, local, line, setup };
      const before = hosts.get(identity(host));
      if (before === undefined) hosts.set(identity(host), host);
      else problems.add({ line, column }, `${shown(word)} is there twice: leave one out`);
    }
  }
  if (hosts.size === 0) problems.finishWithout();
  problems.finish();
  const all = [...hosts.values()];
  return { format: 'd1make', source: name, hosts: all, groups: [], ungrouped: all, makeArguments, warnings: [] };
}
