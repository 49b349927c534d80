import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseMatrix } from '../../../src/hosts/matrix.ts';
import { MATRIX_FORMATS, type Matrix, type MatrixFormat } from '../../../src/model/matrix.ts';
import { failure } from './compact.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/hosts');
const formats: readonly (MatrixFormat | undefined)[] = [...MATRIX_FORMATS, undefined];

/** The matrix, or undefined for a UserError; anything else is thrown on. */
function attempt(text: string, format: MatrixFormat | undefined): Matrix | undefined {
  let matrix: Matrix | undefined;
  failure(() => (matrix = parseMatrix(text, 'x', format === undefined ? {} : { format })));
  return matrix;
}

/** Nothing in it can be taken for an option, or is out of its range. */
function expectSafe(matrix: Matrix | undefined): void {
  for (const { hosts } of [...(matrix?.groups ?? []), { hosts: matrix?.ungrouped ?? [] }]) {
    expect(new Set(hosts.map((host) => host.name)).size).toBe(hosts.length);
  }
  for (const host of matrix?.hosts ?? []) {
    for (const hop of [host, ...(host.jump ?? [])]) {
      expect(`${hop.user ?? 'u'} ${hop.address} ${hop.port ?? 1}`).toMatch(
        /^[\w.][\w.+@-]* [\w:.][\w:.%-]* [1-9]\d{0,4}$/,
      );
    }
    expect(host.slots ?? 1).toBeGreaterThanOrEqual(1);
    expect(host.slots ?? 1).toBeLessThanOrEqual(9999);
    expect(`${host.name}${host.path}${host.identity ?? ''}${host.transport?.join('') ?? ''}`).not.toMatch(/[\0\n]/);
    expect(matrix?.ungrouped.includes(host) || matrix?.groups.some(({ hosts }) => hosts.includes(host))).toBe(true);
  }
}

describe('whatever the text: hosts that are safe to use, or a UserError', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ' ',
      '\t',
      '\n',
      '\r\n',
      '@',
      ':',
      ': ',
      '[',
      ']',
      '{',
      '}',
      '-',
      '- ',
      '#',
      ',',
      '=',
      '"',
      "'",
      '\\',
    ),
    fc.constantFrom(
      '0',
      '4',
      'a',
      'host',
      'group',
      'jobs',
      'path',
      'rsh',
      'hosts:',
      'groups:',
      'address:',
      'DEFAULT',
      'STARTUP=',
      '%h',
    ),
    fc.constantFrom('&a', '*a', '!', '|', '>', '?', '<<', '---', '~', 'null', '__proto__', 'environment:', '[::1]'),
    fc.string({ unit: 'binary', maxLength: 4 }),
  );

  test('made of pieces', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), fc.constantFrom(...formats), (pieces, format) => {
        expectSafe(attempt(pieces.join(''), format));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['makehosts.txt', 'dmakerc.txt', 'd1make.txt', 'dpb.txt', 'matrix.yaml', 'line.json'])(
    'made of %s by a few changes',
    (file) => {
      const text = readFileSync(join(fixtures, file), 'utf8');
      const change = fc.record({ at: fc.nat(text.length), length: fc.nat(6), by: fc.oneof(piece, fc.constant('')) });
      fc.assert(
        fc.property(
          fc.array(change, { minLength: 1, maxLength: 4 }),
          fc.constantFrom(...formats),
          (changes, format) => {
            const changed = changes.reduce(
              (now, { at, length, by }) => now.slice(0, at) + by + now.slice(at + length),
              text,
            );
            expectSafe(attempt(changed, format));
          },
        ),
        { numRuns: 150 },
      );
    },
  );
});

