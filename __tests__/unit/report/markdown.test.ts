import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { marked } from 'marked';
import { escapeMarkdown, markdownTable } from '../../../src/report/markdown.ts';

describe('names in Markdown', () => {
  test.each([
    ['foo.o', 'foo.o'],
    ['<img src=x>', '&#60;img src=x&#62;'],
    ['a|b\nc', 'a&#124;b c'],
    ['[x](https://y)', '&#91;x&#93;&#40;https&#58;//y&#41;'],
    ['@user #1 `x` **b**', '&#64;user &#35;1 &#96;x&#96; &#42;&#42;b&#42;&#42;'],
    ['\x1b[31mred\x1b[0m', 'red'],
    ['www.example.org', 'www&#46;example.org'],
  ])('%j', (name, escaped) => {
    expect(escapeMarkdown(name)).toBe(escaped);
  });

  test('nothing with a meaning is left', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(escapeMarkdown(name).replace(/&#\d+;/g, '')).not.toMatch(/[<>"'`*_{}[\]()#!|\\~@$&\r\n]|:\/\//);
      }),
    );
  });
});

test('a reader of Markdown shows just that name, and makes no element of it', () => {
  const noise = fc.constantFrom(
    'www.a.bc',
    'https://a.bc',
    'a@b.cd',
    '<b>',
    '**',
    '__',
    '~~',
    '`',
    '\\',
    '&amp;',
    '![a](b)',
    ' ',
  );
  const name = fc.array(fc.oneof(noise, fc.string({ maxLength: 5 })), { maxLength: 6 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(name, (text) => {
      const html = marked.parseInline(escapeMarkdown(text), { async: false, gfm: true });
      expect(html).not.toContain('<');
      const shown = html
        .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
        .replace(/&(quot|lt|gt|amp);/g, (_, entity: string) => ({ quot: '"', lt: '<', gt: '>' })[entity] ?? '&');
      expect(shown.trim()).toBe(text.trim());
    }),
  );
});

test('a table has its numbers at the right', () => {
  expect(markdownTable(['a', 'n'], [['x', '1']], (column) => column === 'n')).toBe(
    '| a | n |\n| --- | --: |\n| x | 1 |',
  );
});
