import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LeftOut } from '../../src/engine/left-out.ts';
import type { Lane, LaneSetup } from '../../src/engine/ports.ts';
import { LANE_COMMAND } from '../../src/lane/bootstrap.ts';
import { PerlLane } from '../../src/lane/perl-lane.ts';
import { perlProgram } from '../../src/lane/perl-program.ts';
import { loadLogin } from '../../src/build/login.ts';
import { Connection } from '../../src/ssh/connection.ts';
import { ControlPool } from '../../src/ssh/control-pool.ts';
import type { KeySources } from '../../src/ssh/keys.ts';
import type { Login } from '../../src/ssh/login.ts';
import { connectionsTo, until } from '../rig/action-rig.ts';
import { SshdRig, TEST_USER } from '../rig/sshd-rig.ts';
import { hostOf, laneSetup, read, reason, runOn } from './ssh-rig.ts';

let sshd: SshdRig;
let folder: string;
/** Ends what a test has opened, the last first. */
const closers: (() => void)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'distmake-ssh-test-'));
  sshd = await SshdRig.start({
    hosts: [
      { name: 'plain', user: 'root' },
      { name: 'narrow', sshdConfig: ['MaxSessions 2'] },
      { name: 'none', sshdConfig: ['MaxSessions 0'] },
      { name: 'bash', loginShell: '/bin/bash' },
      { name: 'csh', loginShell: '/bin/csh' },
    ],
  });
});
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});
afterAll(async () => {
  await sshd.dispose();
  rmSync(folder, { recursive: true, force: true });
});

async function loginWith({
  knownHosts = sshd.knownHosts,
  timeout = 5000,
  ...keys
}: Partial<KeySources> & { knownHosts?: string; timeout?: number } = {}): Promise<Login> {
  const {
    text,
    passphrase,
    agentSocket,
    home = folder,
  } = Object.keys(keys).length > 0 ? keys : { text: sshd.privateKey };
  const inputs = { sshPrivateKey: text, sshPassphrase: passphrase, knownHosts };
  return loadLogin({ ...inputs, agentSocket, home, systemFolder: folder, timeout });
}

async function poolTo(name: string, login?: Login): Promise<ControlPool> {
  const pool = new ControlPool(hostOf(sshd.host(name)), login ?? (await loginWith()));
  closers.push(() => pool.close());
  return pool;
}

function makeKey(name: string, words: readonly string[] = []): { file: string; text: string; fingerprint: string } {
  const file = join(folder, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file, ...words]);
  const fingerprint = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? '';
  return { file, text: readFileSync(file, 'utf8'), fingerprint };
}

describe('the pool', () => {
  test('25 channels at one time: three connections', async () => {
    const before = connectionsTo(sshd, 'plain');
    const pool = await poolTo('plain');
    const channels = await Promise.all(Array.from({ length: 25 }, () => pool.exec('read -r word; echo "got $word"')));
    expect(connectionsTo(sshd, 'plain') - before).toBe(3);
    const texts = channels.map(read);
    for (const [i, channel] of channels.entries()) channel.end(`${i}\n`);
    expect(await Promise.all(texts)).toEqual(channels.map((_, i) => `got ${i}\n`));
    // A channel that has ended makes room.
    expect(await read(await pool.exec('echo more'))).toBe('more\n');
    expect(connectionsTo(sshd, 'plain') - before).toBe(3);
  });

  test('learns how many sessions a server takes', async () => {
    const before = connectionsTo(sshd, 'narrow');
    const pool = await poolTo('narrow');
    const channels = await Promise.all(Array.from({ length: 5 }, () => pool.exec('cat')));
    expect(connectionsTo(sshd, 'narrow') - before).toBe(3);
    const texts = channels.map(read);
    for (const [i, channel] of channels.entries()) channel.end(`${i}\n`);
    expect(await Promise.all(texts)).toEqual(channels.map((_, i) => `${i}\n`));
  });

  test('a server that takes none is an error, not a storm', async () => {
    const before = connectionsTo(sshd, 'none');
    await expect((await poolTo('none')).exec('true')).rejects.toThrow('it opens no session on a new connection');
    expect(connectionsTo(sshd, 'none') - before).toBe(1);
  });

  test('makes a new connection where the old one has gone', async () => {
    const pool = await poolTo('narrow');
    const channel = await pool.exec('cat');
    const closed = new Promise((done) => channel.once('close', done));
    channel.resume();
    sshd.exec('narrow', `pkill -KILL -f '[s]shd: ${TEST_USER}'`);
    await closed;
    expect(await read(await pool.exec('echo again'))).toBe('again\n');
  });

  test('close ends all, and who waits hears of it', async () => {
    const pool = await poolTo('plain');
    const text = read(await pool.exec('cat'));
    pool.close();
    expect(await text).toBe('');
  });
});