test('what is written is what is read, in every format and as base64', () => {
  const name = fc
    .stringMatching(/^[a-z0-9_][a-z0-9_.-]{0,20}$/)
    .filter((one) => !/^(\d+|host|group|localhost)$/.test(one));
  const entry = fc.record({
    user: fc.option(fc.stringMatching(/^[a-z_][a-z0-9_+.-]{0,8}$/), { nil: undefined }),
    address: fc.oneof(name, fc.ipV4(), fc.ipV6()),
    port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
    slots: fc.integer({ min: 1, max: 9999 }),
  });
  const line: Record<'makehosts' | 'dmakerc' | 'dpb' | 'yaml', (name: string, slots: number) => string> = {
    makehosts: (host, slots) => `${host}  ${slots}`,
    dmakerc: (host, slots) => `host "${host}" { jobs = ${slots} }`,
    dpb: (host, slots) => `${host} jobs=${slots}`,
    yaml: (host, slots) => `- { address: "${host}", slots: ${slots} }`,
  };
  fc.assert(
    fc.property(
      fc.uniqueArray(entry, { selector: ({ address }) => address, minLength: 1 }),
      fc.constantFrom('makehosts', 'dmakerc', 'dpb', 'yaml'),
      (entries, format) => {
        const lines = entries.map(({ user, address, port, slots }) => {
          const place = address.includes(':') ? `[${address}]` : address;
          const host = `${user === undefined ? '' : `${user}@`}${place}${port === undefined ? '' : `:${port}`}`;
          return line[format](host, slots);
        });
        const matrix = parseMatrix(lines.join('\n'), 'x');
        expect(matrix.format).toBe(format);
        expect(matrix.hosts.map(({ user, address, port, slots }) => ({ user, address, port, slots }))).toEqual(entries);
        expect(parseMatrix(Buffer.from(lines.join('\n')).toString('base64'), 'x').hosts).toEqual(matrix.hosts);
      },
    ),
  );
});

describe('long and nasty texts', () => {
  const MOST = 2 ** 20;
  const repeat = (piece: string, length = MOST): string => piece.repeat(Math.floor(length / piece.length));
  test.each<[string, MatrixFormat, string, RegExp]>([
    ['braces', 'dmakerc', repeat('{'), /^x, line 1, column 1: the name of a host should stand here/],
    [
      'groups',
      'dmakerc',
      repeat('group a{'),
      /^x, line 1, column 7: "\{" of group "a" is never closed|cannot be defined/,
    ],
    ['quotes', 'dmakerc', `a { rsh = "${repeat("'", MOST / 2)}" }`, /rsh: the program is missing/],
    ['properties', 'dpb', `a ${repeat('b= ', MOST / 2)}`, /^no error$/],
    ['colons', 'makehosts', repeat(':'), /an IPv6 address must be in brackets/],
    ['names', 'd1make', repeat('a ', MOST / 4), /^x, line 1, column 3: "a" is there twice/],
    ['brackets', 'yaml', repeat('[', MOST / 4), /it is nested too deeply/],
    ['open mappings', 'yaml', repeat('{', MOST / 4), /it is nested too deeply/],
    ['explicit keys', 'yaml', repeat('? ', MOST / 4), /it is nested too deeply/],
    ['dashes', 'yaml', repeat('- ', MOST / 4), /it is nested too deeply/],
    ['keys', 'yaml', repeat('a: ', MOST / 4), /it is nested too deeply/],
    ['closing', 'yaml', repeat('}', MOST / 4), /^x, line 1, column 1: this is not YAML/],
    ['equal keys', 'yaml', repeat('a: b\n', MOST / 4), /^x, line 2, column 1: "a" is there twice, first on line 1\n/],
    ['beyond its bound', 'yaml', repeat('- a\n'), /it is too long for YAML or JSON/],
  ])('%s (%s)', (_, format, text, problem) => {
    expect(failure(() => parseMatrix(text, 'x', { format }))).toMatch(problem);
  });

  test('aliases of aliases do not multiply', () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) => `k${level}: &a${level} [${level === 0 ? 'x' : `*a${level - 1}, *a${level - 1}`}]`,
    );
    expect(failure(() => parseMatrix(levels.join('\n'), 'x', { format: 'yaml' }))).toMatch(
      /the aliases make too much of it/,
    );
  });

  test('groups of groups do not multiply', () => {
    const levels = Array.from({ length: 3000 }, (_, level) => `group g${level} { h${level} group g${level + 1} }`);
    expect(failure(() => parseMatrix(`${levels.join('\n')}\ngroup g3000 { z }`, 'x'))).toMatch(
      /the groups hold more than 1000000 hosts together/,
    );
  });
});
