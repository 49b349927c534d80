import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseListing } from '../../../src/lane/sh-listing.ts';

const MARKS =
  '//B f600 1 0 1700000000.0000000000 1700000000.0 ../mark\n//E f600 2 0 1700000009.0 1700000009.0 ../done\n';
const END = '//.\n';

describe('a listing', () => {
  test('of GNU find', () => {
    const text = `${MARKS}//F f4755 12 34 1700000001.1234567890 1700000001.5 ./a b\n//D d755 1 4096 1.0 1.0 ./d\n//L l777 1 3 1700000002.5 1.0 ./d/l\n${END}`;
    expect(parseListing(text, 'find')).toEqual([
      { kind: 'file', path: 'a b', mode: 0o4755, size: 34, time: 1_700_000_001_123_456_789n, timeIsSet: false },
      { kind: 'directory', path: 'd', mode: 0o755 },
      { kind: 'link', path: 'd/l', time: 1_700_000_002_500_000_000n, size: 3 },
    ]);
  });

  test('of stat, as GNU and busybox print it', () => {
    const text = '//F 81a4 12 34 2023-11-14 22:13:20.123456789 +0000 2023-11-14 22:13:21.000000000 +0000 ./f\n' + END;
    expect(parseListing(text, 'stat')).toMatchObject([
      { kind: 'file', path: 'f', mode: 0o644, size: 34, time: 1_700_000_000_123_456_789n },
    ]);
  });

  test('of stat on a BSD', () => {
    const text = '//F 81ED 12 34 1700000000.123456789 1700000000.123456789 ./f\n' + END;
    expect(parseListing(text, 'bsd')).toMatchObject([{ kind: 'file', mode: 0o755, time: 1_700_000_000_123_456_789n }]);
  });

  test('tells times that a job has set from those that came about', () => {
    const file = (time: string, name: string): string => `//F f644 1 1 ${time} 1.0 ./${name}\n`;
    const text =
      MARKS + file('1699999999.9', 'old') + file('1700000005.0', 'new') + file('1700000099.0', 'future') + END;
    expect(parseListing(text, 'find').map((listed) => 'timeIsSet' in listed && listed.timeIsSet)).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('has any path back', () => {
    const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 47);
    const name = fc.array(byte, { minLength: 1 }).map((codes) => String.fromCharCode(...codes));
    fc.assert(
      fc.property(fc.array(fc.array(name, { minLength: 1 }).map((parts) => parts.join('/'))), (paths) => {
        const kinds = ['X', 'U', 'S'];
        const text = paths.map((path, i) => `//${kinds[i % 3] ?? ''} ./${path}\n`).join('') + END;
        expect(parseListing(text, 'stat').map((listed) => listed.path)).toEqual(paths);
      }),
    );
  });

  test('that has been cut off is refused', () => {
    const whole = `${MARKS}//X ./a\n//X ./b\n${END}`;
    expect(parseListing(whole, 'find')).toHaveLength(2);
    for (let size = 0; size < whole.length; size++) {
      expect(() => parseListing(whole.slice(0, size), 'find')).toThrow('unexpected listing');
    }
  });

  test('that is none is refused, whatever it is', () => {
    const tools = fc.constantFrom('find', 'stat', 'bsd');
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), tools, (text, tool) => {
        try {
          expect(parseListing(`//F ${text}\n${END}`, tool as 'find').every((listed) => listed.path !== undefined)).toBe(
            true,
          );
        } catch (error) {
          expect(error).toHaveProperty('message', 'unexpected listing');
        }
      }),
    );
    for (const text of ['x', '//F\n', '//F f644 1 x 1.0 1.0 ./f\n', '//Q ./f\n', '//F f644 1 1 1.0 1.0 ./f']) {
      expect(() => parseListing(text, 'find')).toThrow('unexpected listing');
    }
  });
});
