/**
 * Text from outside as an error message may show it: in double quotes, clipped, one line, and with everything that a
 * terminal or a log would not show as itself (control characters, odd blanks, direction marks) spelled out.
 */
export function excerpt(text: string, limit = 40): string {
  const characters = Array.from(text);
  const shown = characters
    .slice(0, limit)
    .map((character) => (/^[\p{C}\p{Z}]$/u.test(character) && character !== ' ' ? spelled(character) : character))
    .join('');
  return `"${shown}${characters.length > limit ? '…' : ''}"`;
}

function spelled(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
