import { setSecret } from '@actions/core';

/**
 * Masks keys and passphrases in the log. Line by line, as the runner does it, but only lines that are long enough to be
 * secret: a mask for a short common line would blot out half the log.
 */
export function maskSecrets(texts: readonly (string | undefined)[]): void {
  for (const text of texts) {
    for (const line of (text ?? '').split(/\r?\n|\\n/)) {
      const secret = line.trim();
      if (secret.length >= 4 && !secret.startsWith('-----')) setSecret(secret);
    }
  }
}
