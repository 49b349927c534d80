import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Host } from '../../src/model/host.ts';
import { ControlPool } from '../../src/ssh/control-pool.ts';
import { SshdRig, TEST_USER } from '../rig/sshd-rig.ts';
import { hostOf, laneSetup, read, runOn, SshUser } from './ssh-rig.ts';

let sshd: SshdRig;
let user: SshUser;

const BANNER = 'echo Welcome; echo noise >&2';

beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'fish', loginShell: '/usr/bin/fish', sshdConfig: ['PrintMotd yes', 'Banner /run/rig/banner'] },
      { name: 'csh', user: 'root', loginShell: '/bin/tcsh' },
      { name: 'drop', user: 'root', server: 'dropbear' },
      { name: 'small', server: 'dropbear', loginShell: '/bin/bash' },
      { name: 'few', sshdConfig: ['SetEnv PATH=/run/few'] },
      { name: 'busy', user: 'root', sshdConfig: ['ChrootDirectory /run/busy'] },
    ],
  });
  // A whole machine of busybox alone; in `csh` a place for chroot.
  for (const name of ['busy', 'csh']) {
    sshd.exec(
      name,
      `mkdir -p /run/busy/bin /run/busy/dev && mkdir -m 1777 /run/busy/tmp && cd /run/busy &&
       cp "$(command -v busybox)" bin/busybox && bin/busybox --install -s bin && for f in bin/*; do
         [ -L $f ] && ln -sf busybox $f; done; mknod -m 666 dev/null c 1 3`,
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

const login = (): ReturnType<SshUser['login']> => user.login({ sshPrivateKey: sshd.privateKey });
const hostNamed = (name: string, more: Partial<Host> = {}): Host => ({ ...hostOf(sshd.host(name)), ...more });

/** Runs a job on a lane there that also writes into the tree, removes everything, and gives the job's text. */
async function use(host: Host, command: string): Promise<string> {
  const lanes = await user.lanes(host, await login());
  const setup = laneSetup();
  const lane = await lanes.open(setup);
  const content = Buffer.from('from the runner\n');
  const time = 1_700_000_000_000_000_000n;
  await lane.sync([{ kind: 'file', path: 'given', mode: 0o644, time, size: content.length, content }]);
  const { outcome, text } = await runOn(lane, `${command}; cat given; exit 5`);
  expect(outcome).toEqual({ kind: 'exited', status: 5 });
  expect(await lanes.clean()).toEqual([]);
  lanes.close();
  return text;
}

describe('a login shell', () => {
  test('fish that greets, behind a banner of sshd', async () => {
    const folder = `/home/${TEST_USER}/.config/fish`;
    sshd.exec(
      'fish',
      `echo 'Mind the gap' >/run/rig/banner; mkdir -p ${folder}; echo '${BANNER}' >${folder}/config.fish; chown -R ${TEST_USER}: /home/${TEST_USER}`,
    );
    const pool = new ControlPool(hostNamed('fish'), await login());
    user.after(() => pool.close());
    expect(await read(await pool.exec('echo $FISH_VERSION | string length'))).toMatch(/^\d+\n$/);
    expect(await use(hostNamed('fish'), 'hostname')).toBe('fish\nfrom the runner\n');
  });

  test('bash that greets, behind dropbear', async () => {
    sshd.exec('small', `echo '${BANNER}' >/home/${TEST_USER}/.bashrc`);
    expect(await use(hostNamed('small'), 'hostname')).toBe('small\nfrom the runner\n');
  });
});

test('dropbear: more jobs at one time than one connection of OpenSSH takes', async () => {
  const pool = new ControlPool(hostNamed('drop'), await login());
  user.after(() => pool.close());
  const channels = await Promise.all(Array.from({ length: 14 }, () => pool.exec('read -r word; echo "got $word"')));
  const texts = channels.map(read);
  for (const [i, channel] of channels.entries()) channel.end(`${i}\n`);
  expect(await Promise.all(texts)).toEqual(channels.map((_, i) => `got ${i}\n`));
  expect(await Promise.all(channels.map(({ exited }) => exited))).toEqual(channels.map(() => 0));
  expect(await use(hostNamed('drop'), 'hostname')).toBe('drop\nfrom the runner\n');
});

describe('the tools of busybox', () => {
  test('are enough, with nothing else on the machine', async () => {
    expect(await use(hostNamed('busy'), 'hostname; ls /bin/perl')).toMatch(/^busy\nls: .*perl.*\nfrom the runner\n$/);
  });

  test('without tar the host is left out, and that is said', async () => {
    sshd.exec(
      'few',
      `mkdir /run/few && cd /run/few && for tool in $(busybox --list); do ln -s "$(command -v busybox)" $tool; done
       rm tar && ln -sf "$(readlink -f /bin/sh)" sh`,
    );
    const lanes = await user.lanes(hostNamed('few'), await login());
    await expect(lanes.open(laneSetup())).rejects.toThrow(/tar/);
  });
});

describe('chroot', () => {
  test('everything runs in the directory, for a login shell csh', async () => {
    sshd.exec('csh', 'touch /run/busy/mark');
    expect(await use(hostNamed('csh', { chroot: '/run/busy' }), 'ls /mark /usr 2>&1')).toMatch(
      /\/mark\n[^]*from the runner\n$/,
    );
    expect(sshd.exec('csh', 'ls -A /run/busy/tmp')).toBe('');
  });

  test.each([
    ['csh', '/run/none', '/run/none, its chroot in the matrix, cannot be entered: is it a directory there?'],
    ['csh', '/run/busy/tmp', '/run/busy/tmp, its chroot in the matrix, has no sh in it that can be run'],
    ['fish', '/run', '/run, its chroot in the matrix, cannot be entered: only root can do that'],
  ])('%s, %s: the host is left out', async (name, chroot, words) => {
    const lanes = await user.lanes(hostNamed(name, { chroot }), await login());
    await expect(lanes.open(laneSetup())).rejects.toThrow(words);
  });
});
