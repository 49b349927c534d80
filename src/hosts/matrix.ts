import type { Host } from '../model/host.ts';
import { UserError } from '../util/user-error.ts';
import { parseMakehosts } from './makehosts.ts';

/**
 * The hosts of a matrix as the user gave it: plain, or as base64 on one line (which is what fits a secret best: the
 * runner masks each line of a secret by itself). Lines in errors are those of the plain text.
 *
 * @param source what errors call the text: `input hosts`, or the name of a file
 * @throws UserError with every line that is wrong
 */
export function parseMatrix(text: string, source: string): Host[] {
  const decoded = decodeBase64(text);
  const [plain, name] = decoded === undefined ? [text, source] : [decoded, `${source} (decoded from base64)`];
  // Errors show words of the text: nobody wants to see those of a key in a log.
  if (plain.includes('PRIVATE KEY-----')) {
    throw new UserError(
      `${name}: this is a private key, not a host matrix; the key belongs in the input ssh-private-key`,
    );
  }
  return parseMakehosts(plain.replace(/^\ufeff/, ''), name);
}

/**
 * The text behind a single word of base64 (padding may be missing), or undefined when it is not that: no line of a
 * matrix is a single word, so nothing is taken away from the plain form.
 */
function decodeBase64(text: string): string | undefined {
  const word = text.replace(/^\ufeff/, '').trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(word)) return undefined;
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(word, 'base64'));
  } catch {
    return undefined;
  }
  return looksLikeMatrix(decoded) || decoded.includes('PRIVATE KEY-----') ? decoded : undefined;
}

/** Text without control characters, with a line of two words or more: a short word that decodes by chance is neither. */
function looksLikeMatrix(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- those are what it looks for
  return !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text) && /^[ \t]*[^#\s]\S*[ \t]+\S/m.test(text);
}
