import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SshConfig } from '../../../src/ssh/config.ts';
import { HostKeys } from '../../../src/ssh/host-keys.ts';
import { settingsOf, type HostSettings } from '../../../src/ssh/host-settings.ts';
import { Notices } from '../../../src/ssh/notices.ts';
import { fingerprint } from '../../../src/ssh/host-key.ts';
import { KnownHosts } from '../../../src/ssh/known-hosts.ts';

let home: string;
let said: string[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'host-keys-'));
  said = [];
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** An Ed25519 key blob. */
function keyOf(byte: number): Buffer {
  const piece = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([piece(Buffer.from('ssh-ed25519')), piece(Buffer.alloc(32, byte))]);
}

const [A, B] = [keyOf(1), keyOf(2)];
const line = (host: string, key: Buffer): string => `${host} ssh-ed25519 ${key.toString('base64')}`;

function store(input: string | undefined): HostKeys {
  const notices = new Notices();
  notices.listen((text) => said.push(text));
  return new HostKeys({ input, home, notices });
}

async function settings(config: string, address = 'h'): Promise<HostSettings> {
  mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(join(home, '.ssh/config'), `${config}\n`, { mode: 0o600 });
  const loaded = await SshConfig.load({ home, system: home, onNotice: () => undefined });
  rmSync(join(home, '.ssh/config'));
  return settingsOf({ address, user: undefined, port: undefined }, loaded, home);
}

async function refusal(keys: HostKeys, key: Buffer, config = '', address = 'h'): Promise<string | undefined> {
  return (await keys.forHost(await settings(config, address))).refuse(key);
}

const file = (): string => join(home, '.ssh/known_hosts');

describe('what counts', () => {
  test("the input alone; without it the user's file", async () => {
    await settings('');
    writeFileSync(file(), `${line('h', A)}\n`);
    expect(await refusal(store(undefined), A)).toBeUndefined();
    expect(await refusal(store(' \n'), A)).toBeUndefined();
    expect(await refusal(store(line('g', A)), A)).toContain('is not in the input known-hosts.');
  });

  test('files that the configuration names, and the name of the key that it gives', async () => {
    writeFileSync(join(home, 'mine'), `${line('farm', A)}\n`);
    writeFileSync(join(home, 'ours'), `@revoked * ${line('', B).trim()}\n`);
    const config = `UserKnownHostsFile ${home}/mine\nGlobalKnownHostsFile ${home}/ours\nHostKeyAlias farm\nPort 7`;
    expect(await refusal(store(undefined), A, config)).toBeUndefined();
    expect(await refusal(store(undefined), B, config)).toContain(`line 1 of ${home}/ours forbids`);
  });

  test('a file that cannot be read is an error, told at once for the usual one', async () => {
    mkdirSync(file(), { recursive: true });
    await expect(store(undefined).load()).rejects.toThrow(`${file()} cannot be read (EISDIR)`);
    await expect(store(line('h', A)).load()).resolves.toBeUndefined();
  });
});

describe('accept-new', () => {
  test('takes a key that is not known and keeps it: another one is refused, now and later', async () => {
    const keys = store(' accept-new\r\n');
    expect(await refusal(keys, A)).toBeUndefined();
    expect(readFileSync(file(), 'utf8')).toBe(`${line('h', A)}\n`);
    expect([join(home, '.ssh'), file()].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
    expect(said).toEqual([
      `h: its host key was not known and is accepted: ssh-ed25519 ${fingerprint(A)}; it now stands in ${file()}.`,
    ]);
    expect(await refusal(keys, A)).toBeUndefined();
    for (const next of [keys, store('accept-new')])
      expect(await refusal(next, B)).toContain(`line 1 of ${file()} has ssh-ed25519 ${fingerprint(A)}`);
    expect(readFileSync(file(), 'utf8')).toBe(`${line('h', A)}\n`);
    expect(said).toHaveLength(1);
  });

  test('a folder that is not there is made', async () => {
    const asked = await settings('');
    rmSync(join(home, '.ssh'), { recursive: true });
    expect((await store('accept-new').forHost(asked)).refuse(A)).toBeUndefined();
    expect(statSync(join(home, '.ssh')).mode & 0o777).toBe(0o700);
  });

  test('a file without a newline at its end keeps its last line', async () => {
    await settings('');
    writeFileSync(file(), line('g', B));
    expect(await refusal(store('accept-new'), A)).toBeUndefined();
    expect(readFileSync(file(), 'utf8')).toBe(`${line('g', B)}\n${line('h', A)}\n`);
  });

  test('with further lines: changed and revoked keys are refused, and lines keep their numbers', async () => {
    const keys = store(`accept-new\n${line('h', B)}\n@revoked * ${line('', A).trim()}`);
    expect(await refusal(keys, A, '', 'g')).toContain('line 3 of the input known-hosts forbids');
    expect(await refusal(keys, keyOf(3))).toContain('line 2 of the input known-hosts has');
    expect(said).toEqual([]);
  });

  test('of the configuration counts without the input alone', async () => {
    const config = 'StrictHostKeyChecking accept-new\nHashKnownHosts yes';
    expect(await refusal(store(line('g', B)), A, config)).toContain('is not in the input known-hosts');
    expect(await refusal(store(undefined), A, config)).toBeUndefined();
    const text = readFileSync(file(), 'utf8');
    expect(text).toMatch(/^\|1\|\S+\|\S+ ssh-ed25519 /);
    expect(KnownHosts.parse(text, 'f').check({ address: 'h', port: 22 }, A)).toEqual({ verdict: 'known' });
  });

  test('a file that cannot be written: the key holds for this run', async () => {
    await settings('');
    writeFileSync(join(home, 'plain'), '');
    const config = `UserKnownHostsFile ${home}/plain/file`;
    const keys = store('accept-new');
    expect(await refusal(keys, A, config)).toBeUndefined();
    expect(said[0]).toMatch(/; it could not be written to .*plain\/file \((EEXIST|ENOTDIR)\)\.$/);
    expect(await refusal(keys, B, config)).toContain('its host key has changed');
  });
});
