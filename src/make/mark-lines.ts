import { PLUS, WAIT } from '../model/marks.ts';
import type { Bytes } from '../util/bytes.ts';

/** A makefile that was read. */
export interface MakefileText {
  /** As make names it. */
  readonly name: Bytes;
  readonly text: Bytes;
}

export type ConcurrencyMark = 'parallel' | 'no-parallel' | 'local';

/** A line that marks targets, as it is written. */
export interface MarkLine {
  readonly mark: ConcurrencyMark;
  /** Nothing stands there: the mark is for all targets. */
  readonly bare: boolean;
  /** Its words; what has a dollar in it is not expanded. */
  readonly words: readonly Bytes[];
}

/** A rule with `+` among its targets, as it is written. */
export interface GroupHeader {
  readonly file: Bytes;
  /** Numbers of the lines on which its recipe may begin, both included. */
  readonly first: number;
  readonly last: number;
  /** What it joins; undefined where that cannot be told from the words. */
  readonly groups: readonly (readonly Bytes[])[] | undefined;
}

/** What the texts of makefiles tell that make's data base does not: an order, and what `+` joins. Nothing is expanded. */
export interface MarkTexts {
  /** In the order of the texts. */
  readonly lines: readonly MarkLine[];
  readonly headers: readonly GroupHeader[];
  /** There are headers, or a variable may hold one's `+`. */
  readonly joins: boolean;
  /** A rule for `.WAIT` that takes no other recipe: it has one, or two colons. */
  readonly ownWait: boolean;
}

const MARKS: Readonly<Record<Bytes, ConcurrencyMark>> = {
  '.PARALLEL': 'parallel',
  '.NO_PARALLEL': 'no-parallel',
  '.LOCAL': 'local',
};

/** Reads all lines that are rules, in definitions and behind conditions too. */
export function readMarkTexts(texts: readonly MakefileText[]): MarkTexts {
  const lines: MarkLine[] = [];
  const headers: GroupHeader[] = [];
  let ownWait = false;
  const variables = variablesWithPlus(texts);
  for (const { name, text } of texts) {
    let open: { readonly first: number; readonly groups: GroupHeader['groups'] } | undefined;
    const close = (last: number): void => {
      if (open) headers.push({ file: name, ...open, last });
      open = undefined;
    };
    let isWait = false;
    for (const { number, line } of logicalLines(text)) {
      if (isWait && /^\t\s*\S/.test(line)) ownWait = true;
      const rule = line.startsWith('\t') ? undefined : splitRule(line);
      if (rule === undefined) continue;
      close(number - 1);
      const targets = words(rule.targets);
      isWait = targets.includes(WAIT);
      ownWait ||= isWait && (rule.doubleColon || rule.rest.includes(';'));
      for (const target of targets) {
        const mark = MARKS[target];
        const marked = words(rule.rest.replace(/(?<!\\)#.*$|;.*$/, ''));
        if (mark !== undefined) lines.push({ mark, bare: marked.length === 0, words: marked });
      }
      if (targets.includes(PLUS) || targets.some((word) => variables.has(reference(word))))
        open = { first: number, groups: joined(targets) };
    }
    close(Infinity);
  }
  return { lines, headers, joins: headers.length > 0 || variables.size > 0, ownWait };
}

/** The names of variables whose values have a `+` among their words: `G = a + b`; each may be the head of a rule (D18). */
function variablesWithPlus(texts: readonly MakefileText[]): ReadonlySet<Bytes> {
  const found = new Set<Bytes>();
  for (const { text } of texts) {
    if (!/[\s=]\+(?=\s|$)/.test(text)) continue;
    let defined: Bytes | undefined;
    for (const { line } of logicalLines(text)) {
      if (line.startsWith('\t')) continue;
      const define = /^ *(?:(?:override|export|private) +)*define +([^\s:?+!=]+)/.exec(line)?.[1];
      if (/^ *endef\b/.test(line)) defined = undefined;
      else if (define !== undefined) defined = define;
      const [, name = defined, value = line] =
        /^ *(?:(?:override|export|private) +)*([^\s:?+!=#]+)\s*(?::{0,3}|[?+])=(.*)$/.exec(line) ?? [];
      // What a shell is given is a sum.
      if (name !== undefined && words(value.replace(/\$[({]shell\s.*$/, '')).includes(PLUS)) found.add(name);
    }
  }
  return found;
}

/** `$(G)`: G. */
function reference(word: Bytes): Bytes {
  return /^\$(?:[({]([^\s(){}$]+)[)}]|([^\s(){}$]))$/.exec(word)?.slice(1).find(Boolean) ?? '';
}

/** Lines with those that go on joined to them, and the numbers of their beginnings, from 1. */
export function* logicalLines(text: Bytes): Iterable<{ readonly number: number; readonly line: Bytes }> {
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const number = at + 1;
    let line = lines[at] ?? '';
    while (/(?:^|[^\\])(?:\\\\)*\\$/.test(line) && at + 1 < lines.length) {
      line = `${line.slice(0, -1)} ${lines[++at]?.trim() ?? ''}`;
    }
    yield { number, line };
  }
}

/** A rule's two sides; undefined for anything else. Colons in references of variables do not count. */
function splitRule(
  line: Bytes,
): { readonly targets: Bytes; readonly rest: Bytes; readonly doubleColon: boolean } | undefined {
  let depth = 0;
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at);
    if ('({'.includes(character)) depth++;
    else if (')}'.includes(character)) depth--;
    else if (depth > 0) continue;
    else if (character === '=' || character === '#') return undefined;
    else if (character === ':') {
      const rest = line.slice(at + 1);
      if (/^:{0,2}=/.test(rest)) return undefined;
      return { targets: line.slice(0, at), rest: rest.replace(/^:/, ''), doubleColon: rest.startsWith(':') };
    }
  }
  return undefined;
}

/** `a + b c d + e`: a and b, d and e. */
function joined(targets: readonly Bytes[]): GroupHeader['groups'] {
  if (targets.some((target) => /[$%]/.test(target))) return undefined;
  const groups: Bytes[][] = [];
  targets.forEach((target, at) => {
    if (target === PLUS) return;
    const name = target.replace(/^(?:\.\/+)+(?=.)/, '');
    if (at > 0 && targets[at - 1] === PLUS) groups.at(-1)?.push(name);
    else groups.push([name]);
  });
  return groups.filter((group) => group.length > 1);
}

function words(text: Bytes): Bytes[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
