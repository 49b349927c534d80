import type { Host } from '../model/host.ts';
import { unexpanded } from './dpb-expansion.ts';
import type { Word } from './lines.ts';
import { meant, type Problems } from './problems.ts';
import { right, wrong, type Reading } from './reading.ts';
import { shown } from './shown.ts';
import { parseMemory, parseParallel, parseSeconds, parseSlots, parseSpeed } from './values.ts';
import type { Warnings } from './warnings.ts';

/** What a line of a DPB file says of a host, or DEFAULT of those below it. */
export interface Properties {
  readonly jobs?: number;
  /** `sf`. */
  readonly speed?: number;
  readonly parallel?: NonNullable<Host['parallel']>;
  readonly timeout?: number;
  /** Seconds for a host of speed 1; 0: never. */
  readonly stuck?: number;
  /** Bytes; 0: as many as there are. */
  readonly memory?: number;
  readonly arch?: string;
  /** Not yet expanded. */
  readonly chroot?: string;
}

/** Each reads one property. A bare number of memory is in K, as DPB has it (DPB/HostProperties.pm). */
const READERS: Readonly<Record<string, (value: string) => Reading<Properties>>> = {
  jobs: (value) => named('jobs', parseSlots(value)),
  sf: (value) => named('speed', parseSpeed(value)),
  parallel: (value) => named('parallel', parseParallel(value)),
  timeout: (value) => named('timeout', parseSeconds(value, 1)),
  stuck: (value) => named('stuck', parseSeconds(value, 0)),
  memory: (value) => named('memory', parseMemory(value, 'k')),
  mem: (value) => named('memory', parseMemory(value, 'k')),
  arch: (value) => named('arch', parseArch(value)),
  chroot: (value) => named('chroot', parseChroot(value)),
};

/** Known to dpb(1) and its modules, and of no effect here. */
const WITHOUT_EFFECT = [
  ...['always_clean', 'build_user', 'chroot_user', 'fetch_timeout', 'junk', 'nochecksum', 'parallel2', 'repair'],
  ...['small', 'squiggles', 'syslog', 'umask'],
];
const NAMES = [...Object.keys(READERS), ...WITHOUT_EFFECT];

/**
 * The properties in the words behind a host; words without "=" count for nothing (DPB's rule).
 *
 * @param problems takes values that are wrong
 * @param warnings takes properties that nobody knows
 */
export function readProperties(
  words: readonly Word[],
  line: number,
  problems: Problems,
  warnings: Warnings,
): Properties {
  let properties: Properties = {};
  for (const { text, column } of words) {
    const equals = text.indexOf('=');
    if (equals < 0) continue;
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (reader === undefined) {
      if (WITHOUT_EFFECT.includes(name)) continue;
      warnings.add(
        { line, column },
        () => `there is no property ${shown(name)}, it is passed over${meant(name, NAMES)}`,
      );
      continue;
    }
    const reading = reader(value);
    const place = { line, column: column + equals + 1 };
    if ('problem' in reading) problems.add(place, name === 'jobs' ? reading.problem : `${name} ${reading.problem}`);
    else properties = { ...properties, ...reading.value };
    for (const one of name === 'chroot' ? unexpanded(value) : []) {
      warnings.add(place, () => `chroot: ${one} means nothing here and stays`);
    }
  }
  return properties;
}

function named<Name extends keyof Properties>(
  name: Name,
  reading: Reading<NonNullable<Properties[Name]>>,
): Reading<Properties> {
  return 'problem' in reading ? reading : right({ [name]: reading.value });
}

/** A word such as `uname -m` prints: it may be put into a command. */
function parseArch(value: string): Reading<string> {
  return /^[A-Za-z0-9_.-]+$/.test(value) ? right(value) : wrong(`must be a word such as amd64, not ${shown(value)}`);
}

/** A directory, or `/` or nothing for none. */
function parseChroot(value: string): Reading<string> {
  return value === '' || /^[/%]/.test(value)
    ? right(value)
    : wrong(`must be absolute, such as "/jail", not ${shown(value)}`);
}
