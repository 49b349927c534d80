import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SshConfig } from '../../../src/ssh/config.ts';
import { settingsOf, type HostSettings, type Target } from '../../../src/ssh/host-settings.ts';
import { UserError } from '../../../src/util/user-error.ts';

let folder: string;
let home: string;
let system: string;
let notices: string[];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-config-'));
  home = join(folder, 'home');
  system = join(folder, 'etc');
  for (const directory of [join(home, '.ssh/conf.d'), system]) mkdirSync(directory, { recursive: true });
});
beforeEach(() => {
  notices = [];
  write({ config: '' });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Files of ~/.ssh by name. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, '.ssh', name), text, { mode: 0o600 });
}

function load(): Promise<SshConfig> {
  return SshConfig.load({ home, system, onNotice: (text) => notices.push(text) });
}

async function ask(host: string | Target, text?: string): Promise<HostSettings> {
  if (text !== undefined) write({ config: text });
  const target = typeof host === 'string' ? { address: host, user: undefined, port: undefined } : host;
  return settingsOf(target, await load(), home);
}

/** What ssh itself makes of ~/.ssh/config. */
function sshSays(host: string, options: readonly string[] = []): Map<string, string[]> {
  const text = execFileSync('ssh', ['-G', '-F', join(home, '.ssh/config'), ...options, host], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = new Map<string, string[]>();
  for (const line of text.trimEnd().split('\n')) {
    const [, keyword = '', value = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    said.set(keyword, [...(said.get(keyword) ?? []), value]);
  }
  return said;
}

/** Compares with ssh what both tell. */
async function expectAsSsh(host: string, user?: string): Promise<void> {
  const said = sshSays(host, user === undefined ? [] : ['-l', user]);
  const { endpoint, username, proxy } = await ask({ address: host, user, port: undefined });
  expect({ host: endpoint.address, port: endpoint.port, user: username }).toEqual({
    host: said.get('hostname')?.[0],
    port: Number(said.get('port')?.[0]),
    user: said.get('user')?.[0],
  });
  const jump = said.get('proxyjump')?.[0];
  const command = said.get('proxycommand')?.[0];
  expect(proxy.kind).toBe(jump !== undefined ? 'jump' : command !== undefined ? 'command' : 'direct');
}

const FARM = `
# ours
Host fast*.farm !fast9.farm
  HostName %h.example.org
  User builder
  Port=2222
  IdentityFile ~/.ssh/farm_%h_%r
  IdentityFile "~/.ssh/with blank"

Host inner "other one"
  HostName 10.0.0.7
  ProxyJump ci@gate:2022,[fd00::1]:22
Host plain
  ProxyJump none
  ProxyCommand nc %h %p
Host commanded
  ProxyCommand nc -X "5" %h %p # word
  ProxyJump gate
Match host 10.0.0.* user root
  Port 1001
Match !originalhost fast*,inner user nobody
  Port 1002
Match all
  User someone
Host *
  ConnectTimeout 1m30s
  Port 1003
`;

describe('one host', () => {
  test.each(['fast1.farm', 'fast9.farm', 'FAST1.farm', 'inner', 'plain', 'commanded', 'else.where'])(
    '%s: as ssh has it',
    async (host) => {
      write({ config: FARM });
      await expectAsSsh(host);
      await expectAsSsh(host, 'root');
      await expectAsSsh(host, 'nobody');
    },
  );

  test('Match final: a second pass, with the name that the first has found', async () => {
    write({ config: 'Host a\n HostName b.example\nHost b.example\n Port 7\nMatch final host b.*\n User late\n' });
    await expectAsSsh('a');
    expect(await ask('a')).toMatchObject({ endpoint: { address: 'b.example', port: 7 }, username: 'late' });
  });

  test('whatever stands in the lines: as ssh has it', async () => {
    const name = fc.constantFrom('a', 'b', 'a.b', 'web1', 'web2');
    const pattern = fc.constantFrom('a', 'b', '*', 'web*', 'web?', '!a', '!web1', '*.b', 'A', 'a.b');
    const line = fc.oneof(
      fc.array(pattern, { minLength: 1, maxLength: 3 }).map((words) => `Host ${words.join(' ')}`),
      fc
        .tuple(fc.constantFrom('', '!'), fc.constantFrom('host', 'originalhost', 'user'), pattern, pattern)
        .map(([not, criterion, one, other]) => `Match ${not}${criterion} ${one},${other}`),
      fc.constantFrom('Match all', 'Match final', 'Match !final', 'Match final host a*'),
      name.map((word) => `  HostName ${word}`),
      fc.constantFrom('  HostName %h.b', '  ProxyJump none', '  ProxyCommand none', '  ProxyCommand nc %h'),
      name.map((word) => `user=${word}`),
      name.map((word) => `\tProxyJump ${word}x`),
      fc.integer({ min: 1, max: 9 }).map((port) => `PORT = ${port}  `),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), name, async (lines, host) => {
        write({ config: `${lines.join('\n')}\n` });
        await expectAsSsh(host);
      }),
      { numRuns: 60 },
    );
  });

  test('files: their tokens, each once, in their order', async () => {
    const { identities } = await ask('fast1.farm', `${FARM}IdentityFile "~/.ssh/with blank"\n`);
    expect(identities?.map(({ file }) => file)).toEqual([
      join(home, '.ssh/farm_fast1.farm.example.org_builder'),
      join(home, '.ssh/with blank'),
    ]);
    const { identities: none, certificates } = await ask(
      'x',
      'IdentityFile none\nCertificateFile %d/c-%n-%p-%i-%%-cert.pub\n',
    );
    expect(none).toEqual([]);
    expect(certificates).toEqual([`${home}/c-x-22-${userInfo().uid}-%-cert.pub`]);
  });

  test('what the matrix says wins', async () => {
    const target: Target = { address: 'inner', user: 'me', port: 5, jump: [], identity: '~/k', timeout: 7 };
    expect(await ask(target, `${FARM}`)).toMatchObject({
      endpoint: { address: '10.0.0.7', port: 5 },
      username: 'me',
      proxy: { kind: 'direct' },
      identity: join(home, 'k'),
      timeout: 7000,
    });
    expect(await ask('inner')).toMatchObject({
      proxy: {
        kind: 'jump',
        hops: [
          { address: 'gate', user: 'ci', port: 2022 },
          { address: 'fd00::1', user: undefined, port: 22 },
        ],
      },
      timeout: 90_000,
    });
  });

  test('the name of the key, its files and who accepts', async () => {
    const text =
      'HostKeyAlias farm\nUserKnownHostsFile ~/.ssh/one /two\nGlobalKnownHostsFile none\nHashKnownHosts yes\n' +
      'StrictHostKeyChecking accept-new\nIdentityAgent none\nIdentitiesOnly yes\nPort 7\n';
    expect(await ask('x', text)).toMatchObject({
      endpoint: { address: 'x', port: 7 },
      keyName: { address: 'farm', port: 22 },
      userKnownHosts: [join(home, '.ssh/one'), '/two'],
      globalKnownHosts: [],
      hashKnownHosts: true,
      acceptNew: true,
      agent: 'none',
      identitiesOnly: true,
    });
  });

  test('a ProxyCommand gets no name that a shell takes for more', async () => {
    expect(await ask('h', 'ProxyCommand nc %h %p\nPort 7\n')).toMatchObject({ proxy: { command: 'nc h 7' } });
    const error = ask({ address: 'h', user: '$(id)', port: undefined });
    await expect(error).rejects.toThrow(`${home}/.ssh/config, line 1: "$(id)" is not put into a command for the shell`);
  });
});

