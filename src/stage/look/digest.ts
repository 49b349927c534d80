import { createHash, type Hash } from 'node:crypto';

/** Files beyond that are sent once more rather than read through. */
export const MOST_DIGESTED = 16 << 20;

/** Takes up a file's content in pieces. */
export function newDigest(): Hash {
  return createHash('sha1');
}

/** Tells one content from another. */
export function endOf(digest: Hash): string {
  return digest.digest('base64');
}

export function digestOf(content: Buffer): string {
  return endOf(newDigest().update(content));
}
