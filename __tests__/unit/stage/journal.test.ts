import { expect, test } from '@jest/globals';
import { Journal } from '../../../src/stage/look/journal.ts';
import type { Bytes } from '../../../src/util/bytes.ts';

test('however many changes there are, it stays about as long as there are paths, and tells the same', () => {
  const versions = new Map<Bytes, number>();
  const journal = new Journal((path) => versions.get(path) ?? 0);
  const push = (path: Bytes): void => void versions.set(path, journal.push(path));
  for (let n = 0; n < 300_000; n++) push(`p${n % 7 === 0 ? n % 1000 : n % 10}`);
  expect(journal.version).toBe(300_000);
  expect(journal.length).toBeLessThan(10_000);
  for (const version of [0, 1, 150_000, 299_000, 299_995, 300_000, 300_001]) {
    const expected = [...versions].filter(([, at]) => at > version).sort(([, a], [, b]) => a - b);
    expect(journal.since(version)).toEqual(expected.map(([path]) => path));
  }
});

test('with many paths it does not look through them at every change', () => {
  const versions = new Map<Bytes, number>();
  let asked = 0;
  const journal = new Journal((path) => {
    asked++;
    return versions.get(path) ?? 0;
  });
  for (let n = 0; n < 100_000; n++) versions.set(`p${n}`, journal.push(`p${n}`));
  expect(asked).toBeLessThan(400_000);
  asked = 0;
  expect(journal.since(99_990)).toHaveLength(10);
  expect(journal.since(100_000)).toEqual([]);
  expect(asked).toBe(10);
});
