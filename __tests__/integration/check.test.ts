import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkHosts, type CheckOptions } from '../../src/build/check/check-hosts.ts';
import { stagingName } from '../../src/build/staging-name.ts';
import { HOST_DEFAULTS, type Host } from '../../src/model/host.ts';
import type { HostReport } from '../../src/model/host-report.ts';
import type { Settings } from '../../src/model/settings.ts';
import { checkTable } from '../../src/report/check-table.ts';
import { until } from '../rig/action-rig.ts';
import { SharedFolder } from '../rig/shared-folder.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { hostOf, SshUser } from './ssh-rig.ts';

/** Tools of a host's own, which come first there. */
const TOOLS = '/var/tmp/tools';

let sshd: SshdRig;
let user: SshUser;
let folder: string;
let workspace: string;

beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [{ name: 'alpha', user: 'root' }, { name: 'beta', noUserNamespaces: true }, { name: 'gamma' }],
  });
  for (const { name } of sshd.hosts)
    sshd.exec(name, `mkdir -m 755 ${TOOLS}; mount -t tmpfs -o mode=755 tmpfs /etc/opt`);
});
beforeEach(() => {
  user = new SshUser(sshd);
  folder = realpathSync(mkdtempSync('/var/tmp/distmake-check-'));
  workspace = join(folder, 'workspace');
  mkdirSync(workspace);
  writeFileSync(join(workspace, 'big'), Buffer.alloc(3_000_000));
});
afterEach(() => {
  for (const { name } of sshd.hosts) {
    expect({ name, left: sshd.exec(name, 'ls -d /tmp/make-* 2>&1; true') }).toEqual({
      name,
      left: expect.stringContaining('No such file'),
    });
    sshd.exec(name, `rm -rf ${TOOLS}/* /etc/opt/*`);
  }
  expect(readdirSync(workspace)).toEqual(['big']);
  user.dispose();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(() => sshd.dispose());

function tool(host: string, name: string, text: string): void {
  sshd.exec(host, `printf '%s\\n' '#!/bin/sh' '${text}' > ${TOOLS}/${name}; chmod 755 ${TOOLS}/${name}`);
}

/** A host of the rig by its name there. */
function named(name: string, more: Partial<Host> = {}): Host {
  return { ...hostOf(sshd.host(name)), name, path: TOOLS, ...more };
}

const SETTINGS: Settings = {
  targets: [],
  workingDirectory: '',
  makefile: undefined,
  make: 'make',
  arguments: [],
  localJobs: 2,
  dist: { mode: 'auto' },
  local: [],
  setup: '',
  environment: [],
  fallback: 'local',
  hostTimeout: 15,
  jobTimeout: undefined,
  noRetry: [],
  staleAfter: 86_400,
  staging: 'tree',
  exclude: [],
  load: 'auto',
  toolchain: undefined,
  log: 'fold',
  summary: false,
  cache: false,
  root: '',
};

async function check(
  hosts: readonly Host[],
  settings: Partial<Settings> = {},
  more: Partial<CheckOptions> = {},
): Promise<readonly HostReport[]> {
  return checkHosts({
    settings: { ...SETTINGS, root: workspace, workingDirectory: workspace, ...settings },
    hosts,
    login: await user.login({ sshPrivateKey: sshd.privateKey }),
    environment: [`PATH=${process.env['PATH'] ?? ''}`],
    staging: stagingName(new Date()),
    onHostUsed: () => undefined,
    signal: new AbortController().signal,
    ...more,
  });
}

describe('hosts that take jobs', () => {
  test('login, sandbox, tools, clock, disk, round trip and slots of each kind of lane', async () => {
    tool('alpha', 'date', 'exec /bin/date -d "+100 sec" "$@"');
    tool('alpha', 'make', 'echo GNU Make 9.8.7');
    sshd.exec('alpha', 'mkdir -p /etc/opt/SPROdmake; echo max_jobs: 2 >/etc/opt/SPROdmake/dmake.conf');
    sshd.exec('beta', 'mount -o remount,size=4m /tmp');
    const bin = '/var/tmp/bin';
    sshd.exec('gamma', `mkdir -p ${bin}; ln -sf /usr/bin/* /bin/* ${bin} 2>/dev/null; rm ${bin}/perl*`);
    const hosts = [named('alpha'), named('beta'), named('gamma', { setup: `PATH=${bin}` })];
    const [alpha, beta, gamma] = await check(hosts, { toolchain: ['echo one'] });
    expect(alpha).toMatchObject({
      problem: undefined,
      remarks: [],
      login: `root@${sshd.host('alpha').address}:2022`,
      by: 'input ssh-private-key, key 1',
      ...{ sandbox: 'overlay', withoutPerl: false, slots: 2, cap: 2, tools: 'same', make: '9.8.7' },
    });
    expect(Math.abs((alpha?.clock?.offset ?? 0) - 100)).toBeLessThan(alpha?.clock?.within ?? 0);
    expect(alpha?.roundTrip).toBeGreaterThan(0);
    expect(alpha?.free?.bytes).toBeGreaterThan(1e6);
    expect(alpha?.load?.[0]).toBeGreaterThanOrEqual(0);
    expect(beta).toMatchObject({ problem: undefined, sandbox: 'tree', withoutPerl: false, slots: 4, tools: 'same' });
    expect(beta?.remarks).toEqual([
      expect.stringMatching(/^it has 4\.\d MB free .*, and 4 copies of the workspace, one for each slot, take 12 MB/),
    ]);
    sshd.exec('beta', 'mount -o remount,size=1g /tmp');
    expect(gamma).toMatchObject({ problem: undefined, sandbox: 'tree', withoutPerl: true, tools: 'same' });
    expect(checkTable([alpha, beta, gamma].flatMap((one) => one ?? []))).toMatch(/\n3 of 3 hosts can take jobs\n$/);
  });

  test('a workspace that is shared is found by its token, and nowhere else', async () => {
    const shared = new SharedFolder();
    try {
      const [alpha] = await check([named('alpha')], { staging: 'none', root: shared.path });
      expect(alpha).toMatchObject({ problem: undefined, remarks: [], sandbox: 'shared', tools: 'same' });
      expect(readdirSync(shared.path)).toEqual([]);
    } finally {
      shared.dispose();
    }
    const [beta] = await check([named('beta')], { staging: 'none' });
    expect(beta?.problem).toContain("is not the runner's workspace there");
  });

  test('the runner as a host: its own terms', async () => {
    const local = { ...HOST_DEFAULTS, name: 'localhost', address: 'localhost', user: undefined, port: undefined };
    const runner: Host = { ...local, slots: 3, line: 1, local: true };
    const other = { ...runner, name: 'again', startup: 'echo no room >&2; exit 4' };
    const [good, bad] = await check([runner, other], {}, { login: undefined });
    expect(good).toMatchObject({ problem: undefined, slots: 3, tools: 'same', sandbox: undefined });
    expect(bad?.problem).toBe('its start-up command (STARTUP) ended with status 4; it said: no room');
    const [never] = await check([runner], { fallback: 'never' }, { login: undefined });
    expect(never?.remarks).toEqual([expect.stringContaining('fallback never')]);
  });
});

describe('hosts that take none', () => {
  test('each says why in the words of a build, and none holds up another', async () => {
    const silent = join(folder, 'silent');
    writeFileSync(silent, '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 });
    tool('beta', 'cc', 'echo cc 0.1');
    const reports = await check(
      [
        named('alpha'),
        named('beta'),
        { ...named('alpha'), name: 'slow', setup: 'sleep 600', timeout: 2 },
        { ...named('alpha'), name: 'silent', transport: [silent], user: undefined, port: undefined, timeout: 1 },
        { ...named('alpha'), name: 'shut', port: 1 },
        { ...named('alpha'), name: 'other', arch: 'vax' },
      ],
      {},
      { limits: { start: 1000 } },
    );
    expect(Object.fromEntries(reports.map(({ host, problem }) => [host.name, problem]))).toEqual({
      alpha: undefined,
      beta: expect.stringMatching(
        /^left out: "cc --version" says "cc 0\.1" there, ".*" on the runner\. Install the same/,
      ),
      slow: 'it was not up within 3 s: its start-up command or its set-up lines take long, or hang',
      silent: expect.stringMatching(/^it did not answer within 1 s \(transport program /),
      shut: 'nothing listens on port 1 there (ECONNREFUSED): is sshd running?',
      other: expect.stringMatching(/^left out: its processor is "vax" by the matrix/),
    });
    expect(reports[1]).toMatchObject({ tools: 'differ', sandbox: 'tree', cc: '0.1' });
    expect(checkTable(reports)).toMatch(/\n1 of 6 hosts can take jobs\n$/);
  });

  test('where nothing runs on the runner, hosts are compared with each other', async () => {
    tool('beta', 'cc', 'echo cc 0.1');
    const hosts = [{ ...named('gamma'), name: 'shut', port: 1 }, named('alpha'), named('beta')];
    const [shut, alpha, beta] = await check(hosts, { fallback: 'never' });
    expect(shut?.problem).toContain('ECONNREFUSED');
    expect(alpha).toMatchObject({ problem: undefined, tools: 'same' });
    expect(beta?.problem).toMatch(/^left out: "cc --version" says "cc 0\.1" there, ".*" on alpha\./);
  });

  test('what was made is removed when the check is ended early', async () => {
    tool('alpha', 'make', `touch ${TOOLS}/asked; exec sleep 600`);
    const stopping = new AbortController();
    const checked = check([named('alpha')], {}, { signal: stopping.signal });
    await until(() => sshd.exec('alpha', `ls ${TOOLS}`).includes('asked'), 'it was asked for its make');
    stopping.abort();
    expect((await checked)[0]?.problem).toBe('the check was ended before it was through');
  });

  test("a host whose owner's places are all taken says so", async () => {
    sshd.exec('alpha', 'mkdir -p /etc/opt/SPROdmake; echo max_jobs: 1 >/etc/opt/SPROdmake/dmake.conf');
    sshd.exec(
      'alpha',
      'mkdir -m 1777 -p /tmp/.distmake-slots; (flock -x /tmp/.distmake-slots/1 sleep 600 >/dev/null 2>&1 </dev/null &)',
    );
    await until(
      () => sshd.exec('alpha', 'flock -n /tmp/.distmake-slots/1 true && echo free || true').trim() === '',
      'lock',
    );
    const [alpha] = await check([named('alpha')], {}, { limits: { question: 2000 } });
    sshd.exec('alpha', 'pkill -x flock; pkill -x sleep; true');
    expect(alpha?.problem).toMatch(
      /^all places that its owner allows \(max_jobs: 1\) were taken by jobs of others for 2 s/,
    );
    expect(alpha?.slots).toBe(1);
  });
});
