import type { Bytes } from '../util/bytes.ts';

/**
 * How an option takes its argument. `required`: the rest of the word or the next word. `attached`: the rest of the word
 * or nothing. `count` and `load`: like attached, but make also takes the next word when it is a number.
 */
export type Taking = 'nothing' | 'required' | 'attached' | 'count' | 'load';

/** One option of GNU make: its letter, or its long name where it has no letter, and how it takes an argument. */
export interface MakeOption {
  readonly id: string;
  readonly taking: Taking;
}

/** GNU make's manual, "Summary of Options", up to 4.4.1; the long names of one option stand together. */
const TABLE: readonly (readonly [id: string, taking: Taking, ...longNames: string[]])[] = [
  ['b', 'nothing'],
  ['m', 'nothing'],
  ['B', 'nothing', 'always-make'],
  ['C', 'required', 'directory'],
  ['d', 'nothing'],
  ['debug', 'attached', 'debug'],
  ['e', 'nothing', 'environment-overrides'],
  ['E', 'required', 'eval'],
  ['f', 'required', 'file', 'makefile'],
  ['h', 'nothing', 'help'],
  ['i', 'nothing', 'ignore-errors'],
  ['I', 'required', 'include-dir'],
  ['j', 'count', 'jobs'],
  ['jobserver-auth', 'required', 'jobserver-auth'],
  ['jobserver-fds', 'required', 'jobserver-fds'],
  ['jobserver-style', 'required', 'jobserver-style'],
  ['k', 'nothing', 'keep-going'],
  ['l', 'load', 'load-average', 'max-load'],
  ['L', 'nothing', 'check-symlink-times'],
  ['n', 'nothing', 'just-print', 'dry-run', 'recon'],
  ['no-print-directory', 'nothing', 'no-print-directory'],
  ['no-silent', 'nothing', 'no-silent'],
  ['o', 'required', 'old-file', 'assume-old'],
  ['O', 'attached', 'output-sync'],
  ['p', 'nothing', 'print-data-base'],
  ['q', 'nothing', 'question'],
  ['r', 'nothing', 'no-builtin-rules'],
  ['R', 'nothing', 'no-builtin-variables'],
  ['s', 'nothing', 'silent', 'quiet'],
  ['S', 'nothing', 'no-keep-going', 'stop'],
  ['shuffle', 'attached', 'shuffle'],
  ['sync-mutex', 'required', 'sync-mutex'],
  ['t', 'nothing', 'touch'],
  ['trace', 'nothing', 'trace'],
  ['v', 'nothing', 'version'],
  ['w', 'nothing', 'print-directory'],
  ['W', 'required', 'what-if', 'new-file', 'assume-new'],
  ['warn-undefined-variables', 'nothing', 'warn-undefined-variables'],
];

const byLetter = new Map<string, MakeOption>();
const byName = new Map<string, MakeOption>();
for (const [id, taking, ...longNames] of TABLE) {
  const option: MakeOption = { id, taking };
  if (id.length === 1) byLetter.set(id, option);
  for (const name of longNames) byName.set(name, option);
}

/** The option of a letter; undefined when make has none. */
export function shortOption(letter: string): MakeOption | undefined {
  return byLetter.get(letter);
}

/** The option of a long name or of a beginning that can mean only one option (getopt_long); undefined otherwise. */
export function longOption(name: Bytes): MakeOption | undefined {
  const exact = byName.get(name);
  if (exact !== undefined) return exact;
  const meant = new Set<MakeOption>();
  for (const [longName, option] of byName) if (longName.startsWith(name)) meant.add(option);
  const [first] = meant;
  return meant.size === 1 ? first : undefined;
}
