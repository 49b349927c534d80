import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cutFlood } from '../../../src/report/flood.ts';

const numbered = (count: number, end = '\n'): string =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}${end}`).join('');
const NOTE = /^\[\.\.\. (?:more than )?(\d+) lines? left out; where \.\.\.\]$/m;

describe('a long text keeps its first and its last lines', () => {
  const bound = { lines: 4, bytes: 10_000 };

  test.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['lone CR, as progress bars have it', '\r'],
  ])('lines that end in %s', (_, end) => {
    const text = numbered(9, end);
    const [one, two, , , , , , eight, nine] = text.match(/.+?(?:\r\n|\n|\r)/g) ?? [];
    expect(cutFlood(text, bound, '; where')).toBe(
      `${one ?? ''}${two ?? ''}[... 5 lines left out; where ...]\n${eight ?? ''}${nine ?? ''}`,
    );
  });

  test('as many lines as fit are not cut', () => {
    expect(cutFlood(numbered(4), bound, '; where')).toBe(numbered(4));
    expect(cutFlood(`${numbered(3)}end`, bound, '; where')).toBe(`${numbered(3)}end`);
  });

  test('by bytes too, and a line that is cut when it is shown counts for no more than that', () => {
    const line = `${'x'.repeat(999)}\n`;
    expect(cutFlood(line.repeat(100), { lines: 1000, bytes: 4000 }, '; where')).toBe(
      `${line.repeat(2)}[... 96 lines left out; where ...]\n${line.repeat(2)}`,
    );
    const long = `${'x'.repeat(100_000)}\nend\n`;
    expect(cutFlood(long, { lines: 1000, bytes: 10_000 }, '; where')).toBe(long);
  });

  test('what had a part left out before is known to have had more lines', () => {
    const text = `${numbered(20)}\n[... 77 bytes left out ...]\n${numbered(20)}`;
    expect(cutFlood(text, bound, '; where')).toContain('[... more than 38 lines left out; where ...]');
  });
});

test('whatever the text: whole lines, in order, within the bound, and the note counts what is missing', () => {
  const bound = { lines: 6, bytes: 40 };
  const line = fc
    .tuple(fc.stringMatching(/^[a-z]{0,12}$/), fc.constantFrom('\n', '\r\n', '\r'))
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), fc.stringMatching(/^[a-z]{0,12}$/), (lines, end) => {
      const text = lines.join('') + end;
      const all = text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? [];
      const cut = cutFlood(text, bound, '; where');
      const match = NOTE.exec(cut);
      if (match === null) {
        expect(cut).toBe(text);
        expect(all.length).toBeLessThanOrEqual(bound.lines);
        expect(text.length).toBeLessThanOrEqual(bound.bytes);
        return;
      }
      const head = cut.slice(0, match.index);
      const tail = cut.slice(match.index + match[0].length + 1);
      expect(text.startsWith(head) && text.endsWith(tail)).toBe(true);
      expect(head === '' || /[\r\n]$/.test(head)).toBe(true);
      expect(head.length + tail.length).toBeLessThanOrEqual(bound.bytes);
      const middle = text.slice(head.length, text.length - tail.length);
      expect(Number(match[1])).toBe((middle.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? []).length);
      expect(Number(match[1])).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});
