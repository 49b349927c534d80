import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ActionRig, inputsFor, sweepHosts, type Inputs, type StepResult } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 1 },
      { name: 'beta', user: 'unprivileged', slots: 1 },
      // Lets nobody in.
      { name: 'gamma', user: 'unprivileged', slots: 1, sshdConfig: ['AuthorizedKeysFile none'] },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

const FILES = { Makefile: 'all: a.o b.o\na.o b.o:\n\t@hostname >$@; sleep 0.3\n' };
const where = (action: ActionRig): string[] => [action.read('a.o').trim(), action.read('b.o').trim()].sort();
const matrix = (...hosts: string[]): string => hosts.map((host) => `${sshd.host(host).matrixLine()}\n`).join('');
const login = (): Record<string, string> => ({ ...inputsFor(sshd), hosts: matrix('alpha', 'beta') });
const nameOf = (host: string): string => sshd.host(host).matrixLine().split(' ')[0] ?? '';

/** A build on the hosts that the inputs name; `prepare` comes before it. */
function build(
  inputs: () => Inputs,
  check: (main: StepResult, action: ActionRig) => void | Promise<void>,
  prepare: (action: ActionRig) => void = () => undefined,
): Promise<void> {
  return ActionRig.use({ files: FILES, inputs: { 'local-jobs': '0', ...inputs() } }, async (action) => {
    prepare(action);
    const main = await action.main();
    await check(main, action);
    await action.post();
    expect(action.leftovers()).toEqual([]);
  });
}

/** Both hosts have built, and nothing was to be complained about. */
function expectBoth(main: StepResult, action: ActionRig): void {
  expect(main.status).toBe(0);
  expect(main.log.annotations).toEqual([]);
  expect(where(action)).toEqual(['alpha', 'beta']);
}

/** A key that no host knows; `options` for ssh-keygen. */
function makeKey(folder: string, ...options: string[]): string {
  const file = join(folder, 'another_key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file, ...options]);
  return file;
}

describe('the host matrix', () => {
  const unnamed = (): Inputs => ({ ...login(), hosts: '' });
  const both = (): string => login()['hosts'] ?? '';

  test('one line', () =>
    build(
      () => ({ ...login(), hosts: sshd.host('beta').matrixLine() }),
      (main, action) => {
        expect(main.status).toBe(0);
        expect(where(action)).toEqual(['beta', 'beta']);
      },
    ));
  test('several lines, with comments', () =>
    build(() => ({ ...login(), hosts: `# ours\n\n${both().replace('\n', '  # first\n')}` }), expectBoth));
  test('CRLF', () => build(() => ({ ...login(), hosts: both().replaceAll('\n', '\r\n') }), expectBoth));
  test('base64 on one line', () =>
    build(() => ({ ...login(), hosts: Buffer.from(both()).toString('base64') }), expectBoth));
  test('hosts-file, relative to the workspace', () =>
    build(
      () => ({ ...unnamed(), 'hosts-file': 'ci/hosts' }),
      expectBoth,
      (action) => action.write({ 'ci/hosts': both() }),
    ));
  test('~/.makehosts', () =>
    build(unnamed, expectBoth, (action) => writeFileSync(join(action.home, '.makehosts'), both())));

  test('none: everything runs on the runner, with a notice', () =>
    build(unnamed, (main, action) => {
      expect(main.status).toBe(0);
      expect(where(action)).toEqual([hostname(), hostname()]);
      expect(main.log.annotations).toMatchObject([{ level: 'notice' }]);
      expect(main.log.annotations[0]?.message).toContain('~/.makehosts');
      expect(action.outputs).toMatchObject({ remote: 0, local: 2, hosts: [] });
    }));
});

describe('keys', () => {
  test('encrypted, with its passphrase', () =>
    ActionRig.use({ files: FILES, inputs: { ...login(), 'local-jobs': '0' } }, async (action) => {
      const file = join(action.folder, 'key');
      copyFileSync(sshd.privateKeyFile, file);
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', file]);
      const inputs = { 'ssh-private-key': readFileSync(file, 'utf8') };
      expectBoth(await action.main({ ...inputs, 'ssh-passphrase': 'open sesame' }), action);
      await action.post();
      for (const [passphrase, words] of [
        ['', /ssh-private-key.*no passphrase/s],
        ['open barley', /ssh-private-key.*not the right one/s],
      ] as const) {
        const main = await action.main({ ...inputs, 'ssh-passphrase': passphrase });
        expect(main.status).toBe(2);
        expect(main.log.of('error')[0]?.message).toMatch(words);
        expect(action.state.size).toBe(0);
      }
    }));

  test('two, of which the second fits', () =>
    ActionRig.use({ files: FILES, inputs: { ...login(), 'local-jobs': '0' } }, async (action) => {
      const other = readFileSync(makeKey(action.folder), 'utf8');
      expectBoth(await action.main({ 'ssh-private-key': `${other}\n${sshd.privateKey}` }), action);
      await action.post();
    }));

  test('in the agent alone', () =>
    ActionRig.use({ files: FILES }, async (action) => {
      const socket = join(action.folder, 'agent');
      const said = execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' });
      try {
        const environment = { SSH_AUTH_SOCK: socket };
        execFileSync('ssh-add', ['-q', sshd.privateKeyFile], {
          env: { ...process.env, ...environment },
          stdio: 'ignore',
        });
        action.environment = environment;
        const inputs = { hosts: matrix('alpha', 'beta'), 'known-hosts': sshd.knownHosts, 'local-jobs': '0' };
        expectBoth(await action.main(inputs), action);
        expect((await action.post()).log.annotations).toEqual([]);
      } finally {
        process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]));
      }
    }));

  test('and known hosts of the user', () =>
    build(
      () => ({ hosts: matrix('alpha', 'beta') }),
      expectBoth,
      (action) => {
        const folder = join(action.home, '.ssh');
        mkdirSync(folder, { mode: 0o700 });
        copyFileSync(sshd.privateKeyFile, join(folder, 'id_ed25519'));
        writeFileSync(join(folder, 'known_hosts'), sshd.knownHosts);
      },
    ));

  test('are masked in the log', () =>
    build(login, ({ log }) => {
      const masks = log.others.filter(({ name }) => name === 'add-mask').map(({ data }) => data);
      const lines = sshd.privateKey.trim().split('\n').slice(1, -1);
      expect(masks).toEqual(expect.arrayContaining(lines));
    }));
});

