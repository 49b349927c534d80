import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { sweepHost, type SweepOptions } from '../../src/build/clean/sweep-host.ts';
import type { Sweep, Swept } from '../../src/build/clean/swept.ts';
import { until } from '../rig/action-rig.ts';
import type { SshdRig } from '../rig/sshd-rig.ts';
import { asLogin, asUser, newStaging, startCleanHosts, TOOLS, wayTo } from './clean-rig.ts';
import { hostOf, laneSetup, SshUser } from './ssh-rig.ts';

const DAY = 86_400;

let sshd: SshdRig;
let user: SshUser;

beforeAll(async () => {
  sshd = await startCleanHosts();
});
beforeEach(() => {
  user = new SshUser(sshd);
});
afterEach(() => {
  user.dispose();
  for (const { name } of sshd.hosts) sshd.exec(name, 'rm -rf /tmp/*');
});
afterAll(() => sshd.dispose());

async function sweep(name: string, options: Partial<SweepOptions> = {}): Promise<Sweep> {
  return sweepHost(await wayTo(sshd, user, name), { staleAfter: DAY, ...options });
}

/** A staging directory that a run has left on a host so many days ago. */
function leave(name: string, days: number, more = ''): string {
  const staging = newStaging();
  asLogin(
    sshd,
    name,
    `mkdir -m 700 ${staging}; cd ${staging}; echo distmake >owner; mkdir tree; ${more}
touch -d "$(date -d @$(($(date +%s) - ${days * DAY})) '+%F %T')" owner`,
  );
  return staging;
}

function execute(rig: SshdRig, name: string, command: string): string {
  return rig.exec(name, command);
}

function what({ found }: Sweep): Record<string, Swept['what']> {
  return Object.fromEntries(found.map((one) => [one.path, one.what]));
}

test('directories of runs that are gone are removed, and nothing else', async () => {
  const login = await user.login({ sshPrivateKey: sshd.privateKey });
  await Promise.all(
    sshd.hosts.map(async (host) => {
      const { name } = host;
      const [stale, empty] = [leave(name, 2, 'mkdir l1; echo 1 >l1/pid; echo >tree/file'), newStaging()];
      const [young, parked, own] = [leave(name, 0), leave(name, 9, 'touch parked'), leave(name, 9)];
      const strange = leave(name, 9, 'touch diary; ln -s diary owner.old');
      asLogin(
        sshd,
        name,
        `mkdir -m 700 ${empty}; rm ${strange}/owner; touch -d '2020-01-01 00:00' ${empty} ${strange}`,
      );
      const foreign = newStaging();
      const asOther = host.login === 'root' ? asUser : execute;
      asOther(sshd, name, `mkdir -m 700 ${foreign}; touch -d '2020-01-01 00:00' ${foreign}`);
      const others = ['/tmp/make-a-1-b-2', '/tmp/make-it-so', '/tmp/make-link'];
      asLogin(sshd, name, `mkdir -m 700 ${others[0]} ${others[1]}; ln -s /home ${others[2]}`);
      // In this one a run has been at work for longer than all others.
      const lane = await (await user.lanes(hostOf(host), login)).open({ ...laneSetup(), staging: newStaging() });
      const used = lane.treePath.split('/').slice(0, 3).join('/');
      asLogin(sshd, name, `touch -d '2020-01-01 00:00' ${used}/owner ${used}`);
      const list = (): string[] => sshd.exec(name, 'ls -d /tmp/make-*').trim().split('\n');

      const first = await sweep(name, { keep: own, sizes: true });
      expect({ name, trouble: first.trouble, ...what(first) }).toEqual({
        name,
        trouble: undefined,
        [stale]: 'removed',
        [empty]: 'removed',
        [young]: 'young',
        [parked]: 'parked',
        [used]: 'used',
      });
      const found = first.found.find(({ path }) => path === stale);
      expect(found?.age).toBeGreaterThanOrEqual(2 * DAY);
      expect(found?.bytes).toBeGreaterThan(0);
      expect(list()).toEqual([...others, young, parked, own, strange, foreign, used].sort());

      lane.close();
      const alive = `for p in $(cat ${used}/l1/pid); do if [ -d /proc/$p ]; then echo $p; fi; done`;
      await until(() => sshd.exec(name, alive) === '', 'the lane has ended');
      asLogin(sshd, name, `touch -d '2020-01-01 00:00' ${used}/owner ${young}/owner`);
      const second = await sweep(name);
      expect(what(second)).toEqual({ [young]: 'removed', [parked]: 'parked', [own]: 'removed', [used]: 'removed' });
      expect(list()).toEqual([...others, parked, strange, foreign].sort());
    }),
  );
});

