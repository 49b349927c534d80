import { createHmac, timingSafeEqual } from 'node:crypto';

/** The first field of a known_hosts line: which hosts the line is about. */
export type HostNames =
  | { readonly kind: 'hashed'; readonly salt: Buffer; readonly hash: Buffer }
  | { readonly kind: 'patterns'; readonly patterns: readonly string[] };

const SHA1_BYTES = 20;

/*
 * names   = hashed | pattern { "," pattern }
 * hashed  = "|1|" base64( salt ) "|" base64( HMAC-SHA1( salt, label ) )      (one host, written by HashKnownHosts)
 * pattern = [ "!" ] { character | "*" | "?" }
 */

/** Parses the field; undefined when it is hashed in a way that nothing can match. */
export function parseHostNames(field: string): HostNames | undefined {
  if (!field.startsWith('|')) return { kind: 'patterns', patterns: field.toLowerCase().split(',') };
  const match = /^\|1\|([A-Za-z0-9+/]+=*)\|([A-Za-z0-9+/]+=*)$/.exec(field);
  const [salt, hash] = [Buffer.from(match?.[1] ?? '', 'base64'), Buffer.from(match?.[2] ?? '', 'base64')];
  return salt.length === SHA1_BYTES && hash.length === SHA1_BYTES ? { kind: 'hashed', salt, hash } : undefined;
}

/**
 * Whether the line is about this host. A negated pattern that matches rules the line out, wherever it stands.
 *
 * @param label the host in the form of `hostLabel`
 */
export function matchesHost(names: HostNames, label: string): boolean {
  if (names.kind === 'hashed') {
    return timingSafeEqual(createHmac('sha1', names.salt).update(label).digest(), names.hash);
  }
  return matchesPatterns(names.patterns, label);
}

/** Whether one of the patterns matches and none that begins with `!` (ssh_config(5), PATTERNS). */
export function matchesPatterns(patterns: readonly string[], text: string): boolean {
  let found = false;
  for (const pattern of patterns) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), text)) return false;
    } else if (matchesPattern(pattern, text)) {
      found = true;
    }
  }
  return found;
}

/** `*` is any text, `?` any character. Goes back to the last `*` only: never slower than length times length. */
function matchesPattern(pattern: string, text: string): boolean {
  let [at, position, star, resume] = [0, 0, -1, 0];
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = position;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
