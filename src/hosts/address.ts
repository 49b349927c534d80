import { isIPv6 } from 'node:net';
import type { Host, SshAddress } from '../model/host.ts';
import { right, wrong, type Reading } from './reading.ts';
import { shown } from './shown.ts';

/*
 * How a host is written in every format, between the quotes where the format quotes:
 *
 *   host    = [ user "@" ] address [ ":" port ]
 *   address = name | "[" ipv6 "]"
 *   name    = ( letter | digit | "_" ) { letter | digit | "_" | "." | "-" }        (IPv4 addresses too)
 *   user    = ( letter | digit | "_" | "." ) { letter | digit | one of "_.+@-" }   (up to the last "@")
 *   port    = 1 … 65535
 *
 * Neither user nor name can begin with "-": nothing in a matrix may ever be taken for an option.
 */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const USER = /^[A-Za-z0-9_.][A-Za-z0-9_.+@-]*$/;
/** What an interface of this machine may be called behind the `%` of an IPv6 address. */
const ZONE = /^[A-Za-z0-9_.-]+$/;

/** Where `[user@]name[:port]` leads, or what is wrong with it. */
export function parseAddress(word: string): Reading<SshAddress> {
  // As ssh does it: a user may have "@" in it, a name may not.
  const at = word.lastIndexOf('@');
  const user = at < 0 ? undefined : word.slice(0, at);
  if (user === '') return wrong(`the user before "@" is missing in ${shown(word)}`);
  if (user !== undefined && !USER.test(user)) return wrong(`${shown(user)} cannot be the name of a user`);

  const place = word.slice(at + 1);
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(place);
  if (bracketed === null && place.split(':', 3).length > 2) {
    return wrong(`an IPv6 address must be in brackets: ${shown(place)}`);
  }
  const [, address = '', port] = bracketed ?? /^([^:]*)(?::(.*))?$/s.exec(place) ?? [];
  if (address === '') return wrong(`the name of the host is missing in ${shown(word)}`);
  if (bracketed !== null && !isAddress(address)) return wrong(`${shown(address)} in brackets is no IPv6 address`);
  if (bracketed === null && !NAME.test(address)) return wrong(`${shown(address)} cannot be the name of a host`);
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535)) {
    return wrong(`the port must be a number from 1 to 65535, not ${shown(port)}`);
  }
  return right({ address, user, port: port === undefined ? undefined : Number(port) });
}

function isAddress(text: string): boolean {
  const zone = text.indexOf('%');
  return isIPv6(text) && (zone < 0 || ZONE.test(text.slice(zone + 1)));
}

/** `[user@]name[:port]`, which parseAddress reads back. */
export function formatAddress({ address, user, port }: SshAddress): string {
  const place = address.includes(':') ? `[${address}]` : address;
  return `${user === undefined ? '' : `${user}@`}${place}${port === undefined ? '' : `:${port}`}`;
}

/** The machine on which distmake and make run, as it calls itself. */
export interface Runner {
  readonly name: string;
}

/**
 * Whether an address without user and port is the runner itself: `localhost`, or, with a runner given, its own name,
 * which may be written without its domain.
 */
export function isRunner({ address, user, port }: SshAddress, runner?: Runner): boolean {
  if (user !== undefined || port !== undefined) return false;
  if (address === 'localhost') return true;
  const [name, own] = [address.toLowerCase(), runner?.name.toLowerCase()];
  return own !== undefined && (name === own || (!name.includes('.') && own.startsWith(`${name}.`)));
}

/** The same for two entries that lead to the same login, however they are written. */
export function identity(host: Host): string {
  if (host.local) return 'localhost';
  const [address, ...jump] = [host, ...(host.jump ?? [])].map(
    (hop) => `${hop.user ?? ''}@[${hop.address.toLowerCase()}]:${hop.port ?? ''}`,
  );
  // The same private address behind two gates is two machines.
  return JSON.stringify([address, host.jump === undefined ? null : jump]);
}