test('one after the other, not too many at a time', async () => {
  const all = [leave('alpha', 2), leave('alpha', 2), leave('alpha', 2)];
  expect((await sweep('alpha', { most: 2 })).found.map((one) => one.what)).toEqual(['removed', 'removed']);
  expect(await sweep('alpha')).toMatchObject({ found: [{ what: 'removed', path: expect.stringContaining('/tmp/') }] });
  expect(await sweep('alpha')).toEqual({ found: [], trouble: undefined });
  expect(all.map((path) => sshd.exec('alpha', `ls ${path} 2>/dev/null || true`))).toEqual(['', '', '']);
});

test('a run that is only just beginning keeps its directory', async () => {
  const staging = leave('alpha', 0);
  // It locks the directory while the other waits to see whether it does.
  sshd.exec(
    'alpha',
    `cat >${TOOLS}/sleep <<'END'
#!/bin/sh
exec 8<${staging}/owner
flock -s 8
/bin/sleep 5 >/dev/null 2>&1 &
END
chmod 755 ${TOOLS}/sleep`,
  );
  try {
    expect(what(await sweep('alpha', { staleAfter: 0 }))).toEqual({ [staging]: 'used' });
  } finally {
    sshd.exec('alpha', `rm ${TOOLS}/sleep; pkill -x sleep`);
  }
});

/** Runs with a program of that name on alpha instead of its own. */
async function withTool(tool: string, script: string, body: () => Promise<void>): Promise<void> {
  sshd.exec('alpha', `cat >${TOOLS}/${tool} <<'END'\n#!/bin/sh\n${script}\nEND\nchmod 755 ${TOOLS}/${tool}`);
  try {
    await body();
  } finally {
    sshd.exec('alpha', `rm ${TOOLS}/${tool}`);
  }
}

test('a clock that was set back hides nothing', async () => {
  const staging = leave('alpha', -1);
  expect((await sweep('alpha')).found).toMatchObject([{ path: staging, what: 'young', age: 0 }]);
  expect(what(await sweep('alpha', { staleAfter: 0 }))).toEqual({ [staging]: 'removed' });
});

test('what somebody else removes meanwhile is not told of', async () => {
  const [gone, stale] = [leave('alpha', 2), leave('alpha', 2)];
  await withTool('stat', `rm -rf ${gone}; exec /usr/bin/stat "$@"`, async () => {
    const { found, trouble } = await sweep('alpha');
    expect(trouble).toBeUndefined();
    expect(found).toMatchObject([{ path: stale, what: 'removed' }]);
  });
});

test('where locks tell nothing, what is not a day old stays', async () => {
  const [young, old] = [leave('alpha', 0.5), leave('alpha', 2)];
  // A program that runs cannot be opened to be written.
  const running = leave(
    'alpha',
    0.5,
    'cp -f --remove-destination /usr/bin/perl owner; (./owner -e "sleep 99" >/dev/null 2>&1 &);',
  );
  try {
    await withTool('flock', 'exit 71', async () => {
      const swept = await sweep('alpha', { staleAfter: 0 });
      expect(swept.trouble).toBeUndefined();
      expect(what(swept)).toEqual({ [young]: 'failed', [old]: 'removed', [running]: 'failed' });
      for (const { why } of swept.found.filter((one) => one.what === 'failed'))
        expect(why).toMatch(/^there are no locks/);
    });
  } finally {
    sshd.exec('alpha', 'pkill -x owner');
  }
});

test('a lock is asked for as NFS gives it: of a file that is open to be written', async () => {
  const staging = leave('alpha', 2);
  await withTool('flock', "grep -q '^flags:.*2$' /proc/self/fdinfo/9", async () => {
    expect(what(await sweep('alpha'))).toEqual({ [staging]: 'removed' });
  });
});
