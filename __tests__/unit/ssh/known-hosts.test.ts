import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fingerprint, hostKeyAlgorithms, hostLabel, keyType, knownHostsLine } from '../../../src/ssh/host-key.ts';
import { describeRefusal } from '../../../src/ssh/host-key-refusal.ts';
import { KnownHosts, readKnownHosts } from '../../../src/ssh/known-hosts.ts';

let directory: string;
/** Public keys of ssh-keygen: `type base64`. */
const publicKeys = new Map<string, string>();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'known-hosts-'));
  for (const type of ['ed25519', 'ecdsa', 'rsa']) {
    const file = join(directory, type);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', file]);
    publicKeys.set(type, readFileSync(`${file}.pub`, 'latin1').trim());
  }
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** A well-formed Ed25519 key blob that nobody has the private half of. */
function someKey(seed = randomBytes(32)): Buffer {
  return Buffer.concat([string('ssh-ed25519'), string(seed)]);
}

function string(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function written(key: Buffer): string {
  return `ssh-ed25519 ${key.toString('base64')}`;
}

const at = (address: string, port = 22) => ({ address, port });
const [A, B] = [someKey(Buffer.alloc(32, 1)), someKey(Buffer.alloc(32, 2))];
const verdict = (text: string, host: { address: string; port: number }, key = A) =>
  KnownHosts.parse(text, 'kh').check(host, key);

describe('check', () => {
  test.each([
    ['build1', at('build1'), 'known'],
    ['build1', at('BUILD1'), 'known'],
    ['Build1', at('build1'), 'known'],
    ['build1', at('build2'), 'unknown'],
    ['build2,build1,10.0.0.7', at('10.0.0.7'), 'known'],
    ['[build1]:2222', at('build1', 2222), 'known'],
    ['[build1]:2222', at('build1'), 'unknown'],
    ['[build1]:2222', at('build1', 2223), 'unknown'],
    ['::1', at('::1'), 'known'],
    ['[::1]:2222', at('::1', 2222), 'known'],
    ['*.example.org', at('a.b.example.org'), 'known'],
    ['*.example.org', at('example.org'), 'unknown'],
    ['build?', at('build7'), 'known'],
    ['build?', at('build'), 'unknown'],
    ['*', at('anything', 2222), 'known'],
    ['[*]:2222', at('anything', 2222), 'known'],
    ['*.example.org,!bad.example.org', at('good.example.org'), 'known'],
    ['*.example.org,!bad.example.org', at('bad.example.org'), 'unknown'],
    ['!bad.example.org,*.example.org', at('bad.example.org'), 'unknown'],
    ['a.c', at('abc'), 'unknown'],
  ])('names %s, host %j: %s', (names, host, expected) => {
    expect(verdict(`${names} ${written(A)} comment here`, host).verdict).toBe(expected);
  });

  test('a host may have several keys', () => {
    const text = `h ${written(A)}\nh ${written(B)}`;
    expect([verdict(text, at('h'), A), verdict(text, at('h'), B)]).toEqual([
      { verdict: 'known' },
      { verdict: 'known' },
    ]);
  });

  test('another key is a change, and the line of the old one is named', () => {
    expect(verdict(`# mine\n\nh ${written(B)}\n`, at('h'))).toEqual({
      verdict: 'changed',
      source: 'kh',
      line: 3,
      old: B,
    });
  });

  test('the old key named is one of the same type when there is one', () => {
    const text = `h ${publicKeys.get('rsa') ?? ''}\nh ${written(B)}`;
    expect(verdict(text, at('h'))).toMatchObject({ verdict: 'changed', line: 2 });
    expect(verdict(`h ${publicKeys.get('rsa') ?? ''}`, at('h'))).toMatchObject({ verdict: 'changed', line: 1 });
  });

  test('a revoked key stays revoked, wherever else it is listed', () => {
    const text = `h ${written(A)}\n@revoked * ${written(A)}\n`;
    expect(verdict(text, at('h'))).toEqual({ verdict: 'revoked', source: 'kh', line: 2 });
    expect(verdict(text, at('h', 2222))).toEqual({ verdict: 'revoked', source: 'kh', line: 2 });
    expect(verdict(`@revoked other ${written(A)}\nh ${written(A)}`, at('h'))).toEqual({ verdict: 'known' });
    expect(verdict(`@revoked * ${written(B)}\nh ${written(A)}`, at('h'))).toEqual({ verdict: 'known' });
  });

  test('a certificate authority makes no key known, and none changed', () => {
    const text = `@cert-authority *.example.org ${written(A)}`;
    expect(verdict(text, at('a.example.org'))).toEqual({
      verdict: 'unknown',
      source: 'kh',
      authority: { source: 'kh', line: 1 },
    });
    expect(verdict(text, at('a.example.org'), B)).toEqual({
      verdict: 'unknown',
      source: 'kh',
      authority: { source: 'kh', line: 1 },
    });
    expect(verdict(text, at('h'))).toEqual({ verdict: 'unknown', source: 'kh', authority: undefined });
  });

  test('the key of the host without a port serves its other ports, unless they have their own', () => {
    expect(verdict(`h ${written(A)}`, at('h', 2222))).toEqual({ verdict: 'known' });
    expect(verdict(`h ${written(B)}`, at('h', 2222)).verdict).toBe('unknown');
    expect(verdict(`h ${written(A)}\n[h]:2222 ${written(B)}`, at('h', 2222))).toMatchObject({
      verdict: 'changed',
      line: 2,
    });
  });

  test('CRLF, indentation, tabs and a byte order mark', () => {
    const known = KnownHosts.parse(`\ufeff# x\r\n \th\t${written(A)}\r\n`, 'kh');
    expect(known.check(at('h'), A)).toEqual({ verdict: 'known' });
    expect(known.badLines).toEqual([]);
  });
});

describe('bad lines', () => {
  const base64 = A.toString('base64');
  test.each([
    ['h'],
    ['h ssh-ed25519'],
    [`h ${base64}`],
    [`h ssh-rsa ${base64}`],
    [`h ssh-ed25519 ${base64.slice(0, -8)}`],
    ['h ssh-ed25519 ????'],
    [`@trusted h ssh-ed25519 ${base64}`],
    [`@none h ssh-ed25519 ${base64}`],
    [`|1|AAAA|AAAA ssh-ed25519 ${base64}`],
    [`|2|x|y ssh-ed25519 ${base64}`],
    ['h 1024 35 1234567'],
  ])('%s', (line) => {
    const known = KnownHosts.parse(`# first\n${line}\nother ${written(A)}`, 'kh');
    expect(known.badLines).toEqual([2]);
    expect(known.check(at('h'), A)).toEqual({ verdict: 'unknown', source: 'kh', authority: undefined });
    expect(known.check(at('other'), A)).toEqual({ verdict: 'known' });
  });
});

describe('against ssh-keygen', () => {
  /** The lines that `ssh-keygen -F` finds for a host. */
  function found(file: string, label: string): number[] {
    const { stdout } = spawnSync('ssh-keygen', ['-F', label, '-f', file], { encoding: 'latin1' });
    return [...stdout.matchAll(/^# Host .* found: line (\d+)/gm)].map((match) => Number(match[1]));
  }

  test('fingerprint and type', () => {
    for (const [type, text] of publicKeys) {
      const key = Buffer.from(text.split(' ')[1] ?? '', 'base64');
      const printed = execFileSync('ssh-keygen', ['-lf', join(directory, `${type}.pub`)], { encoding: 'latin1' });
      expect(printed.split(' ')[1]).toBe(fingerprint(key));
      expect(keyType(key)).toBe(text.split(' ')[0]);
    }
  });

  test.each([at('build1.example.org'), at('build1', 2222), at('2001:db8::7'), at('::1', 2222), at('Build1')])(
    'the line to add is one that finds %j, hashed too',
    (host) => {
      const file = join(directory, 'added');
      const key = Buffer.from(publicKeys.get('ecdsa')?.split(' ')[1] ?? '', 'base64');
      writeFileSync(file, `${knownHostsLine(host, key)}\n`);
      expect(found(file, hostLabel(host))).toEqual([1]);
      expect(KnownHosts.parse(readFileSync(file, 'latin1'), 'kh').check(host, key)).toEqual({ verdict: 'known' });

      execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
      const hashed = readFileSync(file, 'latin1');
      expect(hashed).toMatch(/^\|1\|/);
      expect(found(file, hostLabel(host))).toEqual([1]);
      expect(KnownHosts.parse(hashed, 'kh').check(host, key)).toEqual({ verdict: 'known' });
      expect(KnownHosts.parse(hashed, 'kh').check({ ...host, port: 4 }, key).verdict).not.toBe('changed');
      expect(KnownHosts.parse(hashed, 'kh').check({ ...host, address: 'other' }, key).verdict).toBe('unknown');
    },
  );

  test('any names: the same lines are about a host', () => {
    const letters = fc.constantFrom('a', 'b', 'A', '.', '*', '?', '-');
    const name = fc.array(letters, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    const pattern = fc
      .tuple(fc.constantFrom('', '', '', '!'), name, fc.constantFrom('', '', 'port'))
      .map(([not, text, port]) => `${not}${port === '' ? text : `[${text}]:22${text.length}`}`);
    const names = fc.array(pattern, { minLength: 1, maxLength: 3 }).map((patterns) => patterns.join(','));
    const line = fc.tuple(fc.constantFrom('', '', '# ', ' ', 'bad '), names);
    const host = fc.record({
      address: fc.stringMatching(/^[ab][ab.-]{0,4}$/),
      port: fc.constantFrom(22, 22, 221, 222, 223),
    });
    const file = join(directory, 'generated');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), host, fc.boolean(), (lines, place, hash) => {
        const keys = lines.map(() => someKey());
        const text = lines.map(([lead, field], index) => `${lead}${field} ${written(keys[index] ?? A)}\n`).join('');
        writeFileSync(file, text);
        if (hash) spawnSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
        // Hashing splits lines of several names and drops none: look at the file as it is now.
        const now = readFileSync(file, 'latin1');
        const known = KnownHosts.parse(now, 'kh');
        const expected = new Set(found(file, hostLabel(place)));
        const keyLines = now.split('\n').map((content) => /ssh-ed25519 (\S+)/.exec(content)?.[1]);
        for (const base64 of new Set(keyLines)) {
          if (base64 === undefined) continue;
          const about = keyLines.some((other, index) => other === base64 && expected.has(index + 1));
          const answer = known.check(place, Buffer.from(base64, 'base64')).verdict;
          // The key of the host without a port is the one thing that -F does not look for.
          const portless =
            expected.size === 0 &&
            place.port !== 22 &&
            found(file, place.address).some((n) => keyLines[n - 1] === base64);
          expect(answer === 'known').toBe(about || portless);
          if (!about && !portless) expect(answer).toBe(expected.size > 0 ? 'changed' : 'unknown');
        }
      }),
      { numRuns: 120 },
    );
  }, 60_000);
});

describe('key types', () => {
  test('those of the host, each once, in the order of the lines', () => {
    const text = ['rsa', 'ed25519'].map((type) => `h ${publicKeys.get(type) ?? ''}\n`).join('') + `h ${written(A)}\n`;
    const known = KnownHosts.parse(`${text}@revoked h ${publicKeys.get('ecdsa') ?? ''}\n[h]:22 x y`, 'kh');
    expect(known.keyTypesFor(at('h'))).toEqual(['ssh-rsa', 'ssh-ed25519']);
    expect(known.keyTypesFor(at('h', 2222))).toEqual(['ssh-rsa', 'ssh-ed25519']);
    expect(known.keyTypesFor(at('other'))).toEqual([]);
  });

  test('the known ones are offered first, RSA by its better signatures', () => {
    expect(hostKeyAlgorithms([])[0]).toBe('ssh-ed25519');
    expect(hostKeyAlgorithms(['ssh-rsa', 'sk-unheard-of'])).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
    ]);
    expect(hostKeyAlgorithms(['ssh-rsa', 'ecdsa-sha2-nistp384']).slice(0, 2)).toEqual([
      'ecdsa-sha2-nistp384',
      'rsa-sha2-512',
    ]);
  });

  test.each([
    [Buffer.alloc(0)],
    [Buffer.from([0, 0])],
    [string('')],
    [string('a\nb')],
    [Buffer.from([255, 255, 255, 255, 65])],
  ])('a blob without one: %j', (blob) => {
    expect(keyType(blob)).toBeUndefined();
  });
});

