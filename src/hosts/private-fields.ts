import { homedir } from 'node:os';
import type { Host, SshAddress } from '../model/host.ts';
import { formatAddress } from './address.ts';

/** A mask for a shorter word would blot out the log. */
const LEAST = 4;

/**
 * What a public log must not show: the values of variables, the file of the key, the way through other hosts, and, for a
 * host with a name of its own, where it is. A host that is called by its address is shown by it: the name that people
 * see is never masked.
 *
 * @param home the user's home directory, which an identity may begin with
 */
export function privateFields(hosts: readonly Host[], home = homedir()): string[] {
  const names = hosts.map((host) => host.name).join('\n');
  const places = hosts.flatMap((host) => [
    ...(host.jump ?? []).flatMap(spellings),
    ...(host.local || host.name === formatAddress(host) ? [] : spellings(host)),
  ]);
  const fields = [
    ...hosts.flatMap((host) => Object.values(host.environment)),
    ...hosts.flatMap(({ identity }) => (identity === undefined ? [] : [identity, identity.replace(/^~(?=\/)/, home)])),
    ...places.flatMap((place) => [place, place.toLowerCase()]).filter((place) => !names.includes(place)),
  ];
  return [...new Set(fields)].filter((field) => field.length >= LEAST);
}

/** All the forms in which a message may have it. */
function spellings(address: SshAddress): string[] {
  const { user, port } = address;
  const place = { address: address.address, user: undefined, port: undefined };
  const forms = [formatAddress(address), formatAddress({ ...place, user }), formatAddress({ ...place, port })];
  return [...forms, formatAddress(place), address.address];
}