describe('keys', () => {
  test('are tried in their order, each once', async () => {
    const [first, second] = [makeKey('first'), makeKey('second')];
    const text = `${first.text}${second.text}${first.text}${sshd.privateKey}`;
    const before = sshd.log('narrow').length;
    const pool = await poolTo('narrow', await loginWith({ text }));
    expect(await read(await pool.exec('id -un'))).toBe(`${TEST_USER}\n`);
    const tried = [
      ...sshd
        .log('narrow')
        .slice(before)
        .matchAll(/(Failed|Accepted) publickey .* (SHA256:\S+)/g),
    ];
    expect(tried.map(([, verdict, key]) => [verdict, key])).toEqual([
      ['Failed', first.fingerprint],
      ['Failed', second.fingerprint],
      ['Accepted', expect.any(String)],
    ]);
  });

  test('with a passphrase', async () => {
    const file = join(folder, 'locked');
    writeFileSync(file, sshd.privateKey, { mode: 0o600 });
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', file]);
    const text = readFileSync(file, 'utf8');
    const pool = await poolTo('plain', await loginWith({ text, passphrase: 'open sesame' }));
    expect(await read(await pool.exec('id -un'))).toBe('root\n');
    await expect(loginWith({ text, passphrase: 'shut' })).rejects.toThrow(/key 1 .*passphrase/);
  });

  test('of every type', async () => {
    const types = [
      ['rsa', ['-t', 'rsa', '-b', '2048']],
      ['pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
      ['ecdsa', ['-t', 'ecdsa']],
    ] as const;
    for (const [name, words] of types) {
      const key = makeKey(name, words);
      const line = readFileSync(`${key.file}.pub`, 'utf8').trim();
      sshd.exec('narrow', `echo '${line}' >>/run/rig/authorized_keys`);
      const pool = await poolTo('narrow', await loginWith({ text: key.text }));
      expect(await read(await pool.exec(`echo ${name}`))).toBe(`${name}\n`);
    }
  });

  test('of an agent', async () => {
    const socket = join(folder, 'agent');
    const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    closers.push(() => agent.kill());
    const add = (file: string): void => {
      execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    };
    await until(() => spawnSync('test', ['-S', socket]).status === 0, 'an agent');
    add(makeKey('unrelated').file);
    add(sshd.privateKeyFile);
    const pool = await poolTo('plain', await loginWith({ agentSocket: socket }));
    expect(await read(await pool.exec('id -un'))).toBe('root\n');
  });

  test('the usual files, when there is nothing else', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.ssh'), { recursive: true });
    writeFileSync(join(home, '.ssh/id_ed25519'), sshd.privateKey, { mode: 0o600 });
    const pool = await poolTo('plain', await loginWith({ home }));
    expect(await read(await pool.exec('id -un'))).toBe('root\n');
  });

  test('that open nothing are named', async () => {
    const key = makeKey('wrong');
    const message = await reason(hostOf(sshd.host('narrow')), await loginWith({ text: key.text }));
    expect(message).toBe(
      `it refused the login as ${TEST_USER}; tried: input ssh-private-key, key 1 (${key.fingerprint}). ` +
        `One of these keys must be in ~${TEST_USER}/.ssh/authorized_keys there`,
    );
    await expect(Connection.open(hostOf(sshd.host('narrow')), await loginWith({ text: key.text }))).rejects.toThrow(
      LeftOut,
    );
    expect(await reason(hostOf(sshd.host('narrow')), await loginWith({ home: join(folder, 'nobody') }))).toContain(
      `there is no key to log in with as ${TEST_USER}`,
    );
  });
});

