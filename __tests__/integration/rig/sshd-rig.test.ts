import { describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SshdRig, TEST_USER } from '../../rig/sshd-rig.ts';

const SECONDS = 1000;

/** Runs a command on a host with OpenSSH's own client. */
function ssh(rig: SshdRig, name: string, command: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sshd-rig-test-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    writeFileSync(knownHosts, rig.knownHosts);
    const host = rig.host(name);
    const options = [
      'BatchMode=yes',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${knownHosts}`,
      'ConnectTimeout=5',
    ];
    const argv = ['-F', 'none', '-i', rig.privateKeyFile, ...options.flatMap((o) => ['-o', o])];
    argv.push('-p', String(host.port), `${host.login}@${host.address}`, command);
    const done = spawnSync('ssh', argv, { encoding: 'utf8' });
    return { status: done.status, out: done.stdout.trim(), error: done.stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const interfaces = () => spawnSync('ip', ['-br', 'link'], { encoding: 'utf8' }).stdout;

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 250 && !what(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(what()).toBe(true);
}

describe('hosts of the rig', () => {
  test(
    'are machines of their own, and nothing of them is left',
    async () => {
      const rig = await SshdRig.start({
        hosts: [
          { name: 'alpha', user: 'root', slots: 3 },
          { name: 'beta', loginShell: '/bin/bash', hide: ['/opt'], sshdConfig: ['MaxSessions 3'] },
        ],
      });
      const own = mkdtempSync(join(tmpdir(), 'sshd-rig-test-'));
      try {
        expect(rig.matrix).toMatch(/^root@[\d.]+:2022 3\ndistmake-test@[\d.]+:2022 4\n$/);
        expect(ssh(rig, 'alpha', 'id -un; hostname; echo "$0"').out).toBe('root\nalpha\nsh');
        expect(ssh(rig, 'beta', 'id -un; hostname; echo "$0"').out).toBe(`${TEST_USER}\nbeta\nbash`);
        expect(ssh(rig, 'beta', 'echo x >/tmp/mark; ls /tmp /opt; touch ~/file').out).toBe('/opt:\n\n/tmp:\nmark');
        expect(ssh(rig, 'alpha', 'ls -A /tmp ~ | grep .').out).toBe('/root:\n/tmp:');
        expect(rig.exec('beta', 'cat /tmp/mark')).toBe('x\n');
        expect(ssh(rig, 'alpha', `test -e ${own}`).status).toBe(1);
        expect(
          ssh(rig, 'beta', 'unshare -Urm mount -t tmpfs t /mnt && perl -e "print 1" && command -v make gcc').status,
        ).toBe(0);
        expect(rig.log('beta')).toContain(`Accepted publickey for ${TEST_USER}`);

        rig.stopListening('beta');
        expect(ssh(rig, 'beta', 'true').error).toContain('Connection refused');
        await rig.host('beta').listen();
        expect(ssh(rig, 'beta', 'true').status).toBe(0);

        rig.host('beta').cut();
        expect(ssh(rig, 'beta', 'true').error).toContain('timed out');
        rig.host('beta').mend();
        expect(ssh(rig, 'beta', 'true').status).toBe(0);

        await rig.kill('alpha');
        expect(ssh(rig, 'alpha', 'true').status).toBe(255);
      } finally {
        await rig.dispose();
        rmSync(own, { recursive: true });
      }
      for (const host of rig.hosts) {
        expect(existsSync(`/proc/${host.initPid}`)).toBe(false);
        expect(interfaces()).not.toContain(host.link);
      }
      expect(existsSync(rig.privateKeyFile)).toBe(false);
    },
    60 * SECONDS,
  );

  test(
    'can refuse every namespace',
    async () => {
      const rig = await SshdRig.start({
        hosts: [
          { name: 'alpha', user: 'root', noUserNamespaces: true },
          { name: 'beta', noUserNamespaces: true },
        ],
      });
      try {
        for (const name of ['alpha', 'beta']) {
          expect(ssh(rig, name, 'unshare -Ur true').error).toContain('Operation not permitted');
          expect(ssh(rig, name, 'unshare -m true').error).toContain('Operation not permitted');
          expect(ssh(rig, name, 'echo x >/tmp/mark').status).toBe(0);
          expect(rig.exec(name, 'ls /tmp')).toBe('mark\n');
        }
      } finally {
        await rig.dispose();
      }
    },
    60 * SECONDS,
  );

  test(
    'several rigs stand side by side',
    async () => {
      const spec = { hosts: [{ name: 'alpha' }, { name: 'beta' }] };
      const rigs = await Promise.all([SshdRig.start(spec), SshdRig.start(spec), SshdRig.start(spec)]);
      try {
        const addresses = rigs.flatMap((rig) => rig.hosts.map((h) => h.address));
        expect(new Set(addresses).size).toBe(6);
        for (const rig of rigs) expect(ssh(rig, 'beta', 'hostname').out).toBe('beta');
      } finally {
        await Promise.all(rigs.map((rig) => rig.dispose()));
      }
    },
    60 * SECONDS,
  );

  test(
    'end with the process that made them, killed or not',
    async () => {
      const module = fileURLToPath(new URL('../../rig/ssh-hosts.mjs', import.meta.url));
      const script = `import { SshHosts } from ${JSON.stringify(module)};
      const rig = await SshHosts.start({ hosts: [{ name: 'alpha' }] });
      console.log(rig.folder, rig.hosts[0].initPid, rig.hosts[0].link);
      setInterval(() => undefined, 1000);`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const line = await new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))));
      const [folder = '', pid = '', link = ''] = line.trim().split(' ');
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      await until(() => !existsSync(`/proc/${pid}`));
      await until(() => !interfaces().includes(link));

      expect(existsSync(folder)).toBe(true);
      const next = await SshdRig.start({ hosts: [] });
      await next.dispose();
      expect(existsSync(folder)).toBe(false);
    },
    60 * SECONDS,
  );
});
