import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import ssh2 from 'ssh2';
import { loadKeys, type Credentials } from '../../../src/ssh/keys.ts';
import { UserError } from '../../../src/util/user-error.ts';

const PHRASE = 'corréct horse';
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'keys-'));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

const made = new Map<string, { secret: string; open: string }>();

/** A key pair made by ssh-keygen with these arguments; the same one for the same arguments. */
function keygen(type: string, ...more: string[]): { secret: string; open: string } {
  const id = [type, ...more].join(' ');
  let pair = made.get(id);
  if (pair === undefined) {
    const file = join(directory, `key${made.size}`);
    const phrase = more.includes('-N') ? [] : ['-N', ''];
    execFileSync('ssh-keygen', ['-q', '-t', type, ...more, ...phrase, '-C', 'me', '-f', file]);
    pair = { secret: readFileSync(file, 'latin1'), open: readFileSync(`${file}.pub`, 'latin1') };
    made.set(id, pair);
  }
  return pair;
}

function load(text: string | undefined, passphrase?: string): Promise<Credentials> {
  return loadKeys({ text, passphrase, agentSocket: undefined, home: '/nonexistent' });
}

async function failure(text: string, passphrase?: string): Promise<string> {
  return load(text, passphrase).then(
    () => 'no error',
    (error: unknown) => {
      if (error instanceof UserError) return error.message;
      throw error;
    },
  );
}

/** Public halves of what was loaded, as base64; every key must also sign. */
function publicHalves({ keys }: Credentials): string[] {
  return keys.map(({ key }) => {
    const verifier = ssh2.utils.parseKey(key.getPublicSSH());
    expect(verifier instanceof Error || verifier.verify('data', key.sign('data'))).toBe(true);
    return key.getPublicSSH().toString('base64');
  });
}

const halfOf = (open: string): string => open.split(' ')[1] ?? '';

describe('every form that ssh-keygen writes', () => {
  test.each([
    ['ed25519'],
    ['ecdsa'],
    ['ecdsa', '-b', '384'],
    ['ecdsa', '-b', '521'],
    ['rsa', '-b', '2048'],
    ['ecdsa', '-m', 'PEM'],
    ['rsa', '-b', '2048', '-m', 'PEM'],
    ['ecdsa', '-m', 'PKCS8'],
    ['rsa', '-b', '2048', '-m', 'PKCS8'],
    ['ed25519', '-Z', 'aes256-gcm@openssh.com', '-N', PHRASE],
    ['ed25519', '-N', PHRASE],
    ['rsa', '-b', '2048', '-N', PHRASE],
    ['ecdsa', '-m', 'PEM', '-N', PHRASE],
    ['rsa', '-b', '2048', '-m', 'PEM', '-N', PHRASE],
    ['ecdsa', '-m', 'PKCS8', '-N', PHRASE],
    ['rsa', '-b', '2048', '-m', 'PKCS8', '-N', PHRASE],
  ])('%s %s %s %s %s %s %s', async (type, ...more) => {
    const { secret, open } = keygen(type, ...more);
    const credentials = await load(secret, PHRASE);
    expect(publicHalves(credentials)).toEqual([halfOf(open)]);
    const file = join(directory, 'shown.pub');
    writeFileSync(file, open);
    const shown = execFileSync('ssh-keygen', ['-lf', file], { encoding: 'latin1' }).split(' ')[1];
    expect(credentials.keys[0]).toMatchObject({ fingerprint: shown, source: 'input ssh-private-key, key 1' });

    if (!more.includes('-N')) return;
    expect(await failure(secret)).toBe(
      'input ssh-private-key, key 1 (line 1) is encrypted, and no passphrase is given (input ssh-passphrase)',
    );
    expect(await failure(secret, '')).toBe(await failure(secret));
    expect(await failure(secret, 'wrong')).toBe(
      'input ssh-private-key, key 1 (line 1) cannot be decrypted: the passphrase (input ssh-passphrase) is not the right one',
    );
  });
});

test('Ed25519 in PKCS #8, plain and encrypted, is read as OpenSSL writes it', async () => {
  const pair = generateKeyPairSync('ed25519');
  const { x } = pair.publicKey.export({ format: 'jwk' });
  const plain = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const locked = pair.privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PHRASE })
    .toString();
  for (const text of [plain, locked]) {
    const credentials = await load(text, PHRASE);
    publicHalves(credentials);
    expect(credentials.keys[0]?.key.getPublicSSH().subarray(-32).toString('base64url')).toBe(x);
  }
  expect(await failure(locked, 'wrong')).toContain('is not the right one');
});

