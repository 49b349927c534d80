import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ParsedKey } from 'ssh2';
import { UserError } from '../util/user-error.ts';
import { fingerprint } from './host-key.ts';
import { readIdentity } from './identity-file.ts';
import { splitKeys } from './key-text.ts';
import { parsePrivateKey } from './private-key.ts';

/** A private key, decrypted: `{ type: 'publickey', username, key }` of ssh2 takes `key` as it is. */
export interface PrivateKey {
  readonly key: ParsedKey;
  /** Where it came from, for people: `input ssh-private-key, key 2`, or a file. */
  readonly source: string;
  /** Of the public half, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/** What a user can log in with, in the order to try it: the agent first. */
export interface Credentials {
  /** Socket of an ssh agent. */
  readonly agent: string | undefined;
  readonly keys: readonly PrivateKey[];
  /** What was passed over and why, for people. */
  readonly notices: readonly string[];
}

export interface KeySources {
  /** The input `ssh-private-key`: one or more private keys. Empty: the usual places. */
  readonly text: string | undefined;
  readonly passphrase: string | undefined;
  /** Value of SSH_AUTH_SOCK. */
  readonly agentSocket: string | undefined;
  /** The user's home directory. */
  readonly home: string;
}

const INPUT = 'input ssh-private-key';
/** In the order in which ssh tries them. */
export const USUAL_FILES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * The keys of the input and only those; without it the agent, then the usual files, of which unusable ones are passed
 * over with a notice.
 *
 * @throws UserError with every key of the input that is wrong
 */
export async function loadKeys(sources: KeySources): Promise<Credentials> {
  if (sources.text !== undefined && sources.text.trim() !== '') {
    return { agent: undefined, keys: parseKeys(sources.text, sources.passphrase), notices: [] };
  }
  const notices: string[] = [];
  const agent = await findAgent(sources.agentSocket, notices);
  const keys: PrivateKey[] = [];
  for (const name of USUAL_FILES) {
    const file = join(sources.home, '.ssh', name);
    const key = await readKey(file, sources.passphrase, { notices, agent: agent !== undefined });
    if (key !== undefined) keys.push(key);
  }
  return { agent, keys, notices };
}

/** The keys of a text, each once. */
function parseKeys(text: string, passphrase: string | undefined): PrivateKey[] {
  const blocks = splitKeys(text);
  const keys = new Map<string, PrivateKey>();
  const problems: string[] = [];
  let number = 0;
  for (const block of blocks) {
    // openssl writes those in front of an EC key.
    if ('label' in block && block.label === 'EC PARAMETERS') continue;
    number++;
    const name = `${INPUT}, key ${number} (line ${block.line})`;
    if ('problem' in block) {
      problems.push(`${name} ${block.problem}`);
      continue;
    }
    const result = parsePrivateKey(block, passphrase);
    if (result.ok) {
      const entry = entryOf(result.key, `${INPUT}, key ${number}`);
      if (!keys.has(entry.fingerprint)) keys.set(entry.fingerprint, entry);
    } else problems.push(`${name} ${result.problem}`);
  }
  if (number === 0) problems.push(`${INPUT}: ${describeOther(text)}`);
  if (problems.length > 0) throw new UserError(problems.join('\n'));
  return [...keys.values()];
}

/** What a text without a private key may be instead. */
function describeOther(text: string): string {
  if (/^\s*(ssh-(ed25519|rsa|dss)|ecdsa-sha2-\S+|sk-\S+) AAAA|^\s*---- BEGIN SSH2 PUBLIC KEY/m.test(text)) {
    return 'this is a public key: the private half is needed (the file without ".pub")';
  }
  if (/^\s*PuTTY-User-Key-File-\d/m.test(text)) {
    return 'this is a key of PuTTY: convert it with "puttygen KEY.ppk -O private-openssh -o KEY"';
  }
  return 'there is no private key in it: it must have a line such as "-----BEGIN OPENSSH PRIVATE KEY-----"';
}

async function findAgent(socket: string | undefined, notices: string[]): Promise<string | undefined> {
  if (socket === undefined || socket === '') return undefined;
  try {
    if ((await stat(socket)).isSocket()) return socket;
  } catch {
    // Said below: a socket that is not there is an agent that is gone.
  }
  notices.push(`SSH_AUTH_SOCK names ${socket}, which is no socket: there is no agent to ask.`);
  return undefined;
}

/** The key of a usual file, or undefined with a notice. With an agent nothing is said of encrypted keys: it holds those. */
async function readKey(
  file: string,
  passphrase: string | undefined,
  { notices, agent }: { notices: string[]; agent: boolean },
): Promise<PrivateKey | undefined> {
  const identity = await readIdentity(file, passphrase);
  if (identity.kind === 'key') return entryOf(identity.key, file);
  if (identity.kind !== 'missing' && !(agent && identity.kind === 'locked'))
    notices.push(`${file} is passed over: it ${identity.problem}.`);
  return undefined;
}

/** @param source for people */
export function entryOf(key: ParsedKey, source: string): PrivateKey {
  return { key, source, fingerprint: fingerprint(key.getPublicSSH()) };
}
