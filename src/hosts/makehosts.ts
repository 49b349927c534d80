import { isIPv6 } from 'node:net';
import { HOST_DEFAULTS, type Host } from '../model/host.ts';
import { excerpt } from '../util/excerpt.ts';
import { UserError } from '../util/user-error.ts';

/*
 * bsddistmake's ~/.makehosts: one host a line with the number of jobs it takes at one time. User, port and comments are
 * additions; a file of bsddistmake itself reads the same.
 *
 *   matrix  = { line newline }
 *   line    = { blank } [ host blank { blank } slots { blank } ] [ "#" comment ]
 *   host    = [ user "@" ] address [ ":" port ]
 *   address = name | "[" ipv6 "]"
 *   name    = ( letter | digit | "_" ) { letter | digit | "_" | "." | "-" }        (IPv4 addresses too)
 *   user    = ( letter | digit | "_" | "." ) { letter | digit | one of "_.+@-" }   (up to the last "@")
 *   port    = 1 … 65535
 *   slots   = 1 … 9999
 *   blank   = space | tab
 *
 * A "#" begins a comment where a word could begin. Neither user nor name can begin with "-": nothing in a matrix may
 * ever be taken for an option.
 */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const USER = /^[A-Za-z0-9_.][A-Za-z0-9_.+@-]*$/;
// eslint-disable-next-line no-control-regex -- those are what it looks for
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const MOST_SLOTS = 9999;
const MOST_PROBLEMS = 10;

const FORM =
  'A line is "[user@]name[:port] N", N being the jobs it may run at one time, such as "ci@build1.example.org:2222 8"; ' +
  'an IPv6 address goes in brackets: "[2001:db8::7]:2222 8".';

/**
 * The hosts of a matrix in the makehosts form, in its order.
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError naming every bad line (the first ten), or saying that there is no host at all
 */
export function parseMakehosts(text: string, source: string): Host[] {
  const hosts = new Map<string, Host>();
  const problems: string[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const host = parseLine(raw, line);
    if (host === undefined) continue;
    const problem = typeof host === 'string' ? host : twice(host, hosts.get(identity(host)));
    if (problem !== undefined) problems.push(`${source}, line ${line}: ${problem}`);
    else if (typeof host !== 'string') hosts.set(identity(host), host);
  }
  if (problems.length > 0) {
    const more = problems.length - MOST_PROBLEMS;
    const rest = more > 0 ? [`${source}: ${more} more bad ${more === 1 ? 'line' : 'lines'}`] : [];
    throw new UserError([...problems.slice(0, MOST_PROBLEMS), ...rest, FORM].join('\n'));
  }
  if (hosts.size === 0) throw new UserError(`${source}: there is no host in it\n${FORM}`);
  return [...hosts.values()];
}

/** A host, what is wrong with the line, or undefined for a line without a host. */
function parseLine(raw: string, line: number): Host | string | undefined {
  const control = CONTROL.exec(raw);
  if (control !== null) return `there is a control character in it: ${excerpt(control[0])}`;
  const words = raw.replace(/(^|[ \t])#.*$/, '').match(/[^ \t]+/g) ?? [];
  const [name, capacity, extra] = words;
  if (name === undefined) return undefined;

  const target = parseTarget(name);
  if (typeof target === 'string') return target;
  if (capacity === undefined) return `the number of jobs is missing after ${excerpt(name)}`;
  if (extra !== undefined) return `there is something behind the number of jobs: ${excerpt(extra)}`;
  const slots = parseSlots(capacity);
  return typeof slots === 'string'
    ? slots
    : { ...HOST_DEFAULTS, name, ...target, slots, local: name === 'localhost', line };
}

function parseTarget(word: string): Pick<Host, 'address' | 'user' | 'port'> | string {
  // As ssh does it: a user may have "@" in it, a name may not.
  const at = word.lastIndexOf('@');
  const user = at < 0 ? undefined : word.slice(0, at);
  if (user === '') return `the user before "@" is missing in ${excerpt(word)}`;
  if (user !== undefined && !USER.test(user)) return `${excerpt(user)} cannot be the name of a user`;

  const place = word.slice(at + 1);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(place);
  if (bracketed === null && place.split(':').length > 2) {
    return `an IPv6 address must be in brackets: ${excerpt(place)}`;
  }
  const [, address = '', port] = bracketed ?? /^([^:]*)(?::(.*))?$/.exec(place) ?? [];
  if (address === '') return `the name of the host is missing in ${excerpt(word)}`;
  if (bracketed !== null && !isIPv6(address)) return `${excerpt(address)} in brackets is no IPv6 address`;
  if (bracketed === null && !NAME.test(address)) return `${excerpt(address)} cannot be the name of a host`;
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) {
    return `the port must be a number from 1 to 65535, not ${excerpt(port)}`;
  }
  return { address, user, port: port === undefined ? undefined : Number(port) };
}

function parseSlots(word: string): number | string {
  if (/^-\d+$/.test(word)) return `the number of jobs is negative: ${excerpt(word)}`;
  if (!/^\d+$/.test(word)) return `the number of jobs is not a number: ${excerpt(word)}`;
  const slots = Number(word);
  if (slots === 0) return 'the number of jobs is zero: leave the host out instead';
  return slots > MOST_SLOTS ? `the number of jobs is above ${MOST_SLOTS}: ${excerpt(word)}` : slots;
}

/** The same for two lines that lead to the same login, however they are written. */
function identity(host: Host): string {
  return host.local ? 'localhost' : `${host.user ?? ''}@[${host.address.toLowerCase()}]:${host.port ?? ''}`;
}

function twice(host: Host, before: Host | undefined): string | undefined {
  return before && `${excerpt(host.name)} is there twice, first on line ${before.line}: one line with the sum will do`;
}