describe('several files', () => {
  test("the user's, then the machine's; Include in its place, with wildcards, and only where its block applies", async () => {
    write({
      config: 'Include conf.d/*.conf\nHost b\n Include late\nHost *\n User last\n',
      'conf.d/1.conf': 'Host a\n Port 1\n',
      'conf.d/2.conf': 'Host a b\n Port 2\n User two\n',
      late: 'HostKeyAlias inside\nHost a c\n Port 3\n',
    });
    writeFileSync(join(system, 'ssh_config'), 'Port 9\nUser nobody\n');
    const of = async (host: string): Promise<unknown[]> => {
      const { endpoint, username, keyName } = await ask(host);
      return [endpoint.port, username, keyName.address];
    };
    expect(await of('a')).toEqual([1, 'two', 'a']);
    expect(await of('b')).toEqual([2, 'two', 'inside']);
    expect(await of('c')).toEqual([9, 'last', 'c']);
    rmSync(join(system, 'ssh_config'));
  });

  test('one that includes itself', async () => {
    write({ config: 'Include config\n' });
    await expect(load()).rejects.toThrow(`${home}/.ssh/config, line 1: Include goes more than 16 files deep`);
  });

  test('none at all', async () => {
    rmSync(join(home, '.ssh/config'));
    expect(await ask('x')).toMatchObject({ endpoint: { address: 'x', port: 22 }, username: userInfo().username });
  });

  test('one that others may write is passed over', async () => {
    write({ config: 'Port 7\n' });
    chmodSync(join(home, '.ssh/config'), 0o620);
    expect((await ask('x')).endpoint.port).toBe(22);
    expect(notices).toEqual([expect.stringContaining(`${home}/.ssh/config is passed over`)]);
    chmodSync(join(home, '.ssh/config'), 0o600);
  });
});

