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
  return CALL.test(command.replace(SHOWN, 'echo'));
}

/** What is only printed, quotes and all, unless another command is in it. */
const SHOWN =
  /(?<![^\s;&|({`])(?:echo|printf)(?=[^\S\n])(?:[^'"\\`;&|()<>\n]|\\[^]|'[^']*'|"(?:[^"\\`$]|\\[^]|\$(?!\())*")*/g;

const BEGIN = /^|[;&|({`]|(?<!\\)\n/;
const KEYWORD = /if|elif|while|until|then|do|else|!/;
/** A program that runs the command behind it, with options. */
const RUNNER =
  /(?:exec|env|time|nice|nohup|command(?![^\S\n]+-[vV])|timeout|setsid|fakeroot)(?:[^\S\n]+(?:-u[^\S\n]+[A-Za-z_]\w*|-[^\s;&|]+|\d[\w.]*)){0,9}/;

/**
 * begin of a command, or what stands before one; assignments; make, with or without a path; end of the word. A backslash
 * before a newline goes on with the same line.
 */
const CALL = new RegExp(
  [
    `(?:${BEGIN.source}|(?<![^\\s;&|({\`])(?:${KEYWORD.source}|${RUNNER.source})[^\\S\\n])`,
    /(?:[^\S\n]|\\\n)*/.source,
    /(?:\w+=(?:[^\s'"]|'[^']*'|"[^"]*")*(?:[^\S\n]|\\\n)+)*/.source,
    /(?:[^\s;&|()'"`]*\/)?g?make(?=$|[\s;&|)`<>])/.source,
  ].join(''),
);
