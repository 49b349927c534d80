import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cleanHost } from '../../src/build/clean-host.ts';
import { channelsTo, type HostChannels } from '../../src/ssh/channels.ts';
import type { Host } from '../../src/model/host.ts';
import type { Login } from '../../src/ssh/login.ts';
import { connectionsTo, until } from '../rig/action-rig.ts';
import { SshdRig, TEST_USER } from '../rig/sshd-rig.ts';
import { hostOf, laneSetup, matrixHost, read, reason, runOn, SshUser } from './ssh-rig.ts';

let sshd: SshdRig;
let user: SshUser;

/** Servers that listen inside of the host `gate` alone: `inner` is seen from there, `deep` from `inner` alone. */
const INNER = 2023;
const DEEP = 2024;

beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'gate', sshdConfig: [`PermitOpen 127.0.0.1:${INNER}`] },
      { name: 'other', user: 'root', ipv6: true, sshdConfig: ['MaxAuthTries 3', 'PermitOpen none'] },
    ],
  });
  for (const [port, open] of [
    [INNER, `127.0.0.1:${DEEP}`],
    [DEEP, 'none'],
  ] as const) {
    const folder = `/run/server-${port}`;
    const lines = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${folder}/key`,
      `PidFile ${folder}/pid`,
      `PermitOpen ${open}`,
      'AuthorizedKeysFile /run/rig/authorized_keys',
      'StrictModes no',
      `SetEnv SERVER=${port}`,
    ];
    sshd.exec(
      'gate',
      `mkdir ${folder}; ssh-keygen -q -t ed25519 -N '' -f ${folder}/key
       printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')} >${folder}/config
       /usr/sbin/sshd -f ${folder}/config -E ${folder}/log`,
    );
  }
});
beforeEach(() => {
  user = new SshUser(sshd);
});
afterEach(() => {
  user.dispose();
});
afterAll(async () => {
  await sshd.dispose();
});

/** known_hosts lines of all servers. */
function allKnown(): string {
  const lines = [INNER, DEEP].map((port) => {
    const key = sshd.exec('gate', `cut -d' ' -f1,2 /run/server-${port}/key.pub`).trim();
    return `[127.0.0.1]:${port} ${key}\n`;
  });
  return sshd.knownHosts + lines.join('');
}

/** A configuration in which `deep` is reached through `inner`, and that through `gate`. */
const chained = (): string => `
Host gate
  HostName ${sshd.host('gate').address}
  Port ${sshd.host('gate').port}
Host inner
  HostName 127.0.0.1
  Port ${INNER}
  ProxyJump gate
Host deep
  HostName 127.0.0.1
  Port ${DEEP}
  ProxyJump inner
Host *
  User ${TEST_USER}
  IdentityFile %d/.ssh/farm
`;

function channels(host: Host, login: Login): HostChannels {
  const made = channelsTo(host, login);
  user.after(() => made.close());
  return made;
}

const say = (host: Host, login: Login): Promise<string> =>
  channels(host, login).exec('exec sh -c "echo $SERVER"').then(read);

/** Connections that stand to the host `gate`. */
const standing = (): number =>
  Number(sshd.exec('gate', `ss -Htn state established '( sport = :${sshd.host('gate').port} )' | wc -l`));

describe('jump hosts', () => {
  test('by an alias, through two; lanes of several hosts share one connection to each, which ends with them', async () => {
    user.configure(chained());
    const login = await user.login({ knownHosts: allKnown() });
    const before = connectionsTo(sshd, 'gate');
    const deep = await user.lanes(matrixHost({ address: 'deep' }), login);
    const inner = await user.lanes(matrixHost({ address: 'inner' }), login);
    const setups = [laneSetup(), laneSetup()] as const;
    const opened = await Promise.all([deep.open(setups[0]), inner.open(setups[1])]);
    for (const [index, lane] of opened.entries()) {
      await lane.sync([]);
      const word = [...'0123456789'].map((digit) => digit.repeat(10_000)).join('');
      const { outcome, text } = await runOn(lane, 'echo "$WORD"; hostname; exit 3', [`WORD=${word}`]);
      expect(outcome).toEqual({ kind: 'exited', status: 3 });
      expect(text === `${word}\ngate\n` || index).toBe(true);
    }
    expect(connectionsTo(sshd, 'gate') - before).toBe(1);
    expect(sshd.exec('gate', `grep -c '^Accepted' /run/server-${INNER}/log`).trim()).toBe('2');
    expect(await deep.clean()).toEqual([]);
    expect(sshd.exec('gate', 'ls -d /tmp/make-*').trim()).toBe(setups[1].staging);
    deep.close();
    expect(standing()).toBe(1);
    expect(await inner.clean()).toEqual([]);
    inner.close();
    await until(() => standing() === 0, 'the connection to the jump host ends');
  });

  test('in the matrix', async () => {
    const login = await user.login({ sshPrivateKey: sshd.privateKey, knownHosts: allKnown() });
    const local = { address: '127.0.0.1', user: TEST_USER };
    const jump = [hostOf(sshd.host('gate')), { ...local, port: INNER }];
    expect(await say(matrixHost({ ...local, port: DEEP, jump }), login)).toBe(`${DEEP}\n`);
  });

  test('that are lost take what runs behind them along', async () => {
    user.configure(chained());
    const lanes = await user.lanes(matrixHost({ address: 'inner' }), await user.login({ knownHosts: allKnown() }));
    const setup = laneSetup();
    const lane = await lanes.open(setup);
    await lane.sync([]);
    const job = runOn(lane, 'sleep 60').catch((error: Error) => error);
    await until(() => sshd.exec('gate', 'pgrep -c sleep', { check: false }).trim() === '1', 'the job runs');
    sshd.exec('gate', `pkill -KILL -f '[s]shd: ${TEST_USER}'`);
    expect(await job).toBeInstanceOf(Error);
    // A new way is made.
    expect(await lanes.clean()).toEqual([]);
  });

  test('that fail are named, with the reason', async () => {
    user.configure(chained());
    const asked = matrixHost({ address: 'deep' });
    const known = allKnown();
    const without = (port: number): string => known.replace(new RegExp(`^\\[127\\.0\\.0\\.1\\]:${port}.*\\n`, 'm'), '');
    expect(await reason(asked, await user.login({ knownHosts: without(INNER) }))).toMatch(
      /^jump host inner: its host key is not known: .*add this line to the input known-hosts:\n\[127\.0\.0\.1\]:2023 /,
    );
    expect(await reason(asked, await user.login({ knownHosts: without(DEEP) }))).toMatch(/^its host key is not known/);
    const jump = [hostOf(sshd.host('other'))];
    const login = await user.login({ sshPrivateKey: sshd.privateKey });
    expect(await reason(matrixHost({ address: '127.0.0.1', port: DEEP, jump }), login)).toMatch(
      /^jump host root@\S+:2022 cannot reach it: open failed|^jump host root@\S+:2022 cannot reach it: .*(?:prohibited|failed)/,
    );
    expect(standing()).toBe(0);
  });

  test('that lead back to where they began', async () => {
    user.configure('Host a\n ProxyJump b\nHost b\n ProxyJump c,d\nHost c\n ProxyJump b\n');
    const login = await user.login();
    expect(await reason(matrixHost({ address: 'a' }), login)).toContain(
      'lead back to where they began: a through b through c through b',
    );
    user.configure('Host *\n ProxyJump x\n');
    expect(await reason(matrixHost({ address: 'a' }), await user.login())).toContain(': a through x through x');
  });
});

describe('a ProxyCommand', () => {
  test('is the way there; what it says when it fails is told', async () => {
    const { address, port } = sshd.host('gate');
    writeFileSync(user.path('known'), sshd.knownHosts);
    const ssh = `ssh -F none -i ${user.path('.ssh/farm')} -o UserKnownHostsFile=${user.path('known')} -p ${port}`;
    user.configure(`Host inner\n HostName 127.0.0.1\n Port ${INNER}\n User ${TEST_USER}\n IdentityFile ~/.ssh/farm
 ProxyCommand ${ssh} -W %h:%p ${TEST_USER}@${address}\nHost *\n ProxyCommand echo no way to %h >&2\n`);
    const login = await user.login({ knownHosts: allKnown() });
    expect(await say(matrixHost({ address: 'inner' }), login)).toBe(`${INNER}\n`);
    expect(await reason(matrixHost({ address: 'there' }), login)).toMatch(/; its ProxyCommand said: no way to there$/);
    user.close();
    await until(() => standing() === 0, 'the command ends with the connection');
  });
});

describe('host keys', () => {
  test('accept-new: a notice, a line in the file, and the next process gets in by it', async () => {
    const host = { ...hostOf(sshd.host('gate')), identity: '~/.ssh/farm' };
    const login = await user.login({ knownHosts: 'accept-new\n' });
    const said: string[] = [];
    login.notices.listen((text) => said.push(text));
    expect(await say(host, login)).toBe('\n');
    expect(said).toEqual([
      expect.stringMatching(/^distmake-test@\S+:2022: its host key was not known and is accepted: ssh-ed25519 SHA256:/),
    ]);
    expect(readFileSync(user.path('.ssh/known_hosts'), 'utf8')).toBe(`${sshd.host('gate').knownHostsLine()}\n`);
    expect(await say(host, await user.login({ knownHosts: undefined }))).toBe('\n');
  });

  test('hashed and wildcard lines; the line of an authority does not count, and says what does', async () => {
    const { address } = sshd.host('gate');
    const host = { ...hostOf(sshd.host('gate')), identity: '~/.ssh/farm' };
    const line = sshd.host('gate').knownHostsLine();
    const [, key = ''] = line.split(/ (.*)/);
    const file = user.path('.ssh/known_hosts');
    writeFileSync(file, `${line}\n`);
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).not.toContain(address);
    expect(await say(host, await user.login({ knownHosts: undefined }))).toBe('\n');
    expect(await say(host, await user.login({ knownHosts: `[${address.slice(0, -1)}?]:* ${key}` }))).toBe('\n');
    expect(await reason(host, await user.login({ knownHosts: `@cert-authority * ${key}` }))).toContain(
      'the certificate authority on line 1 of the input known-hosts does not count',
    );
  });
});

test('an address of IPv6', async () => {
  const { address6: address, port, login } = sshd.host('other');
  const [, key = ''] = sshd.host('other').knownHostsLine().split(/ (.*)/);
  const host = matrixHost({ address, port, user: login, identity: '~/.ssh/farm' });
  expect(await say(host, await user.login({ knownHosts: `[${address}]:${port} ${key}` }))).toBe('\n');
});

describe('keys', () => {
  /** An agent that holds these; its socket. */
  async function agentWith(files: readonly string[]): Promise<string> {
    const socket = user.path('agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    user.after(() => agent.kill());
    await until(() => spawnSync('test', ['-S', socket]).status === 0, 'an agent');
    execFileSync('ssh-add', ['-q', ...files], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    return socket;
  }

  test('of an agent that holds many: the one that the configuration names comes first, or alone', async () => {
    const others = [1, 2, 3, 4].map((number) => user.makeKey(`other${number}`).file);
    const agentSocket = await agentWith([...others, user.path('.ssh/farm')]);
    const host = hostOf(sshd.host('other'));
    expect(await reason(host, await user.login({ agentSocket }))).toMatch(/Too many authentication failures|refused/i);
    const half = execFileSync('ssh-keygen', ['-yf', user.path('.ssh/farm')], { encoding: 'utf8' });
    writeFileSync(user.path('half.pub'), half);
    user.configure('IdentityFile ~/half.pub\n');
    expect(await say(host, await user.login({ agentSocket }))).toBe('\n');
    user.configure(`IdentityFile ${others[0] ?? ''}\nIdentitiesOnly yes\n`);
    expect(await reason(host, await user.login({ agentSocket }))).toContain('tried: the ssh agent (1 key). One of');
  });

  test('that are named and missing: a notice for the configuration, a reason for the matrix', async () => {
    user.configure('IdentityFile ~/.ssh/gone\nIdentityFile ~/.ssh/farm\n');
    const login = await user.login();
    const said: string[] = [];
    login.notices.listen((text) => said.push(text));
    const host = hostOf(sshd.host('other'));
    expect(await say(host, login)).toBe('\n');
    expect(said).toEqual([
      `The key ${user.path('.ssh/gone')}, which ${user.path('.ssh/config')} names on line 1, is not there.`,
    ]);
    expect(await reason({ ...host, identity: '~/lost' }, login)).toBe(
      `its key ${user.path('lost')}, which the matrix names as its identity, is not there`,
    );
    expect(await reason({ ...host, identity: '~/.ssh/config' }, login)).toContain('is no private key');
  });

  test('of the input alone, but where the matrix names one', async () => {
    const wrong = user.makeKey('wrong');
    user.configure('IdentityFile ~/.ssh/farm\n');
    const login = await user.login({ sshPrivateKey: wrong.text });
    const host = hostOf(sshd.host('other'));
    expect(await reason(host, login)).toContain(`tried: input ssh-private-key, key 1 (${wrong.fingerprint}). One of`);
    expect(await say({ ...host, identity: '~/.ssh/farm' }, login)).toBe('\n');
  });

  test('with a certificate: said to be no use here, and used by the transport ssh', async () => {
    const authority = user.makeKey('authority');
    const key = user.makeKey('certified');
    execFileSync('ssh-keygen', ['-q', '-s', authority.file, '-I', 'me', '-n', 'root', `${key.file}.pub`], {
      stdio: 'ignore',
    });
    const line = readFileSync(`${authority.file}.pub`, 'utf8').trim();
    sshd.exec('other', `echo 'cert-authority ${line}' >>/run/rig/authorized_keys`);
    const host = { ...hostOf(sshd.host('other')), identity: key.file };
    expect(await reason(host, await user.login())).toMatch(
      new RegExp(
        `certified-cert\\.pub cannot be shown to it: certificates are not supported here\\. With transport ssh`,
      ),
    );
    writeFileSync(user.path('known'), sshd.knownHosts);
    const transport = ['ssh', '-F', 'none', '-o', `UserKnownHostsFile=${user.path('known')}`];
    const byProgram = { ...host, transport };
    const lanes = await user.lanes(byProgram);
    const setup = laneSetup();
    const lane = await lanes.open(setup);
    await lane.sync([]);
    expect(await runOn(lane, 'hostname; exit 4')).toEqual({ outcome: { kind: 'exited', status: 4 }, text: 'other\n' });
    const channel = channels(byProgram, await user.login());
    expect(await cleanHost(channel, setup.staging)).toBeUndefined();
    expect(sshd.exec('other', 'ls -A /tmp').trim()).toBe('');
    // What the program says is what people see.
    const strange = channels({ ...byProgram, identity: user.makeKey('strange').file }, await user.login());
    await expect(strange.exec('exec true')).rejects.toThrow(/ended with status 255 before .*Permission denied/s);
  });
});
