import type { Bytes } from '../util/bytes.ts';

/**
 * Where in `text` the echo of `command` begins, when the text ends with it; else its length. make prints the command as
 * the makefile gives it, over several lines, and hands the shell the same less recipe prefixes: so white space is not
 * compared, nor the `@`, `-` and `+` in front of a line, which make strips from inner lines under .ONESHELL (make
 * manual, "Using One Shell"). An echo begins at the beginning of a line.
 */
export function echoOffset(text: Bytes, command: Bytes): number {
  let rest = command.split('\n').map(essence).join('');
  let begin = text.length;
  while (rest !== '' && begin > 0) {
    // The newline at `begin - 1` ends the line before; a last line may lack it.
    const lineBegin = text.lastIndexOf('\n', begin - 2) + 1;
    const line = essence(text.slice(begin === 1 ? 0 : lineBegin, begin));
    if (!rest.endsWith(line)) return text.length;
    rest = rest.slice(0, rest.length - line.length);
    begin = begin === 1 ? 0 : lineBegin;
  }
  return rest === '' ? begin : text.length;
}

/**
 * Splits what stands before the output of a command: the text before its echo, as it is, and the echo.
 *
 * @param rewrite gives the user's own shells back in a text; what is an echo shows only then
 */
export function splitEcho(text: Bytes, command: Bytes, rewrite: (text: Bytes) => Bytes): readonly [Bytes, Bytes] {
  const rewritten = rewrite(text);
  const cut = echoOffset(rewritten, command);
  const echo = rewritten.slice(cut);
  if (echo === '') return [text, ''];
  // The same number of lines, unless rewriting has taken some out.
  let begin = text.length;
  for (let lines = echo.split(/\n(?=[^])/).length; lines > 0; lines--) begin = text.lastIndexOf('\n', begin - 2) + 1;
  return rewrite(text.slice(begin)) === echo ? [text.slice(0, begin), echo] : [rewritten.slice(0, cut), echo];
}

function essence(line: Bytes): Bytes {
  return line.replace(/^[\s@+-]+/, '').replace(/\s+/g, '');
}