describe('what people read', () => {
  const host = at('build1', 2222);
  const check = 'Compare it with what "ssh-keygen -lf" says of the key in /etc/ssh on the host';

  function refusal(text: string): string {
    const answer = KnownHosts.parse(text, 'the input known-hosts').check(host, A);
    return answer.verdict === 'known' ? 'known' : describeRefusal(answer, host, A);
  }

  test('unknown: the line to add, alone on its line', () => {
    expect(refusal('')).toBe(
      `its host key is not known: ssh-ed25519 ${fingerprint(A)} is not in the input known-hosts. ${check}; ` +
        `if it is the right one, add this line to the input known-hosts:\n[build1]:2222 ${written(A)}`,
    );
    const file = KnownHosts.parse('', '/home/u/.ssh/known_hosts').check(host, A);
    expect(file.verdict === 'known' ? '' : describeRefusal(file, host, A)).toContain(
      'add this line to the input known-hosts, or to /home/u/.ssh/known_hosts:\n',
    );
    expect(refusal(`@cert-authority * ${written(B)}`)).toContain(
      'is not in the input known-hosts (the certificate authority on line 1 of the input known-hosts does not count: certificates are not supported; ',
    );
  });

  test('changed: the old line, and a warning', () => {
    expect(refusal(`\n[build1]:2222 ${written(B)}`)).toBe(
      `its host key has changed: it shows ssh-ed25519 ${fingerprint(A)}, but line 2 of the input known-hosts has ` +
        `ssh-ed25519 ${fingerprint(B)}. Someone may be posing as this host, or it was set up anew. ${check}; ` +
        `only if it is the right one, put this line in the place of line 2:\n[build1]:2222 ${written(A)}`,
    );
  });

  test('revoked', () => {
    expect(refusal(`@revoked * ${written(A)}`)).toBe(
      `its host key is revoked: line 1 of the input known-hosts forbids ssh-ed25519 ${fingerprint(A)}. ` +
        'Give the host a new key; this one must not be trusted any more',
    );
  });

  test('a blob that is no key cannot put anything into the message', () => {
    const evil = string('x\n::error::y');
    const answer = KnownHosts.parse('', 'kh').check(host, evil);
    expect(answer.verdict === 'known' ? '' : describeRefusal(answer, host, evil)).not.toContain('::error');
  });
});

