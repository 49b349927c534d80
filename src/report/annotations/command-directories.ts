import { posix } from 'node:path';
import type { Bytes } from '../../util/bytes.ts';

/** Longer commands are read up to here. */
const LONGEST = 64 * 1024;
/** A word in which the shell changes nothing. */
const WORD = /(?:"([^"$`\\]+)"|'([^']+)'|([^\s;&|()"'$`\\]+)(?![^\s;&|()]))/;
const CD = /(?:^|[;&|({\n]|\bthen|\bdo)[ \t]*cd[ \t]+/;
/** make's own options for it. */
const INTO = /(?<=\s)(?:-[a-z]*C|--directory(?=[\s=]))/;
const CALL = /(?<=^|[\s;&|({"'`/])g?make(?=[\s;&|)}"'`]|$)/;

/** Directories to which a command changes by itself (`cd sub && cc x.c`), absolute; as far as its text tells. */
export function directoriesOf(command: Bytes, directory: Bytes): Bytes[] {
  const found: Bytes[] = [];
  const changes = new RegExp(`${CD.source}(?:--[ \\t]+)?${WORD.source}`, 'g');
  let now = directory;
  for (const [, double, single, bare] of command.slice(0, LONGEST).matchAll(changes)) {
    const name = double ?? single ?? bare;
    if (name === undefined || name === '-' || found.length >= 10) continue;
    now = posix.resolve(now, name);
    found.unshift(now);
  }
  return found;
}

/**
 * Where a command calls make: `cd sub && make`, `make -C sub`; absolute, perhaps too many.
 *
 * @returns undefined: it calls make, and its text does not tell where; empty: it does not, as far as its text tells
 */
export function makesOf(command: Bytes, directory: Bytes): readonly Bytes[] | undefined {
  const text = command.slice(0, LONGEST);
  if (!text.includes('make') || !CALL.test(text)) return [];
  const changed = directoriesOf(text, directory);
  const options = new RegExp(`${INTO.source}[ \\t=]*${WORD.source}`, 'g');
  const into = [...text.matchAll(options)].map(([, double, single, bare]) => double ?? single ?? bare ?? '');
  if (changed.length < count(CD, text) || into.length < count(INTO, text)) return undefined;
  const bases = [directory, ...changed];
  return [...bases, ...into.flatMap((name) => bases.map((base) => posix.resolve(base, name)))];
}

function count(what: RegExp, text: Bytes): number {
  return [...text.matchAll(new RegExp(what, 'g'))].length;
}
