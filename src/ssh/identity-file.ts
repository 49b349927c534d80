import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { splitKeys } from './key-text.ts';
import { parsePrivateKey } from './private-key.ts';

/** What there is in a file that should hold a private key. */
export type IdentityFile =
  | { readonly kind: 'key'; readonly key: ParsedKey }
  /** It cannot be used by itself; an agent may hold the key all the same. `problem` goes behind `it`. */
  | { readonly kind: 'locked'; readonly problem: string }
  | { readonly kind: 'unusable'; readonly problem: string }
  | { readonly kind: 'missing' };

/** Reads the first key of a file. */
export async function readIdentity(file: string, passphrase: string | undefined): Promise<IdentityFile> {
  let text: string;
  try {
    text = await readFile(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
    return { kind: 'unusable', problem: `cannot be read (${code ?? ''})` };
  }
  const block = splitKeys(text).find((candidate) => !('label' in candidate) || candidate.label !== 'EC PARAMETERS');
  if (block === undefined && publicKeyIn(text) !== undefined)
    return { kind: 'locked', problem: 'is a public key, and no agent has the private half' };
  if (block === undefined || 'problem' in block)
    return { kind: 'unusable', problem: block?.problem ?? 'is no private key' };
  const result = parsePrivateKey(block, passphrase);
  if (result.ok) return { kind: 'key', key: result.key };
  return { kind: result.reason === 'no-passphrase' ? 'locked' : 'unusable', problem: result.problem };
}

/**
 * The public half of a key that cannot be opened, from the file itself or the one beside it, as a blob of RFC 4253, 6.6:
 * by it an agent finds the key.
 */
export async function readPublicHalf(file: string): Promise<Buffer | undefined> {
  for (const name of [file, `${file}.pub`]) {
    try {
      const key = publicKeyIn(await readFile(name, 'latin1'));
      if (key !== undefined) return key;
    } catch {
      // The next one may be there.
    }
  }
  return undefined;
}

function publicKeyIn(text: string): Buffer | undefined {
  const line = /^(?:ssh-|ecdsa-sha2-)\S+ AAAA\S+/m.exec(text)?.[0];
  if (line === undefined) return undefined;
  const key = ssh2.utils.parseKey(line) as ParsedKey | Error | undefined;
  return key === undefined || 'message' in key ? undefined : key.getPublicSSH();
}