describe('host keys', () => {
  test('one that is not known is refused with the line to add, which helps', async () => {
    const host = hostOf(sshd.host('plain'));
    const message = await reason(host, await loginWith({ knownHosts: '# nothing\n' }));
    expect(message).toMatch(/^its host key is not known: ssh-ed25519 SHA256:\S+ is not in the input known-hosts\./);
    const line = message.split('\n').at(-1) ?? '';
    expect(line).toBe(sshd.host('plain').knownHostsLine());
    (await Connection.open(host, await loginWith({ knownHosts: line }))).close();
  });

  test('one that has changed is refused', async () => {
    const { address, port } = sshd.host('plain');
    const [, other] = sshd.host('narrow').knownHostsLine().split(/ (.*)/);
    const line = `[${address}]:${port} ${other}`;
    const message = await reason(hostOf(sshd.host('plain')), await loginWith({ knownHosts: `\n${line}\n` }));
    expect(message).toMatch(
      /^its host key has changed: it shows ssh-ed25519 SHA256:\S+, but line 2 of the input known-hosts has ssh-ed25519 /,
    );
    expect(message.split('\n').at(-1)).toBe(sshd.host('plain').knownHostsLine());
  });

  test('one that is revoked is refused', async () => {
    const line = sshd.host('plain').knownHostsLine();
    const login = await loginWith({ knownHosts: `${line}\n@revoked * ${line.split(/ (.*)/)[1] ?? ''}\n` });
    expect(await reason(hostOf(sshd.host('plain')), login)).toContain('line 2 of the input known-hosts forbids');
  });

  test('no key is shown to a host that is not known', async () => {
    const before = sshd.log('plain').length;
    await reason(hostOf(sshd.host('plain')), await loginWith({ knownHosts: '# nothing\n' }));
    expect(sshd.log('plain').slice(before)).not.toContain('publickey');
  });
});

describe('hosts that do not answer', () => {
  test('nothing listens', async () => {
    sshd.stopListening('narrow');
    const { port } = sshd.host('narrow');
    expect(await reason(hostOf(sshd.host('narrow')), await loginWith())).toBe(
      `nothing listens on port ${port} there (ECONNREFUSED): is sshd running?`,
    );
    await sshd.host('narrow').listen();
  });

  test('no such name', async () => {
    const host = { ...hostOf(sshd.host('plain')), address: 'no-such-host.invalid' };
    expect(await reason(host, await loginWith())).toMatch(
      /^the name no-such-host\.invalid is not known here \((ENOTFOUND|EAI_AGAIN)\)$/,
    );
  });

  test('one that lets us in, whose shell hangs or ends', async () => {
    const profile = `/home/${TEST_USER}/.bashrc`;
    const login = await loginWith({ timeout: 1000 });
    sshd.exec('bash', `echo 'echo Welcome; sleep 60' >${profile}`);
    await expect((await poolTo('bash', login)).exec('true')).rejects.toThrow(
      'it lets us in, but its shell did not answer within 1 s; it printed: Welcome',
    );
    sshd.exec('bash', `echo 'echo closed for today >&2; exit 7' >${profile}`);
    await expect((await poolTo('bash')).exec('true')).rejects.toThrow(
      'its login shell ended with status 7 before it ran the command; it said: closed for today',
    );
    sshd.exec('bash', `rm ${profile}; pkill -KILL sleep`);
  });

  test('silence ends at the time limit', async () => {
    sshd.host('narrow').cut();
    const begin = performance.now();
    const host = { ...hostOf(sshd.host('narrow')), timeout: 1.5 };
    expect(await reason(host, await loginWith({ timeout: 30_000 }))).toBe('it did not answer within 1.5 s');
    expect(performance.now() - begin).toBeLessThan(4000);
    sshd.host('narrow').mend();
  });
});

