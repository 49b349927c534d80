import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseMatrix } from '../../../src/hosts/matrix.ts';
import { UserError } from '../../../src/util/user-error.ts';

const FORM =
  'A line is "[user@]name[:port] N", N being the jobs it may run at one time, such as "ci@build1.example.org:2222 8"; ' +
  'an IPv6 address goes in brackets: "[2001:db8::7]:2222 8".';

function failure(text: string, source = 'input hosts'): string {
  try {
    parseMatrix(text, source);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('good matrices', () => {
  test('every part of a line', () => {
    expect(parseMatrix('ci@build1.example.org:2222 8', 'x')).toEqual([
      {
        name: 'ci@build1.example.org:2222',
        address: 'build1.example.org',
        user: 'ci',
        port: 2222,
        slots: 8,
        local: false,
        line: 1,
      },
    ]);
  });

  test.each([
    ['build1 4', { name: 'build1', address: 'build1', user: undefined, port: 22, slots: 4, local: false }],
    ['10.0.0.7:2222 1', { name: '10.0.0.7:2222', address: '10.0.0.7', port: 2222 }],
    ['[::1]:2222 4', { name: '[::1]:2222', address: '::1', port: 2222 }],
    ['ci@[fe80::1%eth0] 4', { name: 'ci@[fe80::1%eth0]', address: 'fe80::1%eth0', user: 'ci', port: 22 }],
    ['ann@example.org@build1 2', { address: 'build1', user: 'ann@example.org' }],
    ['localhost 3', { local: true, slots: 3 }],
    ['localhost:22 3', { local: false }],
    ['root@localhost 3', { local: false }],
    ['127.0.0.1 3', { local: false }],
    ['\t build1 \t 004 \t# the fast one', { name: 'build1', slots: 4 }],
    ['build1 9999', { slots: 9999 }],
    ['build1 4 #', { slots: 4 }],
    ['my_host-2 4', { address: 'my_host-2' }],
  ])('%s', (line, host) => {
    expect(parseMatrix(line, 'x')).toMatchObject([host]);
  });

  test('order, blank lines, comments, CRLF and a byte order mark', () => {
    const hosts = parseMatrix('\ufeff# my hosts\r\n\r\nb 2\r\n   \r\n\t# off: c 3\r\na 1\r\n', 'x');
    expect(hosts.map(({ name, slots, line }) => [name, slots, line])).toEqual([
      ['b', 2, 3],
      ['a', 1, 6],
    ]);
  });

  test('the runner itself and its sshd are two hosts, and so are two users', () => {
    expect(parseMatrix('localhost 1\nlocalhost:22 1\na@localhost 1\nb@localhost 1', 'x')).toHaveLength(4);
  });
});

describe('base64', () => {
  const plain = '# two\nci@build1:2222 8\nbuild2 4\n';

  test.each([
    ['on one line', Buffer.from(plain).toString('base64')],
    ['with a newline at the end', `${Buffer.from(plain).toString('base64')}\n`],
    ['without padding', Buffer.from(plain).toString('base64').replace(/=+$/, '')],
  ])('%s', (_, text) => {
    expect(parseMatrix(text, 'x')).toEqual(parseMatrix(plain, 'x'));
  });

  test('errors count the lines of the plain text', () => {
    expect(failure(Buffer.from('build1 4\nbuild2 0\n').toString('base64'))).toBe(
      'input hosts (decoded from base64), line 2: the number of jobs is zero: leave the host out instead\n' + FORM,
    );
  });

  test.each(['build1', 'abcd', 'deadbeef', 'localhost', 'QUJD'])('a name alone is not taken for base64: %s', (name) => {
    expect(failure(name)).toBe(`input hosts, line 1: the number of jobs is missing after "${name}"\n${FORM}`);
  });
});

describe('bad matrices', () => {
  test.each([
    ['build1', 'the number of jobs is missing after "build1"'],
    ['build1 # 4', 'the number of jobs is missing after "build1"'],
    ['build1 0', 'the number of jobs is zero: leave the host out instead'],
    ['build1 -2', 'the number of jobs is negative: "-2"'],
    ['build1 four', 'the number of jobs is not a number: "four"'],
    ['build1 4.5', 'the number of jobs is not a number: "4.5"'],
    ['build1 +4', 'the number of jobs is not a number: "+4"'],
    ['build1 0x4', 'the number of jobs is not a number: "0x4"'],
    ['build1 4#fast', 'the number of jobs is not a number: "4#fast"'],
    ['build1 4\u00a0', 'the number of jobs is not a number: "4\\xa0"'],
    ['build1 10000', 'the number of jobs is above 9999: "10000"'],
    ['build1 4 8', 'there is something behind the number of jobs: "8"'],
    ['build1:0 4', 'the port must be a number from 1 to 65535, not "0"'],
    ['build1:65536 4', 'the port must be a number from 1 to 65535, not "65536"'],
    ['build1:ssh 4', 'the port must be a number from 1 to 65535, not "ssh"'],
    ['build1: 4', 'the port must be a number from 1 to 65535, not ""'],
    ['build1:-1 4', 'the port must be a number from 1 to 65535, not "-1"'],
    ['[::1]: 4', 'the port must be a number from 1 to 65535, not ""'],
    ['@build1 4', 'the user before "@" is missing in "@build1"'],
    ['ci@ 4', 'the name of the host is missing in "ci@"'],
    [':22 4', 'the name of the host is missing in ":22"'],
    ['[]:22 4', 'the name of the host is missing in "[]:22"'],
    ['::1 4', 'an IPv6 address must be in brackets: "::1"'],
    ['ci@fe80::1:2222 4', 'an IPv6 address must be in brackets: "fe80::1:2222"'],
    ['[build1]:22 4', '"build1" in brackets is no IPv6 address'],
    ['[::1 4', 'an IPv6 address must be in brackets: "[::1"'],
    ['-oProxyCommand=x 4', '"-oProxyCommand=x" cannot be the name of a host'],
    ['-l@build1 4', '"-l" cannot be the name of a user'],
    ['a;b@build1 4', '"a;b" cannot be the name of a user'],
    ['ssh://build1 4', 'the port must be a number from 1 to 65535, not "//build1"'],
    ['bu$ild 4', '"bu$ild" cannot be the name of a host'],
    ['.. 4', '".." cannot be the name of a host'],
    ['build1\x1b[2J 4', 'there is a control character in it: "\\x1b"'],
    ['build1 4\rbuild2 4', 'there is a control character in it: "\\x0d"'],
    [`${'x'.repeat(50)}`, `the number of jobs is missing after "${'x'.repeat(40)}…"`],
  ])('%j', (line, problem) => {
    expect(failure(`good 1\n\n${line}`)).toBe(`input hosts, line 3: ${problem}\n${FORM}`);
  });

  test.each([
    ['a 1\nb 2\na 3', '"a" is there twice, first on line 1: one line with the sum will do'],
    ['a 1\nb 2\nA:22 3', '"A:22" is there twice, first on line 1: one line with the sum will do'],
    ['u@[::1]:9 1\n\nu@[::1]:9 3', '"u@[::1]:9" is there twice, first on line 1: one line with the sum will do'],
  ])('a host twice: %j', (text, problem) => {
    expect(failure(text)).toBe(`input hosts, line 3: ${problem}\n${FORM}`);
  });

  test.each(['', '\n\n', '# nothing\n'])('no host at all: %j', (text) => {
    expect(failure(text, '/home/u/.makehosts')).toBe(`/home/u/.makehosts: there is no host in it\n${FORM}`);
  });

  test('all bad lines are named, up to ten', () => {
    expect(failure('a\nb 1\nc 0')).toBe(
      'input hosts, line 1: the number of jobs is missing after "a"\n' +
        `input hosts, line 3: the number of jobs is zero: leave the host out instead\n${FORM}`,
    );
    const lines = failure(Array.from({ length: 13 }, (_, index) => `h${index}`).join('\n')).split('\n');
    expect(lines).toHaveLength(12);
    expect(lines[9]).toBe('input hosts, line 10: the number of jobs is missing after "h9"');
    expect(lines[10]).toBe('input hosts: 3 more bad lines');
  });

  test('a private key is not shown', () => {
    const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n';
    const words = 'this is a private key, not a host matrix; the key belongs in the input ssh-private-key';
    expect(failure(key)).toBe(`input hosts: ${words}`);
    expect(failure(Buffer.from(key).toString('base64'))).toBe(`input hosts (decoded from base64): ${words}`);
  });
});

describe('properties', () => {
  const name = fc.stringMatching(/^[a-z0-9_][a-z0-9_.-]{0,20}$/);
  const line = fc.record({
    user: fc.option(fc.stringMatching(/^[a-z_][a-z0-9_+.-]{0,8}$/), { nil: undefined }),
    address: fc.oneof(name, fc.ipV4(), fc.ipV6()),
    port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
    slots: fc.integer({ min: 1, max: 9999 }),
  });

  test('what is written is what is read, plain and as base64', () => {
    fc.assert(
      fc.property(fc.uniqueArray(line, { selector: ({ address }) => address, minLength: 1 }), (entries) => {
        const text = entries
          .map(({ user, address, port, slots }) => {
            const place = address.includes(':') ? `[${address}]` : address;
            return `${user === undefined ? '' : `${user}@`}${place}${port === undefined ? '' : `:${port}`}  ${slots}`;
          })
          .join('\n');
        const hosts = parseMatrix(text, 'x');
        expect(hosts.map(({ user, address, port, slots }) => ({ user, address, port, slots }))).toEqual(
          entries.map((entry) => ({ ...entry, port: entry.port ?? 22 })),
        );
        expect(parseMatrix(Buffer.from(text).toString('base64'), 'x')).toEqual(hosts);
      }),
    );
  });

  test('whatever the text: hosts that are safe to use, or a UserError', () => {
    const piece = fc.oneof(
      fc.constantFrom(' ', '\t', '\n', '\r\n', '@', ':', '[', ']', '-', '#', '0', '4', 'host'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = pieces.join('');
        if (failure(text) !== 'no error') return;
        for (const host of parseMatrix(text, 'x')) {
          expect(`${host.user ?? 'u'} ${host.address}`).toMatch(/^[\w.][\w.+@-]* [\w:.][\w.:%-]*$/);
          expect(host.slots).toBeGreaterThanOrEqual(1);
          expect(host.port).toBeGreaterThanOrEqual(1);
          expect(host.port).toBeLessThanOrEqual(65535);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
