import { maskCommand } from './workflow-commands.ts';
import { printBytes } from './standard-streams.ts';
import { encode } from '../util/bytes.ts';

/** A mask for a shorter line would blot out half the log. */
const LEAST = 4;

/**
 * Masks keys, passphrases and private values of the host matrix in the log of a workflow. Line by line, as the runner does
 * it, but only lines that are long enough to be secret.
 */
export function maskSecrets(texts: readonly (string | undefined)[]): void {
  for (const text of texts) {
    for (const line of (text ?? '').split(/\r?\n|\\n/)) {
      const secret = line.trim();
      if (secret.length >= LEAST && !secret.startsWith('-----')) printBytes(encode(`${maskCommand(secret)}\n`));
    }
  }
}
