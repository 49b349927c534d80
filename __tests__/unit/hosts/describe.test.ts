import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describeMatrix } from '../../../src/hosts/describe.ts';
import { chooseGroup } from '../../../src/hosts/group.ts';
import { parseMatrix } from '../../../src/hosts/matrix.ts';
import { privateFields } from '../../../src/hosts/private-fields.ts';
import type { Host } from '../../../src/model/host.ts';

const fixtures = join(import.meta.dirname, '../../fixtures/hosts');

function withoutLines(hosts: readonly Host[]): unknown[] {
  return hosts.map((host) => ({
    ...host,
    line: 0,
    setup: host.setup === '' ? '' : '(hidden)',
    environment: Object.fromEntries(Object.keys(host.environment).map((name) => [name, '(hidden)'])),
  }));
}

test.each(['makehosts.txt', 'dmakerc.txt', 'dpb.txt', 'matrix.yaml', 'line.json', 'list.json'])(
  'what is printed of %s is read as the same hosts, without the values of variables',
  (file) => {
    const matrix = parseMatrix(readFileSync(join(fixtures, file), 'utf8'), file);
    const hosts = chooseGroup(matrix, undefined, file);
    const text = describeMatrix(hosts, matrix.groups, matrix.makeArguments);
    expect(text).not.toContain('s3cret');
    const again = parseMatrix(text, 'printed');
    expect(again).toMatchObject({ format: 'yaml', makeArguments: matrix.makeArguments });
    expect(withoutLines(again.hosts)).toEqual(withoutLines(hosts));
    expect(withoutLines(chooseGroup(again, undefined, 'x'))).toEqual(withoutLines(hosts));
  },
);

test('what is as everywhere is left out, and the runner is called so', () => {
  const { hosts } = parseMatrix('me { jobs = 3 }\nci@b:22', 'x', { format: 'dmakerc', runner: { name: 'me' } });
  expect(describeMatrix(hosts)).toBe(
    'hosts:\n' +
      '  - address: localhost\n    name: me\n    slots: 3\n    needs-owners-file: true\n' +
      '  - address: ci@b:22\n    slots: 2\n    needs-owners-file: true\n',
  );
});

test.each([
  ['- ci@build1:22 4', []],
  ['- {address: "ci@build1:22", name: one}', ['ci@build1:22', 'ci@build1', 'build1:22', 'build1']],
  ['- {address: "[2001:db8::7]", name: one}', ['[2001:db8::7]', '2001:db8::7']],
  ['- {address: build1, name: build1-a}', []],
  ['- {address: b, name: one}', []],
  ['- {address: localhost, name: one}', []],
  ['- {address: build1, jump: [gate, build1]}', ['gate']],
  [
    '- {address: build1, identity: ~/.ssh/key, environment: {A: s3cret, B: abc, C: build1}}',
    ['s3cret', 'build1', '~/.ssh/key', '/home/me/.ssh/key'],
  ],
  ['- {address: Farm.Example, name: one}', ['Farm.Example', 'farm.example']],
])('private in %s', (text, fields) => {
  expect(privateFields(parseMatrix(text, 'x').hosts, '/home/me')).toEqual(fields);
});
