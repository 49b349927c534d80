import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseMatrix, type MatrixOptions } from '../../../src/hosts/matrix.ts';
import { recognise } from '../../../src/hosts/recognise.ts';
import { compactMatrix, failure } from './compact.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/hosts');

function wrong(text: string): string {
  return failure(() => parseMatrix(text, 'input hosts'));
}

describe('every format', () => {
  const runner = { name: 'falcon.example.org' };
  test.each<[string, MatrixOptions]>([
    ['makehosts.txt', {}],
    ['dmakerc.txt', { runner }],
    ['d1make.txt', { format: 'd1make' }],
    ['dpb.txt', { runner }],
    ['matrix.yaml', { runner }],
    ['line.json', {}],
    ['list.json', {}],
  ])('%s', (file, options) => {
    const text = readFileSync(join(fixtures, file), 'utf8');
    const expected: unknown = JSON.parse(
      readFileSync(join(fixtures, file.replace(/\.[a-z]+$/, '.expected.json')), 'utf8'),
    );
    const matrix = parseMatrix(text, file, options);
    expect(JSON.parse(JSON.stringify(compactMatrix(matrix)))).toEqual(expected);
    // A file that went through a machine of Windows, and one in a secret, are the same.
    expect(parseMatrix(`\ufeff${text.replaceAll('\n', '\r\n')}`, file, options).groups).toEqual(matrix.groups);
    expect(parseMatrix(Buffer.from(text).toString('base64'), file, options).hosts).toHaveLength(matrix.hosts.length);
  });

  test('a host in several groups is one object', () => {
    const text = readFileSync(join(fixtures, 'dmakerc.txt'), 'utf8');
    const [labs, lab1] = parseMatrix(text, 'x').groups;
    expect(labs?.hosts[0]).toBe(lab1?.hosts[0]);
  });
});

describe('recognition', () => {
  test.each([
    ['build1 4', 'makehosts'],
    ['# hosts: x\nbuild1 4', 'makehosts'],
    ['host 4\ngroup 2', 'makehosts'],
    ['[::1]:22 4', 'makehosts'],
    ['[2001:db8::7] 4', 'makehosts'],
    ['build1: 4', 'makehosts'],
    ['build1 4\nbuild2', 'makehosts'],
    ['build1 4\nbuild2 four', 'makehosts'],
    ['build1 -2', 'makehosts'],
    ['-oProxyCommand=x 4', 'makehosts'],
    ['hosts:\n  - build1', 'yaml'],
    ['# comment\n\nhosts: [build1]', 'yaml'],
    ['host:\n  - build1', 'yaml'],
    ['hsots: build1 4', 'yaml'],
    ['defaults:\n  slots: 4\nhosts: [a]', 'yaml'],
    ['- build1 4', 'yaml'],
    ['-\n  address: a', 'yaml'],
    ['---\nhosts: [a]', 'yaml'],
    ['%YAML 1.2\n---\nhosts: [a]', 'yaml'],
    ['{"hosts": ["build1 jobs=4"]}', 'yaml'],
    ['{hosts: [a]}', 'yaml'],
    ['{\n  "hosts": [\n    "a"\n  ]\n}', 'yaml'],
    ['{}', 'yaml'],
    ['["[::1]:22 4"]', 'yaml'],
    ['[build1, build2]', 'yaml'],
    ['[]', 'yaml'],
    ['build1: {slots: 4}', 'yaml'],
    ['falcon { jobs = 1 }', 'dmakerc'],
    ['falcon\n{\n jobs = 1\n}', 'dmakerc'],
    ['{ jobs = 4 }', 'dmakerc'],
    ['group x {', 'dmakerc'],
    ['group "x"\n', 'dmakerc'],
    ['host falcon', 'dmakerc'],
    ['host\n{ jobs = 4 }', 'dmakerc'],
    ['host', 'dmakerc'],
    ['a jobs=4\nhost b', 'dmakerc'],
    ['build1 jobs=4', 'dpb'],
    ['build1 4\nbuild2 jobs=4', 'dpb'],
    ['DEFAULT', 'dpb'],
    ['STARTUP=/bin/sh -c { x; }\nbuild1', 'dpb'],
    ['LOG_USER=x\nbuild1', 'dpb'],
    ['build1', 'names'],
    ['build1 build2\nci@build3:22 [::1]', 'names'],
    ['build1 four', 'names'],
    ['build1 $four', 'makehosts'],
    ['', 'nothing'],
    ['# nothing\n\n', 'nothing'],
  ])('%j is %s', (text, format) => {
    expect(recognise(text)).toBe(format);
  });

  test('names alone', () => {
    expect(wrong('build1\nbuild2')).toBe(
      'input hosts: there are names alone in it, and several formats have them: set hosts-format to one of makehosts, ' +
        'dmakerc, d1make, dpb, yaml, or put the number of jobs behind each name: "build1 4"',
    );
    for (const format of ['dmakerc', 'd1make', 'dpb'] as const) {
      expect(parseMatrix('build1\nbuild2', 'x', { format })).toMatchObject({
        format,
        hosts: [{ line: 1 }, { line: 2 }],
      });
    }
  });

  test('a format can be forced', () => {
    expect(parseMatrix('build1 4', 'x', { format: 'dpb' }).hosts).toMatchObject([{ name: 'build1', slots: undefined }]);
    expect(failure(() => parseMatrix('build1 jobs=4', 'x', { format: 'makehosts' }))).toMatch(
      /^x, line 1, column 8: the number of jobs is not a number: "jobs=4"\n/,
    );
  });
});

describe('base64', () => {
  test('errors count the lines of the plain text', () => {
    expect(wrong(Buffer.from('build1 4\nbuild2 0\n').toString('base64'))).toMatch(
      /^input hosts \(decoded from base64\), line 2, column 8: the number of jobs is zero/,
    );
  });

  test.each(['{"hosts":["build1"]}', '["build1"]', 'build1 4', 'build1 4\nbuild2 8\n'])('%j', (text) => {
    const base64 = Buffer.from(text).toString('base64');
    for (const form of [base64, `${base64}\n`, base64.replace(/=+$/, '')]) {
      expect(parseMatrix(form, 'x').hosts).toEqual(parseMatrix(text, 'x').hosts);
    }
  });

  test.each(['build1', 'abcd', 'deadbeef', 'localhost', 'QUJD'])('a name alone is not taken for it: %s', (name) => {
    expect(parseMatrix(name, 'x', { format: 'd1make' }).hosts).toMatchObject([{ name }]);
  });
});

test('a private key is not shown', () => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n';
  const words = 'this is a private key, not a host matrix; the key belongs in the input ssh-private-key';
  expect(wrong(key)).toBe(`input hosts: ${words}`);
  expect(wrong(Buffer.from(key).toString('base64'))).toBe(`input hosts (decoded from base64): ${words}`);
});

test('nor what looks like a key', () => {
  expect(wrong(`build1 4 c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2Vj0`)).toMatch(
    /^input hosts, line 1, column 10: there is something behind the number of jobs: "\(hidden\)"\n/,
  );
});

test('a text that no farm needs', () => {
  expect(wrong('a 1\n'.repeat(300_000))).toBe('input hosts: it is too long for a host matrix (above 1 MiB)');
});
