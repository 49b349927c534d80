import type { SshAddress } from '../model/host.ts';
import { excerpt } from '../util/excerpt.ts';
import { failure, type ConfigLine } from './config-file.ts';

/** Seconds in each unit of a time (sshd_config(5), TIME FORMATS). */
const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * `[user@]host[:port]` or `ssh://[user@]host[:port]`, IPv6 in brackets when there is a port; several with commas.
 *
 * @throws UserError
 */
export function jumpsOf(line: ConfigLine): SshAddress[] {
  return wordOf(line)
    .split(',')
    .map((text) => {
      const match = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^[\]]+)\]|([^[\]:]+))(?::(\d{1,5}))?\/?$/.exec(text.trim());
      const bare = /^(?:(.+)@)?([0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.%\w]*)$/i.exec(text.trim());
      const address = match?.[2] ?? match?.[3] ?? bare?.[2];
      const port = match?.[4] === undefined ? undefined : Number(match[4]);
      if (address === undefined || (port !== undefined && (port < 1 || port > 65_535)))
        throw failure(line, `${excerpt(text.trim())} is no jump host: it must be [user@]host[:port]`);
      return { address, user: match?.[1] ?? bare?.[1], port };
    });
}

/** @throws UserError */
export function portOf(line: ConfigLine): number {
  const port = /^\d{1,5}$/.test(wordOf(line)) ? Number(wordOf(line)) : 0;
  if (port < 1 || port > 65_535) throw failure(line, `Port must be 1 to 65535, not ${excerpt(wordOf(line))}`);
  return port;
}

/**
 * A time in milliseconds; undefined for `none` and 0.
 *
 * @throws UserError
 */
export function timeOf(line: ConfigLine): number | undefined {
  const word = wordOf(line).toLowerCase();
  if (word === 'none') return undefined;
  if (!/^(?:\d+[smhdw]?)+$/.test(word)) {
    throw failure(line, `${excerpt(word)} is no time: it must be seconds, or such as 1m30s`);
  }
  const pieces = [...word.matchAll(/(\d+)([smhdw]?)/g)];
  const seconds = pieces.reduce((sum, [, number, unit = '']) => sum + Number(number) * (UNITS[unit] ?? 1), 0);
  return seconds === 0 ? undefined : seconds * 1000;
}

/** @throws UserError */
export function flagOf(line: ConfigLine | undefined): boolean {
  if (line === undefined) return false;
  switch (wordOf(line).toLowerCase()) {
    case 'yes':
    case 'true':
      return true;
    case 'no':
    case 'false':
      return false;
    default:
      throw failure(line, `it must be yes or no, not ${excerpt(wordOf(line))}`);
  }
}

/** What a keyword with one value says. */
export function wordOf(line: ConfigLine): string {
  return line.words[0] ?? '';
}