describe('what happens to secrets on the way', () => {
  const mangled: [string, (text: string) => string][] = [
    ['CRLF', (text) => text.replaceAll('\n', '\r\n')],
    ['old Mac newlines', (text) => text.replaceAll('\n', '\r')],
    ['no newline at the end', (text) => text.trimEnd()],
    ['newlines spelled out', (text) => text.replaceAll('\n', '\\n')],
    ['newlines spelled out twice over', (text) => text.replaceAll('\n', '\\\\r\\\\n')],
    ['newlines became blanks', (text) => text.replaceAll('\n', ' ')],
    ['indented', (text) => text.replace(/^/gm, '    ')],
    ['blank lines between', (text) => text.replaceAll('\n', '\n\n')],
    ['in quotes, as JSON', (text) => JSON.stringify(text)],
    ['base64 as a whole', (text) => Buffer.from(text).toString('base64')],
    ['base64 as a whole, in lines', (text) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\n')],
  ];
  const forms: Parameters<typeof keygen>[] = [
    ['ed25519'],
    ['ecdsa', '-m', 'PKCS8'],
    ['rsa', '-b', '2048', '-m', 'PEM', '-N', PHRASE],
  ];

  test.each(mangled)('%s', async (_, mangle) => {
    for (const form of forms) {
      const { secret, open } = keygen(...form);
      expect(publicHalves(await load(mangle(secret), PHRASE))).toEqual([halfOf(open)]);
    }
  });

  test('newlines lost altogether', async () => {
    const { secret, open } = keygen('ed25519');
    expect(publicHalves(await load(secret.replaceAll('\n', '')))).toEqual([halfOf(open)]);
  });
});

describe('several keys in one text', () => {
  test('in their order, with comments and public halves between them, each once', async () => {
    const [a, b, c] = [keygen('ed25519'), keygen('ecdsa', '-m', 'PEM'), keygen('rsa', '-b', '2048', '-N', PHRASE)];
    const text = ['# first', a.secret, a.open, b.secret.trimEnd(), c.secret, a.secret].join('\n');
    const credentials = await load(text, PHRASE);
    expect(publicHalves(credentials)).toEqual([a, b, c].map(({ open }) => halfOf(open)));
    expect(credentials.keys.map(({ source }) => source)).toEqual(
      [1, 2, 3].map((n) => `input ssh-private-key, key ${n}`),
    );
    expect(credentials.agent).toBeUndefined();
  });

  test('every wrong one is named with its number and line', async () => {
    const good = keygen('ed25519').secret;
    const lines = good.trimEnd().split('\n').length;
    const cut = good.slice(0, -60);
    const damaged = good.replace(/^b3Blbn/m, 'b3BlbX');
    expect(await failure(`${cut}\n${good}\n${damaged}`)).toBe(
      'input ssh-private-key, key 1 (line 1) is cut off: "-----END OPENSSH PRIVATE KEY-----" is missing\n' +
        `input ssh-private-key, key 3 (line ${cut.split('\n').length + lines + 2}) is damaged: it cannot be read as a private key`,
    );
  });

  test('openssl ecparam writes the parameters in front: they are no key', async () => {
    const { secret, open } = keygen('ecdsa', '-m', 'PEM');
    const text = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${secret}`;
    const credentials = await load(text);
    expect(publicHalves(credentials)).toEqual([halfOf(open)]);
    expect(credentials.keys[0]?.source).toBe('input ssh-private-key, key 1');
  });
});

describe('what is no private key', () => {
  const prefix = 'input ssh-private-key';
  test.each([
    [
      'hello',
      `${prefix}: there is no private key in it: it must have a line such as "-----BEGIN OPENSSH PRIVATE KEY-----"`,
    ],
    [
      'ssh-ed25519 AAAAC3Nz me',
      `${prefix}: this is a public key: the private half is needed (the file without ".pub")`,
    ],
    [
      'ecdsa-sha2-nistp256 AAAAE2Vj',
      `${prefix}: this is a public key: the private half is needed (the file without ".pub")`,
    ],
    [
      'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n',
      `${prefix}: this is a key of PuTTY: convert it with "puttygen KEY.ppk -O private-openssh -o KEY"`,
    ],
    [
      '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----',
      `${prefix}, key 1 (line 1) is a public key ("PUBLIC KEY"): the private half is needed`,
    ],
    [
      '\n-----BEGIN CERTIFICATE-----\nMCow\n-----END CERTIFICATE-----',
      `${prefix}, key 1 (line 2) is a public key ("CERTIFICATE"): the private half is needed`,
    ],
    [
      '-----BEGIN DSA PRIVATE KEY-----\nMCow\n-----END DSA PRIVATE KEY-----',
      `${prefix}, key 1 (line 1) is a DSA key, which ssh servers no longer take: use Ed25519, ECDSA or RSA`,
    ],
    [
      '-----BEGIN PGP PRIVATE KEY BLOCK-----\nMCow\n-----END PGP PRIVATE KEY BLOCK-----',
      `${prefix}, key 1 (line 1) is of an unknown form ("PGP PRIVATE KEY BLOCK"): use an OpenSSH or PEM private key`,
    ],
    ['-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----', `${prefix}, key 1 (line 1) is empty`],
    [
      '-----BEGIN PRIVATE KEY-----\nMC…\n-----END PRIVATE KEY-----',
      `${prefix}, key 1 (line 1) is damaged: there is something in it that is not base64`,
    ],
    [
      '-----BEGIN PRIVATE KEY-----\nMCow\n-----END PRIVATE KEY-----',
      `${prefix}, key 1 (line 1) is damaged: it cannot be read as a private key`,
    ],
    [
      '-----BEGIN RSA PRIVATE KEY-----\nMCow\n-----END OPENSSH PRIVATE KEY-----',
      `${prefix}, key 1 (line 1) is cut off: "-----END RSA PRIVATE KEY-----" is missing`,
    ],
  ])('%j', async (text, message) => {
    expect(await failure(text)).toBe(message);
  });

  test('a kind of key that ssh does not know', async () => {
    const text = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await failure(text)).toBe(`${prefix}, key 1 (line 1) is of type ed448: use Ed25519, ECDSA or RSA`);
    const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
    expect(await failure(odd.export({ type: 'sec1', format: 'pem' }).toString())).toBe(
      `${prefix}, key 1 (line 1) cannot be used: it is ec secp256k1, and ssh knows only some of those`,
    );
  });

  test('damage of any kind is a UserError that shows nothing of the key, or does not matter', async () => {
    const { secret, open } = keygen('ed25519');
    const place = fc.nat({ max: secret.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom('', 'A', 'z', '=', '\n', '-', ' '), async (index, instead) => {
        const text = secret.slice(0, index) + instead + secret.slice(index + 1);
        const message = await failure(text);
        if (message === 'no error') return;
        for (const line of secret.split('\n').slice(1, -2)) expect(message).not.toContain(line.slice(0, 20));
        expect(message).toMatch(/^input ssh-private-key/);
      }),
      { numRuns: 500 },
    );
    expect(publicHalves(await load(secret))).toEqual([halfOf(open)]);
  });
});

describe('without the input', () => {
  function homeWith(files: Record<string, string>): string {
    const home = mkdtempSync(join(directory, 'home-'));
    mkdirSync(join(home, '.ssh'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(home, '.ssh', name), text);
    return home;
  }

  test('the usual files in the order of ssh; with a passphrase the encrypted ones too', async () => {
    const [a, b, c] = [keygen('ed25519', '-N', PHRASE), keygen('ecdsa'), keygen('rsa', '-b', '2048')];
    const home = homeWith({ id_ed25519: a.secret, id_ecdsa: b.secret, id_rsa: c.secret });
    const sources = { text: ' \n', agentSocket: '', home };
    const all = await loadKeys({ ...sources, passphrase: PHRASE });
    expect(publicHalves(all)).toEqual([a, b, c].map(({ open }) => halfOf(open)));
    expect(all).toMatchObject({
      agent: undefined,
      notices: [],
      keys: [{ source: join(home, '.ssh/id_ed25519') }, {}, {}],
    });

    const some = await loadKeys({ ...sources, passphrase: undefined });
    expect(publicHalves(some)).toEqual([b, c].map(({ open }) => halfOf(open)));
    expect(some.notices).toEqual([
      `${home}/.ssh/id_ed25519 is passed over: it is encrypted, and no passphrase is given (input ssh-passphrase).`,
    ]);
  });

  test('files that are no keys or cannot be read are passed over with a notice', async () => {
    const home = homeWith({ id_ed25519: 'hello', id_ecdsa: keygen('ecdsa').secret.slice(0, 100) });
    symlinkSync('id_rsa', join(home, '.ssh/id_rsa'));
    expect(await loadKeys({ text: undefined, passphrase: undefined, agentSocket: undefined, home })).toEqual({
      agent: undefined,
      keys: [],
      notices: [
        `${home}/.ssh/id_ed25519 is passed over: it is no private key.`,
        `${home}/.ssh/id_ecdsa is passed over: it is cut off: "-----END OPENSSH PRIVATE KEY-----" is missing.`,
        `${home}/.ssh/id_rsa is passed over: it cannot be read (ELOOP).`,
      ],
    });
  });

  test('an agent is used when its socket is there, and holds the encrypted keys', async () => {
    const home = homeWith({ id_ed25519: keygen('ed25519', '-N', PHRASE).secret });
    const agentSocket = join(home, 'agent');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(agentSocket, resolve));
    try {
      expect(await loadKeys({ text: undefined, passphrase: undefined, agentSocket, home })).toEqual({
        agent: agentSocket,
        keys: [],
        notices: [],
      });
      const input = await loadKeys({ text: keygen('ecdsa').secret, passphrase: undefined, agentSocket, home });
      expect(input.agent).toBeUndefined();
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test.each(['gone', '.ssh/id_rsa'])('an agent whose socket is %s is not asked', async (name) => {
    const home = homeWith({ id_rsa: keygen('rsa', '-b', '2048').secret });
    const agentSocket = join(home, name);
    const { agent, notices } = await loadKeys({ text: undefined, passphrase: undefined, agentSocket, home });
    expect(agent).toBeUndefined();
    expect(notices).toEqual([`SSH_AUTH_SOCK names ${agentSocket}, which is no socket: there is no agent to ask.`]);
  });
});
