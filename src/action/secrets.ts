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

/** Masks private values of the host matrix: hosts/private-fields.ts knows which. */
export function maskFields(fields: readonly string[]): void {
  for (const field of fields) setSecret(field);
}

/**
 * Takes the inputs of this action out of the environment, once they are read: recipes and whatever else is started
 * have no business with keys and host lists.
 */
export function forgetInputs(environment: NodeJS.ProcessEnv): void {
  for (const name of INPUTS) Reflect.deleteProperty(environment, `INPUT_${name.toUpperCase()}`);
}

/** Those that may hold a secret. */
const INPUTS = ['hosts', 'ssh-private-key', 'ssh-passphrase', 'known-hosts', 'setup'];
