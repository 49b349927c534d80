import { controlCharacter, linesOf } from './lines.ts';
import type { Place, Problems } from './problems.ts';
import { shown } from './shown.ts';

/** One token of a .dmakerc: a name or a value, quoted or not, or one of `{ } = ,`; `end` is behind the last. */
export interface Token {
  readonly kind: 'word' | 'quoted' | '{' | '}' | '=' | ',' | 'end';
  /** Without the quotes. */
  readonly text: string;
  readonly place: Place;
}

/** A quote that is not closed ends with its line: the rest of the file can then still be read. */
const TOKEN = /[ \t]+|#.*|[{}=,]|"[^"]*"?|[^ \t{}=,"#][^ \t{}=,"]*/y;

/** The tokens of a text, `end` being the last. `problems` takes quotes without an end, and control characters. */
export function tokensOf(text: string, problems: Problems): Token[] {
  const tokens: Token[] = [];
  let last: Place = { line: 1, column: 1 };
  for (const [line, raw] of linesOf(text)) {
    const control = controlCharacter(raw);
    if (control !== undefined) {
      problems.add({ line, column: control.column }, control.text);
      continue;
    }
    for (const match of raw.matchAll(new RegExp(TOKEN, 'gy'))) {
      const [token] = match;
      const place = { line, column: match.index + 1 };
      if (/^[ \t#]/.test(token)) continue;
      tokens.push(tokenOf(token, place, problems));
      last = { line, column: place.column + token.length };
    }
  }
  return [...tokens, { kind: 'end', text: '', place: last }];
}

function tokenOf(token: string, place: Place, problems: Problems): Token {
  if (token === '{' || token === '}' || token === '=' || token === ',') return { kind: token, text: token, place };
  if (!token.startsWith('"')) return { kind: 'word', text: token, place };
  const closed = token.length > 1 && token.endsWith('"');
  if (!closed) problems.add(place, `a quote is opened and not closed on its line: ${shown(token)}`);
  return { kind: 'quoted', text: token.slice(1, closed ? -1 : undefined), place };
}