const lane = async (name: string, more: Partial<LaneSetup> & { login?: Login } = {}): Promise<Lane> => {
  const { login, ...setup } = more;
  const channel = await (await poolTo(name, login)).exec(LANE_COMMAND);
  const opened = await PerlLane.open(channel, perlProgram(), { ...laneSetup(), ...setup });
  closers.push(() => opened.close());
  await opened.sync([]);
  return opened;
};

describe('lanes', () => {
  test.each([
    ['bash', '.bashrc', 'echo Welcome; echo noise >&2'],
    ['csh', '.cshrc', 'echo Welcome; sh -c "echo noise >&2"'],
  ])('a login shell %s that greets', async (name, file, banner) => {
    sshd.exec(name, `echo '${banner}' >/home/${TEST_USER}/${file}`);
    expect(await read(await (await poolTo(name)).exec('echo word'))).toBe('word\n');
    const opened = await lane(name, { setup: `WORD="it's set"; export WORD` });
    expect(await runOn(opened, 'echo "$WORD"; hostname; exit 3')).toEqual({
      outcome: { kind: 'exited', status: 3 },
      text: `it's set\n${name}\n`,
    });
  });

  test('a megabyte of environment', async () => {
    const values = Array.from({ length: 10 }, (_, i) => `BIG${i}=${String(i).repeat(100_000)}`);
    const { outcome, text } = await runOn(await lane('plain'), `printf '%s\\n' "$BIG0" "$BIG9" | sha1sum`, values);
    expect(outcome).toEqual({ kind: 'exited', status: 0 });
    const sum = createHash('sha1')
      .update(`${'0'.repeat(100_000)}\n${'9'.repeat(100_000)}\n`)
      .digest('hex');
    expect(text).toBe(`${sum}  -\n`);
  });

  test('one that is too large for the host fails as a job, and the lane goes on', async () => {
    const opened = await lane('plain');
    const values = Array.from({ length: 40 }, (_, i) => `BIG${i}=${'x'.repeat(100_000)}`);
    const { outcome, text } = await runOn(opened, 'echo never', values);
    expect(outcome).toEqual({ kind: 'exited', status: 126 });
    expect(text).toContain('Argument list too long');
    expect((await runOn(opened, 'echo on')).text).toBe('on\n');
  });

  test('fail at once when the connection dies', async () => {
    const opened = await lane('narrow');
    const job = runOn(opened, 'sleep 60').catch((error: Error) => error);
    await until(() => sshd.exec('narrow', 'pgrep -c sleep', { check: false }).trim() === '1', 'the job runs');
    const begin = performance.now();
    sshd.exec('narrow', `pkill -KILL -f '[s]shd: ${TEST_USER}'`);
    expect(await job).toBeInstanceOf(Error);
    expect(performance.now() - begin).toBeLessThan(3000);
    await until(() => sshd.exec('narrow', 'pgrep -c sleep', { check: false }).trim() === '0', 'the job is killed');
  });

  test('that have nothing to do hear of a cut cable too, and a new command gets a new connection', async () => {
    const pool = await poolTo('narrow', await loginWith({ timeout: 2000 }));
    const opened = await PerlLane.open(await pool.exec(LANE_COMMAND), perlProgram(), laneSetup());
    sshd.host('narrow').cut();
    expect(await opened.gone).toBe('it has said nothing for 2 s');
    opened.close();
    await expect(pool.exec('true')).rejects.toThrow('it did not answer within 2 s');
    sshd.host('narrow').mend();
    expect(await read(await pool.exec('echo again'))).toBe('again\n');
  });

  test('fail within the time limit when the cable is cut', async () => {
    const opened = await lane('narrow', { login: await loginWith({ timeout: 3000 }) });
    const job = runOn(opened, 'sleep 60').catch((error: Error) => error);
    await until(() => sshd.exec('narrow', 'pgrep -c sleep', { check: false }).trim() === '1', 'the job runs');
    const begin = performance.now();
    sshd.host('narrow').cut();
    expect(await job).toBeInstanceOf(Error);
    expect(performance.now() - begin).toBeLessThan(8000);
    sshd.host('narrow').mend();
    sshd.exec('narrow', 'pkill -KILL sleep');
  });
});
