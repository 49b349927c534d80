import { readFileSync } from 'node:fs';

import { bytesOf, decode, encode, type Bytes } from '../util/bytes.ts';

/** The value of a variable in a list of `NAME=value`. */
export function environmentValue(environment: readonly Bytes[], name: string): Bytes | undefined {
  const start = `${name}=`;
  return environment.find((entry) => entry.startsWith(start))?.slice(start.length);
}

/** The list after changes: `NAME=value` sets, `NAME` unsets. */
export function changeEnvironment(environment: readonly Bytes[], changes: readonly Bytes[]): readonly Bytes[] {
  const entries = new Map(environment.map((entry) => [nameOf(entry), entry]));
  for (const change of changes) {
    if (change.includes('=')) entries.set(nameOf(change), change);
    else entries.delete(change);
  }
  return [...entries.values()];
}

/**
 * The environment of this process as bytes. node decodes it as UTF-8, which loses what is not; such values are taken
 * from /proc where there is one, unless they were changed since.
 */
export function ownEnvironment(): readonly Bytes[] {
  const initial = new Map(initialEnvironment().map((entry) => [nameOf(entry), entry]));
  return Object.entries(process.env).map(([name, value]) => {
    const now = `${name}=${value ?? ''}`;
    const raw = initial.get(encode(name));
    return raw !== undefined && decode(raw) === now ? raw : encode(now);
  });
}

function initialEnvironment(): readonly Bytes[] {
  try {
    return splitList(bytesOf(readFileSync('/proc/self/environ')));
  } catch {
    return [];
  }
}

/** The fields of a text in which each one ends in NUL. */
export function splitList(text: Bytes): readonly Bytes[] {
  const fields = text.split('\0');
  if (fields.at(-1) === '') fields.pop();
  return fields;
}

function nameOf(entry: Bytes): Bytes {
  const equals = entry.indexOf('=');
  return equals < 0 ? entry : entry.slice(0, equals);
}
