/**
 * Splits text into words as a POSIX shell does when nothing is expanded: blanks and newlines part words; single quotes
 * keep everything, double quotes everything but a backslash before a dollar, a backquote, a double quote, a backslash or
 * a newline; a backslash outside keeps the next character, and before a newline both vanish (POSIX shell, 2.2). `$` and
 * `#` are ordinary characters. The libraries for this each lose a backslash somewhere, which a compiler flag can't bear.
 *
 * @returns the words, or what is wrong
 */
export function shellWords(text: string): string[] | string {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    if (/[ \t\r\n]/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '\\') {
      const next = text[++at];
      if (next === undefined) return 'there is nothing behind the backslash at its end';
      if (next !== '\n') word = (word ?? '') + next;
    } else if (char === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return UNCLOSED;
      word = (word ?? '') + text.slice(at + 1, end);
      at = end;
    } else if (char === '"') {
      const end = closingQuote(text, at);
      if (end < 0) return UNCLOSED;
      word =
        (word ?? '') +
        text.slice(at + 1, end).replace(/\\(\n|[$`"\\])/g, (_, kept: string) => (kept === '\n' ? '' : kept));
      at = end;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

const UNCLOSED = 'a quote is opened and never closed';

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}
