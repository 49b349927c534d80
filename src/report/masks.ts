import { secretLines } from './directory/secrets.ts';
import { maskCommand } from './workflow-commands.ts';
import { printBytes } from './standard-streams.ts';
import { encode } from '../util/bytes.ts';

/**
 * Masks keys, passphrases and private values of the host matrix in the log of a workflow. Line by line, as the runner does
 * it, but only lines that are long enough to be secret.
 */
export function maskSecrets(texts: readonly (string | undefined)[]): void {
  for (const line of secretLines(texts)) printBytes(encode(`${maskCommand(line)}\n`));
}