describe('what is wrong', () => {
  test.each([
    ['\nHost\n', 'line 2: Host has no value'],
    ['Port 22\n User "me\n', 'line 2: a quotation mark is not closed'],
    ['= 3', 'line 1: there is no keyword before "="'],
  ])('%j in the file', async (text, message) => {
    write({ config: text });
    await expect(load()).rejects.toThrow(new UserError(`${home}/.ssh/config, ${message}`));
  });

  test.each([
    ['Port 0', 'Port must be 1 to 65535, not "0"'],
    ['Port ssh', 'Port must be 1 to 65535, not "ssh"'],
    ['ConnectTimeout soon', '"soon" is no time: it must be seconds, or such as 1m30s'],
    ['ProxyJump a:b:c@', '"a:b:c@" is no jump host: it must be [user@]host[:port]'],
    ['IdentitiesOnly maybe', 'it must be yes or no, not "maybe"'],
    ['IdentityFile ~/%q', '%q is no token that stands for something here'],
    ['IdentityFile ${DISTMAKE_NOT_SET}/k', 'the variable DISTMAKE_NOT_SET is not set'],
    ['Match user', 'Match user has no value'],
  ])('%s, for the host', async (line, message) => {
    await expect(ask('x', `\n${line}\n`)).rejects.toThrow(new UserError(`${home}/.ssh/config, line 2: ${message}`));
  });

  test('Match exec starts nothing, and says so where it would have counted', async () => {
    const mark = join(folder, 'mark');
    const text = `Match host a exec "touch ${mark}"\n Port 7\nMatch !exec "touch ${mark}"\n Port 8\n`;
    expect((await ask('b', text)).endpoint.port).toBe(22);
    expect(notices).toHaveLength(1);
    expect((await ask('a')).endpoint.port).toBe(22);
    expect(notices.at(-2)).toBe(
      `${home}/.ssh/config, line 1: Match exec never applies: programs are not started for it. What the block says counts for no host.`,
    );
    expect(() => execFileSync('test', ['-e', mark])).toThrow();
  });

  test('no text crashes or hangs', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Host ',
        'Match ',
        'Include ',
        'Port ',
        'ProxyJump ',
        '\n',
        '"',
        '!',
        '*',
        '%',
        '${',
        '\\',
        '=',
        '#',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 15 }), async (pieces) => {
        await ask('x', pieces.join('')).catch((error: unknown) => expect(error).toBeInstanceOf(UserError));
      }),
      { numRuns: 300 },
    );
  });
});
