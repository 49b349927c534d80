import type { Host } from '../model/host.ts';
import { right, wrong, type Reading } from './reading.ts';
import { shown } from './shown.ts';

const MOST_SLOTS = 9999;
const MOST_SECONDS = 9_999_999;

/** Jobs that a host may run at one time: 1 to 9999. */
export function parseSlots(word: string): Reading<number> {
  if (/^-\d+$/.test(word)) return wrong(`the number of jobs is negative: ${shown(word)}`);
  if (!/^\d+$/.test(word)) return wrong(`the number of jobs is not a number: ${shown(word)}`);
  const slots = Number(word);
  if (slots === 0) return wrong('the number of jobs is zero: leave the host out instead');
  return slots > MOST_SLOTS ? wrong(`the number of jobs is above ${MOST_SLOTS}: ${shown(word)}`) : right(slots);
}

/** Whole seconds, `least` or more. */
export function parseSeconds(word: string, least: number): Reading<number> {
  const seconds = /^\d{1,7}$/.test(word) ? Number(word) : NaN;
  return seconds >= least
    ? right(seconds)
    : wrong(`must be whole seconds from ${least} to ${MOST_SECONDS}, not ${shown(word)}`);
}

/** A factor from 1 to 50, fractions allowed (DPB's `sf`). */
export function parseSpeed(word: string): Reading<number> {
  const speed = /^\d{1,2}(\.\d{1,6})?$/.test(word) ? Number(word) : NaN;
  return speed >= 1 && speed <= 50 ? right(speed) : wrong(`must be a number from 1 to 50, not ${shown(word)}`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/**
 * Bytes, 0 or more, from a number with K, M or G behind it (powers of 1024).
 *
 * @param unit of a bare number
 */
export function parseMemory(word: string, unit: '' | 'k' = ''): Reading<number> {
  const [, digits, letter = ''] = /^(\d{1,12})([kmg]?)$/i.exec(word) ?? [];
  const factor = UNITS[letter === '' ? unit : letter.toLowerCase()] ?? NaN;
  const bytes = digits === undefined ? NaN : Number(digits) * factor;
  return Number.isSafeInteger(bytes)
    ? right(bytes)
    : wrong(`must be a number with K, M or G behind it, such as 4G, not ${shown(word)}`);
}

/** `N` slots, or `/N` for that part of a host's slots (E14); 0: no job takes more than one. */
export function parseParallel(word: string): Reading<NonNullable<Host['parallel']>> {
  const [, slash, digits] = /^(\/?)(\d{1,4})$/.exec(word) ?? [];
  const number = Number(digits);
  if (digits === undefined || (number === 0 && slash !== '')) {
    return wrong(`must be a number of jobs such as 4, or a part of them such as /2, not ${shown(word)}`);
  }
  return slash === '' ? right(number) : right(`/${number}` as const);
}

/** Directories for PATH, colon-separated: absolute, or they would mean another place for each job. */
export function checkPath(path: string): string | undefined {
  if (hasControl(path)) return 'must not have control characters in it';
  const relative = path.split(':').find((part) => !part.startsWith('/'));
  if (relative === undefined) return undefined;
  return relative === ''
    ? 'has an empty part: each is a directory such as "/opt/bin"'
    : `must be absolute, such as "/opt/bin", not ${shown(relative)}`;
}

/** Whether there are characters in it that no name of a file or program in a matrix may have. */
export function hasControl(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- those are what it looks for
  return /[\x00-\x1f\x7f]/.test(text);
}
