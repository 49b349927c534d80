import { createPrivateKey, type KeyObject } from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import type { KeyBlock } from './key-text.ts';

/** A key that can sign, or why it is none; `problem` goes behind the name of the key. */
export type PrivateKeyResult =
  | { readonly ok: true; readonly key: ParsedKey }
  | { readonly ok: false; readonly reason: KeyFailure; readonly problem: string };

export type KeyFailure = 'no-passphrase' | 'wrong-passphrase' | 'malformed' | 'unsupported';

/**
 * Reads one key. OpenSSH's own form goes to ssh2; the PEM forms (RFC 7468: PKCS #1, SEC 1, PKCS #8) go through
 * node:crypto first, because ssh2 does not know PKCS #8 and is easily misled by a wrong passphrase.
 *
 * @param passphrase undefined or empty: none
 */
export function parsePrivateKey(block: KeyBlock, passphrase: string | undefined): PrivateKeyResult {
  const phrase = passphrase === '' ? undefined : passphrase;
  switch (block.label) {
    case 'OPENSSH PRIVATE KEY':
      return parseOpenSsh(block.pem, phrase);
    case 'RSA PRIVATE KEY':
    case 'EC PRIVATE KEY':
    case 'PRIVATE KEY':
    case 'ENCRYPTED PRIVATE KEY':
      return parsePem(block, phrase);
    case 'DSA PRIVATE KEY':
      return failed('unsupported', 'is a DSA key, which ssh servers no longer take: use Ed25519, ECDSA or RSA');
    default:
      return /PUBLIC|CERTIFICATE/.test(block.label)
        ? failed('malformed', `is a public key ("${block.label}"): the private half is needed`)
        : failed('unsupported', `is of an unknown form ("${block.label}"): use an OpenSSH or PEM private key`);
  }
}

function parseOpenSsh(pem: string, passphrase: string | undefined): PrivateKeyResult {
  const cipher = openSshCipher(pem);
  if (cipher === undefined) return malformed();
  const encrypted = cipher !== 'none';
  if (encrypted && passphrase === undefined) return noPassphrase();
  const key = parseWithSsh2(pem, passphrase);
  if (typeof key !== 'string') return { ok: true, key };
  if (UNSUPPORTED.test(key)) return failed('unsupported', `cannot be used: ${key}`);
  return encrypted && !key.startsWith('Malformed') ? wrongPassphrase() : malformed();
}

/** What ssh2 says of keys that are whole, but not for it. What it says of others may hold pieces of the key. */
const UNSUPPORTED = /^Unsupported (?:cipher|kdf|OpenSSH) [\w @./:-]{1,100}$/;

/** The key, or what ssh2 says of it. It throws on some damaged keys and returns nothing for a file without a key. */
function parseWithSsh2(pem: string, passphrase?: string): ParsedKey | string {
  try {
    const key = ssh2.utils.parseKey(pem, passphrase) as ParsedKey | Error | undefined;
    if (key !== undefined && 'message' in key) return key.message;
    if (key?.isPrivateKey() === true) return key;
  } catch {
    // Damaged: said below.
  }
  return 'Malformed private key';
}

/** Name of the cipher, from the head of the key (OpenSSH, PROTOCOL.key); undefined when it does not begin like a key. */
function openSshCipher(pem: string): string | undefined {
  const magic = 'openssh-key-v1\0';
  const data = Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
  if (data.length < magic.length + 4 || data.toString('latin1', 0, magic.length) !== magic) return undefined;
  const start = magic.length + 4;
  return data.toString('latin1', start, start + data.readUInt32BE(magic.length));
}

function parsePem(block: KeyBlock, passphrase: string | undefined): PrivateKeyResult {
  const encrypted = block.encrypted || block.label === 'ENCRYPTED PRIVATE KEY';
  if (encrypted && passphrase === undefined) return noPassphrase();
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: block.pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // What a wrong passphrase makes of a key is noise: OpenSSL's words for it say nothing.
    return encrypted ? wrongPassphrase() : malformed();
  }
  const text = inFormOfSsh2(key);
  if (text === undefined) {
    return failed('unsupported', `is of type ${key.asymmetricKeyType ?? 'unknown'}: use Ed25519, ECDSA or RSA`);
  }
  const parsed = parseWithSsh2(text);
  if (typeof parsed !== 'string') return { ok: true, key: parsed };
  return failed('unsupported', `cannot be used: it is ${describe(key)}, and ssh knows only some of those`);
}

function inFormOfSsh2(key: KeyObject): string | undefined {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    case 'ec':
      return key.export({ type: 'sec1', format: 'pem' }).toString();
    case 'ed25519':
      return openSshEd25519(key);
    default:
      return undefined;
  }
}

function describe({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return `${asymmetricKeyType ?? 'unknown'} ${asymmetricKeyDetails?.namedCurve ?? ''}`.trim();
}

/** An Ed25519 key in OpenSSH's form, not encrypted (OpenSSH, PROTOCOL.key): the only form of it that ssh2 reads. */
function openSshEd25519(key: KeyObject): string {
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  const [publicHalf, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const type = string('ssh-ed25519');
  const secret = Buffer.concat([
    Buffer.alloc(8), // two equal check numbers
    type,
    string(publicHalf),
    string(Buffer.concat([seed, publicHalf])),
    string(''), // comment
  ]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, -secret.length & 7);
  const data = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    string('none'), // cipher
    string('none'), // key derivation
    string(''), // and its options
    Buffer.from([0, 0, 0, 1]),
    string(Buffer.concat([type, string(publicHalf)])),
    string(Buffer.concat([secret, padding])),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${data.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

/** A string of the ssh protocol (RFC 4251, 5). */
function string(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function failed(reason: KeyFailure, problem: string): PrivateKeyResult {
  return { ok: false, reason, problem };
}

function noPassphrase(): PrivateKeyResult {
  return failed('no-passphrase', 'is encrypted, and no passphrase is given (input ssh-passphrase)');
}

function wrongPassphrase(): PrivateKeyResult {
  return failed('wrong-passphrase', 'cannot be decrypted: the passphrase (input ssh-passphrase) is not the right one');
}

function malformed(): PrivateKeyResult {
  return failed('malformed', 'is damaged: it cannot be read as a private key');
}