describe('a host that cannot be used: a warning says which and why, the others build', () => {
  /** alpha cannot be used. */
  function expectBeta(main: StepResult, action: ActionRig, why: RegExp): void {
    expect(main.status).toBe(0);
    expect(main.log.annotations).toHaveLength(1);
    expect(main.log.annotations[0]?.level).toBe('warning');
    expect(main.log.annotations[0]?.message).toMatch(why);
    expect(where(action)).toEqual(['beta', 'beta']);
    expect(action.outputs).toMatchObject({ remote: 2, local: 0 });
  }

  test('nothing listens', () =>
    build(
      () => ({ ...login(), hosts: `root@127.0.0.1:9 1\n${sshd.host('beta').matrixLine()}` }),
      (main, action) => expectBeta(main, action, /^root@127\.0\.0\.1:9: .*nothing listens on port 9/),
    ));

  test('the name is not known', () =>
    build(
      () => ({ ...login(), hosts: `no-such-host.invalid 1\n${sshd.host('beta').matrixLine()}` }),
      (main, action) =>
        expectBeta(
          main,
          action,
          /^no-such-host\.invalid: did not come up, it is tried again: the name no-such-host\.invalid/,
        ),
    ));

  test('it refuses the key', () =>
    build(
      () => ({ ...login(), hosts: matrix('gamma', 'beta') }),
      (main, action) => expectBeta(main, action, /: it refused the login as \S+; tried: .*SHA256:/),
    ));

  test('it shows a wrong host key', () =>
    build(
      () => {
        const [alpha = '', beta = ''] = sshd.knownHosts.trim().split('\n');
        const wrong = `${alpha.split(' ')[0] ?? ''} ${beta.split(' ').slice(1).join(' ')}`;
        return { ...login(), 'known-hosts': `${wrong}\n${beta}\n` };
      },
      (main, action) => {
        expectBeta(main, action, /its host key has changed: .*line 1 of the input known-hosts/);
        expect(main.log.annotations[0]?.message).toMatch(new RegExp(`^${nameOf('alpha').replace(/\W/g, '\\$&')}: `));
      },
    ));

  test('its host key is not known: the message has the line to add, and with it the host works', () =>
    ActionRig.use({ files: FILES, inputs: { ...login(), 'local-jobs': '0' } }, async (action) => {
      const beta = sshd.host('beta').knownHostsLine();
      const first = await action.main({ 'known-hosts': beta });
      expectBeta(first, action, /its host key is not known: .*add this line to the input known-hosts:\n/);
      const line = first.log.annotations[0]?.message.split('\n').at(-1) ?? '';
      expect(line).toBe(sshd.host('alpha').knownHostsLine());
      // Nothing can be left where nobody was let in: post says no word of it.
      expect((await action.post()).log.annotations).toEqual([]);
      expectBoth(await action.main({ 'known-hosts': `${beta}\n${line}\n`, arguments: '-B' }), action);
      await action.post();
    }));

  test('under fallback: never with no host left it is an error', () =>
    build(
      () => ({ ...login(), 'known-hosts': '# none\n', fallback: 'never' }),
      (main, action) => {
        expect(main.status).toBe(2);
        expect(main.log.of('warning')).toHaveLength(2);
        expect(main.log.of('error')).toHaveLength(1);
        expect(main.log.of('error')[0]?.message).toContain('no host');
        expect(action.exists('a.o')).toBe(false);
      },
    ));

  test('with no host left everything runs on the runner', () =>
    build(
      () => ({ ...login(), 'known-hosts': '# none\n' }),
      (main, action) => {
        expect(main.status).toBe(0);
        expect(where(action)).toEqual([hostname(), hostname()]);
      },
    ));
});
