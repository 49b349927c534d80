import type { Bytes } from '../util/bytes.ts';

/** The single-letter options that a make runs with, as its recipes see them in MAKEFLAGS. */
export function makeFlags(environment: readonly Bytes[]): ReadonlySet<string> {
  const flags = environment.find((entry) => entry.startsWith('MAKEFLAGS='))?.slice(10) ?? '';
  const first = flags.split(' ', 1)[0] ?? '';
  // Without single letters the first word is empty, a long option, or a variable.
  return new Set(first.startsWith('--') || first.includes('=') ? '' : first.replace(/^-/, ''));
}

/** Whether a command calls make as a command of its own (L4, L5): not as a mere word of some other one. */
export function callsMake(command: Bytes): boolean {
  return CALL.test(command);
}

/**
 * begin of a command, or a word before one; assignments; make, with or without a path; end of the word. A backslash
 * before a newline goes on with the same line.
 */
const CALL = new RegExp(
  [
    /(?:^|[;&|({`]|(?<!\\)\n|(?<![^\s;&|({`])(?:if|elif|while|until|then|do|else|!|exec|env|time|nice|nohup|command)[^\S\n])/,
    /(?:[^\S\n]|\\\n)*/,
    /(?:\w+=(?:[^\s'"]|'[^']*'|"[^"]*")*(?:[^\S\n]|\\\n)+)*/,
    /(?:[^\s;&|()'"`]*\/)?g?make(?=$|[\s;&|)`])/,
  ]
    .map(({ source }) => source)
    .join(''),
);
