import type { Bytes } from '../util/bytes.ts';
import { logicalLines } from './mark-lines.ts';

/** $(file), or a function in another language: they may write whenever make expands them. */
const WRITES = /\$[({](?:call[ \t]+)?(?:file|guile)[\s,]/;

/** Functions of a loaded object do what they like (make manual, "Loading Dynamic Objects"). */
const LOADS = /^ *-?load[ \t]+[^\s:=]/m;

const SHELL = String.raw`\.?SHELL(?:FLAGS)?`;
/** It is read, or set for all targets, which what a dry run reads last takes back. */
const HARMLESS = [
  new RegExp(String.raw`\$+[({]${SHELL}[:)}]`, 'g'),
  /\$\$SHELL\b/g,
  new RegExp(String.raw`\$[({](?:origin|value|flavor) ${SHELL}[)}]`, 'g'),
  new RegExp(String.raw`^ *(?:(?:override|export|unexport) +)*${SHELL} *(?:$|(?::{0,3}|[?+!])=)`),
  new RegExp(String.raw`^ *ifn?def +${SHELL} *$`),
];
const NAMES_SHELL = /(?<![A-Za-z0-9_])(?:SHELL|SHELLFLAGS)(?![A-Za-z0-9_])/;
const SETS_SHELL = /:.*(?<![A-Za-z0-9_])SHELL(?:FLAGS)?\s*[:?+!]*=/;

/** Whether make writes files while it expands these makefiles, recipes included. */
export function writesWhenExpanded(text: Bytes): boolean {
  return WRITES.test(text);
}

/**
 * Whether a dry run of a make is sure to run nothing: lines that it runs all the same (`+`, $(MAKE), what remakes a
 * makefile) and $(shell) in recipes go through a shell that is set for all targets; one for some of them alone, however it
 * is set, would be used instead.
 *
 * @param text of all its makefiles
 * @param words its arguments, and those in its environment: `--eval` is a makefile too
 */
export function isDryRunSafe(text: Bytes, words: readonly Bytes[]): boolean {
  if (WRITES.test(text) || LOADS.test(text)) return false;
  return [text, ...words.map((word) => word.replace(/^--eval=/, ''))].every((one) => {
    if (!one.includes('SHELL')) return true;
    for (const { line } of logicalLines(one)) if (setsShell(line)) return false;
    return true;
  });
}

/** Whether a line may give some targets a shell of their own. */
function setsShell(line: Bytes): boolean {
  if (!line.includes('SHELL')) return false;
  // A recipe: its words are the shell's, unless it is evaluated, or a rule in a definition.
  if (line.startsWith('\t') && !/\$[({](?:eval|call)\s/.test(line)) return SETS_SHELL.test(line);
  if (/^ *#/.test(line) && !line.includes('$')) return false;
  const rest = HARMLESS.reduce((left, pattern) => left.replace(pattern, ' '), line);
  return NAMES_SHELL.test(rest);
}
