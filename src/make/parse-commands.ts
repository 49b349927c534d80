import type { Bytes } from '../util/bytes.ts';
import { logicalLines } from './mark-lines.ts';
import { PUT_IN, readsOnly } from './reading-command.ts';

const CALLS = /\$[({]\s*shell\s/g;
/** Functions may be called by name. */
const CALLED = /\$[({]\s*call\s+shell\b/;
/** An assignment, for a target or for all, and its command. */
const ASSIGNS = /^(?:[^#]*:)?\s*(?:(?:override|export|private)\s+)*[^\s:#=!]+\s*!=([^]*)$/;

/**
 * Whether make, when it parses these makefiles a second time beside a build, runs nothing that changes anything: each
 * command of a `$(shell)` or a `!=` is one that is known to look only. In doubt it is not.
 *
 * @param text of makefiles; or an argument
 */
export function onlyLooks(text: Bytes): boolean {
  if (!text.includes('shell') && !text.includes('!=')) return true;
  if (CALLED.test(text)) return false;
  let rest = '';
  let at = 0;
  for (const { index, 0: begin } of text.matchAll(CALLS)) {
    const end = closing(text, index + 1);
    if (end < 0 || !readsOnly(plain(text.slice(index + begin.length, end)))) return false;
    if (index < at) continue;
    rest += text.slice(at, index);
    at = end;
  }
  rest += text.slice(at);
  if (!rest.includes('!=')) return true;
  for (const { line } of logicalLines(rest)) {
    // In a recipe it is the shell's.
    if (!line.includes('!=') || (line.startsWith('\t') && !/\$[({]eval\s/.test(line))) continue;
    const command = ASSIGNS.exec(line)?.[1];
    if (command === undefined || !readsOnly(plain(command))) return false;
  }
  return true;
}

/** The command as the shell gets it, as far as its text tells. */
function plain(command: Bytes): Bytes {
  let out = '';
  for (let at = 0; at < command.length; at++) {
    const char = command.charAt(at);
    if (char === '\\' && command.charAt(at + 1) === '\n') {
      out += ' ';
      at++;
    } else if (char !== '$') {
      out += char;
    } else if (command.charAt(at + 1) === '$') {
      out += '$';
      at++;
    } else {
      const end = /[({]/.test(command.charAt(at + 1)) ? closing(command, at + 1) : at + 1;
      out += PUT_IN;
      at = end < 0 ? command.length : end;
    }
  }
  return out;
}

/** Where the bracket at that place is closed; -1: nowhere. Make counts those of its own kind alone. */
function closing(text: Bytes, open: number): number {
  const begin = text.charAt(open);
  const end = begin === '(' ? ')' : '}';
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === begin) depth++;
    else if (char === end && --depth === 0) return at;
  }
  return -1;
}
