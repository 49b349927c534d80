import { createHash, createHmac, randomBytes } from 'node:crypto';

/** Where an ssh host listens: what its key is known by. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const SSH_PORT = 22;

/** The host as known_hosts writes it: lower case; with brackets and port when the port is not 22 (sshd(8)). */
export function hostLabel({ address, port }: Endpoint): string {
  const name = address.toLowerCase();
  return port === SSH_PORT ? name : `[${name}]:${port}`;
}

/**
 * The type in the first field of a key blob (RFC 4253, 6.6), such as `ssh-ed25519`; undefined when the blob has none.
 * It comes from the other side: nothing but the characters of a type gets through.
 */
export function keyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
  return type.length === key.readUInt32BE(0) && /^[A-Za-z0-9@._-]{1,64}$/.test(type) ? type : undefined;
}

/** Whether the blob is whole: nothing but strings with their lengths, the type and at least one more. */
export function isKeyBlob(key: Buffer): boolean {
  let [at, fields] = [0, 0];
  while (at + 4 <= key.length) {
    at += 4 + key.readUInt32BE(at);
    fields++;
  }
  return at === key.length && fields >= 2;
}

/** SHA256 fingerprint of a key blob, as OpenSSH prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The line that makes the key known for this host, without a newline. */
export function knownHostsLine(host: Endpoint, key: Buffer): string {
  return `${hostLabel(host)} ${keyType(key) ?? 'unknown'} ${key.toString('base64')}`;
}

/** The same with the name of the host hashed (HashKnownHosts, ssh_config(5)). */
export function hashedLine(host: Endpoint, key: Buffer): string {
  const salt = randomBytes(20);
  const hash = createHmac('sha1', salt).update(hostLabel(host)).digest('base64');
  return `|1|${salt.toString('base64')}|${hash} ${keyType(key) ?? 'unknown'} ${key.toString('base64')}`;
}

/** Signature algorithms by type of key, best first: one RSA key serves three (RFC 8332). */
const ALGORITHMS: ReadonlyMap<string, readonly HostKeyAlgorithm[]> = new Map([
  ['ssh-ed25519', ['ssh-ed25519']],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256']],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384']],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521']],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa']],
]);

/** The host key algorithms that a connection offers. */
export type HostKeyAlgorithm =
  | 'ssh-ed25519'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521'
  | 'rsa-sha2-512'
  | 'rsa-sha2-256'
  | 'ssh-rsa';

/**
 * All host key algorithms in the order to offer them: those for which a key is known come first, or the host may show
 * another of its keys, which would look like a change. OpenSSH does the same.
 *
 * @param known types of the keys that are known for the host
 */
export function hostKeyAlgorithms(known: readonly string[]): HostKeyAlgorithm[] {
  const types = [...ALGORITHMS.keys()];
  const first = types.filter((type) => known.includes(type));
  return [...first, ...types.filter((type) => !first.includes(type))].flatMap((type) => ALGORITHMS.get(type) ?? []);
}
