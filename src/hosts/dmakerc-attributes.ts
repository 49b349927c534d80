import { commandWords } from './command-words.ts';
import type { Token } from './dmakerc-tokens.ts';
import { meant, type Problems } from './problems.ts';
import { shown } from './shown.ts';
import { checkPath, parseSlots } from './values.ts';

/** What a host of a .dmakerc says of itself. */
export interface Attributes {
  jobs?: number;
  path?: string;
  rsh?: readonly string[];
}

const NAMES = ['jobs', 'path', 'rsh'] as const;
type Name = (typeof NAMES)[number];

/**
 * Reads what stands in braces behind the name of a host (grammar in dmakerc-reader.ts).
 *
 * @param start where its `{` is
 * @param problems takes what is wrong; that attribute is then left out
 * @returns the attributes, and where to go on: behind its `}`, or where somebody must have forgotten it
 */
export function readAttributes(
  tokens: readonly Token[],
  start: number,
  problems: Problems,
): { readonly attributes: Attributes; readonly next: number } {
  const attributes: Attributes = {};
  const seen = new Set<string>();
  let at = start + 1;
  for (let behind = false; ; behind = true) {
    const token = tokens[at];
    if (token === undefined || isForgotten(tokens, at)) {
      const open = tokens[start];
      if (open !== undefined) problems.add(open.place, '"{" is never closed');
      return { attributes, next: at };
    }
    if (token.kind === '}') return { attributes, next: at + 1 };
    if (behind && token.kind === ',') at++;
    else if (behind) problems.add(token.place, `a comma is missing before ${shown(token.text)}`);
    at = readAttribute(tokens, at, { attributes, seen, problems });
  }
}

/** At the end of the text, at another `{`, and where an entry or a group must begin. */
function isForgotten(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined || token.kind === 'end' || token.kind === '{') return true;
  return token.kind === 'word' && (token.text === 'host' || token.text === 'group') && tokens[at + 1]?.kind !== '=';
}

interface Target {
  readonly attributes: Attributes;
  readonly seen: Set<string>;
  readonly problems: Problems;
}

/** Takes one attribute, or up to the next comma or brace when it is none. @returns where to go on */
function readAttribute(tokens: readonly Token[], at: number, target: Target): number {
  const [name, equals, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
  if (name === undefined) return at;
  const wrong = (token: Token, text: string): number => {
    target.problems.add(token.place, text);
    return skip(tokens, at);
  };
  if (name.kind !== 'word') {
    const found = name.kind === 'end' ? 'the end' : shown(name.text);
    return wrong(name, `an attribute such as "jobs = 4" should stand here, not ${found}`);
  }
  if (equals?.kind !== '=') return wrong(equals ?? name, `"=" is missing behind ${shown(name.text)}`);
  if (value === undefined || (value.kind !== 'word' && value.kind !== 'quoted')) {
    return wrong(value ?? equals, `the value of ${shown(name.text)} is missing`);
  }
  const known = NAMES.find((one) => one === name.text);
  if (known === undefined) {
    const names = `there are ${NAMES.slice(0, -1).join(', ')} and ${NAMES.at(-1)}`;
    return wrong(name, `there is no attribute ${shown(name.text)}${meant(name.text, NAMES) || `: ${names}`}`);
  }
  if (target.seen.has(known)) return wrong(name, `attribute "${known}" is there twice`);
  target.seen.add(known);
  const problem = take(known, value.text, target.attributes);
  if (problem !== undefined) target.problems.add(value.place, problem);
  return at + 3;
}

/** Sets an attribute, or tells what is wrong with its value. */
function take(name: Name, text: string, attributes: Attributes): string | undefined {
  if (name === 'path') {
    const problem = checkPath(text);
    if (problem !== undefined) return `path ${problem}`;
    attributes.path = text;
    return undefined;
  }
  const value = name === 'jobs' ? parseSlots(text) : commandWords(text);
  if ('problem' in value) return name === 'rsh' ? `rsh: ${value.problem}` : value.problem;
  if (typeof value.value === 'number') attributes.jobs = value.value;
  else attributes.rsh = value.value;
  return undefined;
}

/** Behind the rest of a broken attribute: at a comma, a brace, or the end. */
function skip(tokens: readonly Token[], from: number): number {
  let at = from;
  for (let kind = tokens[at]?.kind; kind !== undefined; kind = tokens[++at]?.kind) {
    if (kind === ',' && at > from) return at;
    if (kind === '{' || kind === '}' || kind === 'end') return at;
  }
  return at;
}