describe('a file of them', () => {
  test('is read; one that is missing knows no host', async () => {
    const file = join(directory, 'some_hosts');
    expect((await readKnownHosts(file)).check(at('h'), A)).toMatchObject({ verdict: 'unknown', source: file });
    writeFileSync(file, `h ${written(A)}\n`);
    expect((await readKnownHosts(file)).check(at('h'), A)).toEqual({ verdict: 'known' });
  });

  test('that cannot be read is an error', async () => {
    await expect(readKnownHosts(directory)).rejects.toThrow(
      `${directory} cannot be read (EISDIR); the input known-hosts would be used instead`,
    );
  });
});

test('several texts count as one, and each is named for its own lines', () => {
  const known = KnownHosts.join([
    KnownHosts.parse(`h ${written(A)}\n`, 'one'),
    KnownHosts.parse(`g ${written(B)}`, 'two'),
  ]);
  expect(known.check(at('h'), A)).toEqual({ verdict: 'known' });
  expect(known.check(at('g'), A)).toMatchObject({ verdict: 'changed', source: 'two', line: 1 });
  expect(known.check(at('i'), A)).toMatchObject({ verdict: 'unknown', source: 'one' });
});

test('a line that is added stands behind the others', () => {
  const known = KnownHosts.parse(`# nothing\ng ${written(B)}`, 'file');
  known.add(`h ${written(A)}`);
  expect(known.check(at('h'), B)).toMatchObject({ verdict: 'changed', source: 'file', line: 3 });
});

test('any text parses, and what it says of a host never throws', () => {
  const piece = fc.oneof(
    fc.constantFrom(' ', '\n', '@revoked ', '|1|', 'h', '*', '!', ',', '#', 'ssh-ed25519 ', A.toString('base64')),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, address) => {
      const known = KnownHosts.parse(pieces.join(''), 'kh');
      expect(['known', 'unknown', 'changed', 'revoked']).toContain(known.check(at(address), A).verdict);
    }),
    { numRuns: 500 },
  );
});
