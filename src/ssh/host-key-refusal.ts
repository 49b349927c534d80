import { fingerprint, keyType, knownHostsLine, type Endpoint } from './host-key.ts';
import { KNOWN_HOSTS_INPUT, type HostKeyVerdict } from './known-hosts.ts';

/**
 * Why a host is refused and what to do, as a phrase that goes behind `host NAME: `. The line to add stands on a line of
 * its own.
 */
export function describeRefusal(
  verdict: Exclude<HostKeyVerdict, { verdict: 'known' }>,
  host: Endpoint,
  key: Buffer,
): string {
  const shown = describeKey(key);
  const check = 'Compare it with what "ssh-keygen -lf" says of the key in /etc/ssh on the host';
  const line = knownHostsLine(host, key);
  switch (verdict.verdict) {
    case 'unknown': {
      const { authority } = verdict;
      const trusted =
        authority === undefined
          ? ''
          : ` (the certificate authority on line ${authority.line} of ${authority.source} does not count: certificates ` +
            'are not supported; a host whose transport is ssh is reached by ssh itself, which takes them)';
      return (
        `its host key is not known: ${shown} is not in ${verdict.source}${trusted}. ${check}; ` +
        `if it is the right one, add this line to ${whereToAdd(verdict.source)}:\n${line}`
      );
    }
    case 'changed':
      return (
        `its host key has changed: it shows ${shown}, but line ${verdict.line} of ${verdict.source} has ` +
        `${describeKey(verdict.old)}. Someone may be posing as this host, or it was set up anew. ${check}; ` +
        `only if it is the right one, put this line in the place of line ${verdict.line}:\n${line}`
      );
    case 'revoked':
      return (
        `its host key is revoked: line ${verdict.line} of ${verdict.source} forbids ${shown}. ` +
        'Give the host a new key; this one must not be trusted any more'
      );
  }
}

/** The command has no input: there the user's own file is the place. */
function whereToAdd(source: string): string {
  return source === KNOWN_HOSTS_INPUT ? source : `${KNOWN_HOSTS_INPUT}, or to ${source}`;
}

function describeKey(key: Buffer): string {
  return `${keyType(key) ?? 'a key of no known type'} ${fingerprint(key)}`;
}
