import { UserError } from '../util/user-error.ts';

/** More than any farm needs, and little enough to be read in no time. */
const MOST_CHARACTERS = 2 ** 20;

const KEY_MARK = 'PRIVATE KEY-----';

/** A matrix as text, and what errors call it now. */
export interface PlainText {
  readonly text: string;
  readonly name: string;
}

/**
 * The matrix behind what the user gave: plain, or as base64 on one line (which is what fits a secret best: the runner
 * masks each line of a secret by itself). Lines in errors are those of the plain text. A byte order mark is taken away.
 *
 * @throws UserError for a private key pasted by mistake, and for a text that is too long
 */
export function plainText(given: string, source: string): PlainText {
  const text = given.replace(/^\ufeff/, '');
  if (text.length > MOST_CHARACTERS) throw new UserError(`${source}: it is too long for a host matrix (above 1 MiB)`);
  const decoded = decodeBase64(text);
  const plain =
    decoded === undefined
      ? { text, name: source }
      : { text: decoded.replace(/^\ufeff/, ''), name: `${source} (decoded from base64)` };
  // Errors show words of the text: nobody wants to see those of a key in a log.
  if (plain.text.includes(KEY_MARK)) {
    throw new UserError(
      `${plain.name}: this is a private key, not a host matrix; the key belongs in the input ssh-private-key`,
    );
  }
  return plain;
}

/**
 * The text behind a single word of base64 (padding may be missing), or undefined when it is not that: no matrix but a
 * list of one bare name is a single word of such letters, so nothing is taken away from the plain forms.
 */
function decodeBase64(text: string): string | undefined {
  const word = text.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(word)) return undefined;
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(word, 'base64'));
  } catch {
    return undefined;
  }
  return looksLikeMatrix(decoded) || decoded.includes(KEY_MARK) ? decoded : undefined;
}

/**
 * Text without control characters that has a line of two words or more, or is JSON or YAML on one line: a short word
 * that decodes by chance is neither.
 */
function looksLikeMatrix(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- those are what it looks for
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text)) return false;
  return /^[ \t]*[^#\s]\S*[ \t]+\S/m.test(text) || /^\s*(\{.*\}|\[.*\])\s*$/s.test(text);
}
