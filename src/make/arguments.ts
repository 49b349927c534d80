import type { Bytes } from '../util/bytes.ts';
import { longOption, shortOption, type MakeOption } from './make-options.ts';

/** What one piece of make's command line means. */
export type Argument =
  | { readonly kind: 'option'; readonly id: string; readonly value: Bytes | undefined }
  | { readonly kind: 'variable'; readonly text: Bytes }
  | { readonly kind: 'goal'; readonly text: Bytes }
  /** Something make refuses; left for it to complain about. */
  | { readonly kind: 'unknown'; readonly text: Bytes }
  /** `--` */
  | { readonly kind: 'end' };

/** The words that were read together (a bundle of short options, an option and its argument) and what they mean. */
export interface ArgumentGroup {
  readonly words: readonly Bytes[];
  readonly arguments: readonly Argument[];
}

/**
 * Splits make's arguments (argv without argv[0]) as GNU make does: getopt_long with options and other words in any
 * order, bundled short options, unambiguous beginnings of long names, and the numbers that -j and -l take from the next
 * word. The words of all groups one after another are the words that came in.
 */
export function splitArguments(words: readonly Bytes[]): readonly ArgumentGroup[] {
  const groups: ArgumentGroup[] = [];
  let ended = false;
  for (let at = 0; at < words.length;) {
    const group: ArgumentGroup = ended ? other(words[at] ?? '') : readGroup(words, at);
    groups.push(group);
    at += group.words.length;
    ended ||= group.arguments[0]?.kind === 'end';
  }
  return groups;
}

/** All arguments in order. */
export function argumentsOf(words: readonly Bytes[]): readonly Argument[] {
  return splitArguments(words).flatMap((group) => group.arguments);
}

/**
 * The words with some arguments left out and others put in before `--`, or at the end where there is none. Words that
 * lose nothing stay as they were written.
 *
 * @param drop says for each argument whether it goes
 */
export function changeArguments(
  words: readonly Bytes[],
  drop: (argument: Argument) => boolean,
  added: readonly Bytes[],
): readonly Bytes[] {
  const result: Bytes[] = [];
  let end: number | undefined;
  for (const group of splitArguments(words)) {
    const kept = group.arguments.filter((argument) => !drop(argument));
    if (group.arguments[0]?.kind === 'end') end ??= result.length;
    if (kept.length === group.arguments.length) result.push(...group.words);
    else for (const argument of kept) result.push(...write(argument));
  }
  result.splice(end ?? result.length, 0, ...added);
  return result;
}

function readGroup(words: readonly Bytes[], at: number): ArgumentGroup {
  const word = words[at] ?? '';
  if (word === '--') return { words: [word], arguments: [{ kind: 'end' }] };
  if (word.startsWith('--')) return readLong(words, at);
  if (word.startsWith('-') && word.length > 1) return readBundle(words, at);
  return other(word);
}

function readLong(words: readonly Bytes[], at: number): ArgumentGroup {
  const word = words[at] ?? '';
  const equals = word.indexOf('=');
  const option = longOption(equals < 0 ? word.slice(2) : word.slice(2, equals));
  const inWord = equals < 0 ? undefined : word.slice(equals + 1);
  if (option === undefined || (option.taking === 'nothing' && inWord !== undefined)) {
    return { words: [word], arguments: [{ kind: 'unknown', text: word }] };
  }
  return withValue([], word, option, inWord, words[at + 1]);
}

function readBundle(words: readonly Bytes[], at: number): ArgumentGroup {
  const word = words[at] ?? '';
  const found: Argument[] = [];
  for (let letter = 1; letter < word.length; letter++) {
    const option = shortOption(word.charAt(letter));
    if (option === undefined) {
      found.push({ kind: 'unknown', text: `-${word.charAt(letter)}` });
    } else if (option.taking === 'nothing') {
      found.push({ kind: 'option', id: option.id, value: undefined });
    } else {
      const rest = word.slice(letter + 1);
      return withValue(found, word, option, rest === '' ? undefined : rest, words[at + 1]);
    }
  }
  return { words: [word], arguments: found };
}

/** The group that ends with `option`: its argument is in its word, or the next word, or there is none. */
function withValue(
  before: readonly Argument[],
  word: Bytes,
  option: MakeOption,
  inWord: Bytes | undefined,
  next: Bytes | undefined,
): ArgumentGroup {
  const takesNext = inWord === undefined && next !== undefined && takes(option, next);
  const value = takesNext ? next : inWord;
  const argument: Argument =
    option.taking === 'required' && value === undefined
      ? { kind: 'unknown', text: word }
      : { kind: 'option', id: option.id, value };
  return { words: takesNext ? [word, next] : [word], arguments: [...before, argument] };
}

function takes(option: MakeOption, next: Bytes): boolean {
  switch (option.taking) {
    case 'required':
      return true;
    case 'count':
      return /^[0-9]*$/.test(next);
    case 'load':
      return /^[0-9.]/.test(next);
    case 'nothing':
    case 'attached':
      return false;
  }
}

function other(word: Bytes): ArgumentGroup {
  const variable = /^[^\s:=]*\s*(:{0,3}|[+?!])=/.test(word);
  return { words: [word], arguments: [{ kind: variable ? 'variable' : 'goal', text: word }] };
}

function write(argument: Argument): readonly Bytes[] {
  switch (argument.kind) {
    case 'variable':
    case 'goal':
    case 'unknown':
      return [argument.text];
    case 'end':
      return ['--'];
    case 'option': {
      const { id, value } = argument;
      const long = id.length > 1;
      const word = long ? `--${id}` : `-${id}`;
      if (value === undefined) return [word];
      return value === '' && !long ? [word, ''] : [`${word}${long ? '=' : ''}${value}`];
    }
  }
}
