import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cleanHost } from '../../src/build/clean-host.ts';
import { sweepHost } from '../../src/build/clean/sweep-host.ts';
import { until } from '../rig/action-rig.ts';
import type { SshdRig } from '../rig/sshd-rig.ts';
import { asLogin, asUser, newStaging, startCleanHosts, TOOLS, wayTo } from './clean-rig.ts';
import { hostOf, laneSetup, runOn, SshUser } from './ssh-rig.ts';

const NOT_OURS = 'it is not a directory of this user that nobody else can enter: it was left alone';

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
  const left = sshd.hosts.map(({ name }) => sshd.exec(name, 'ls -A /tmp; rm -rf /tmp/*'));
  expect(left).toEqual(['', '', '']);
});
afterAll(() => sshd.dispose());

async function clean(name: string, staging: string): Promise<string | undefined> {
  return cleanHost(await wayTo(sshd, user, name), staging);
}

function listing(name: string, path: string): string {
  return sshd.exec(name, `ls -A '${path}' 2>&1; true`);
}

const NAMES = ['alpha', 'beta', 'gamma'];

/** The same on all hosts at one time. */
async function everywhere(body: (name: string) => Promise<void>): Promise<void> {
  await Promise.all(NAMES.map(body));
}

describe('a staging directory goes', () => {
  test('whatever is in it', () =>
    everywhere(async (name) => {
      const staging = newStaging();
      asLogin(
        sshd,
        name,
        `mkdir -m 700 ${staging}; cd ${staging}; mkdir -p l1/work 'tree/a b
c' tree/ro/ro tree/-rf; (cd l1/work; mkdir work); touch owner 'tree/a b
c/x' tree/ro/f tree/-rf/f; chmod 555 tree/ro; chmod 000 l1/work; ln -s /var/tmp/outside tree/out; mkfifo tree/fifo
mkdir /var/tmp/outside; touch /var/tmp/outside/kept`,
      );
      expect(await clean(name, staging)).toBeUndefined();
      expect(listing(name, '/tmp')).toBe('');
      expect(listing(name, '/var/tmp/outside')).toBe('kept\n');
      sshd.exec(name, 'rm -r /var/tmp/outside');
      // Nothing there is fine, too.
      expect(await clean(name, staging)).toBeUndefined();
    }));

  const many = process.env['DISTMAKE_FULL'] === undefined ? 10_000 : 100_000;
  test(`with ${many} files`, async () => {
    const staging = newStaging();
    asUser(sshd, 'alpha', `mkdir -m 700 ${staging}; cd ${staging}; mkdir tree r1; cd tree; seq ${many} | xargs touch`);
    expect(await clean('alpha', staging)).toBeUndefined();
  });
});

describe('what is not ours stays, and is named', () => {
  test('whatever another user has made', async () => {
    asUser(sshd, 'alpha', 'echo >~/precious');
    const kinds = [
      (path: string) => `ln -s /home/distmake-test ${path}`,
      (path: string) => `mkdir -m 777 ${path}; touch ${path}/file`,
      (path: string) => `mkfifo ${path}`,
      (path: string) => `echo >${path}`,
    ].map((make) => ({ make, staging: newStaging() }));
    sshd.exec('alpha', kinds.map(({ make, staging }) => make(staging)).join('; '));
    const look = 'ls -lA /tmp /tmp/*';
    const before = sshd.exec('alpha', look);
    for (const { staging } of kinds) expect(await clean('alpha', staging)).toBe(NOT_OURS);
    expect(sshd.exec('alpha', look)).toBe(before);
    expect(sshd.exec('alpha', 'ls ~distmake-test; rm -r ~distmake-test/precious /tmp/*')).toBe('precious\n');
  });

  test('what of this user is something else', async () => {
    const [open, strange] = [newStaging(), newStaging()];
    asUser(sshd, 'alpha', `mkdir -m 755 ${open}; mkdir -m 700 ${strange}; touch ${strange}/diary`);
    expect(await clean('alpha', open)).toBe(NOT_OURS);
    expect(await clean('alpha', strange)).toBe('there is something in it that no run makes: it was left alone');
    expect(sshd.exec('alpha', `ls ${strange}; rm -r ${open} ${strange}`)).toBe('diary\n');
  });

  test('what is mounted in it', () =>
    everywhere(async (name) => {
      const staging = newStaging();
      const point = `${staging}/tree/a \\b`;
      const why = `something is mounted in it: ${point}`;
      asLogin(sshd, name, `mkdir -m 700 ${staging}; mkdir -p '${point}'; touch ${staging}/owner`);
      sshd.exec(name, `mount -t tmpfs none '${point}'; touch '${point}/precious'`);
      try {
        expect(await clean(name, staging)).toBe(why);
        const swept = await sweepHost(await wayTo(sshd, user, name), { staleAfter: 0 });
        expect(swept).toMatchObject({ found: [{ path: staging, what: 'failed', why }], trouble: undefined });
        expect(listing(name, point)).toBe('precious\n');
      } finally {
        sshd.exec(name, `umount '${point}'`);
      }
      expect(await clean(name, staging)).toBeUndefined();
    }));

  test('what is put in its place while it is removed', async () => {
    const staging = newStaging();
    // Anybody may rename there, and somebody does at the worst moment: between two removals.
    sshd.exec('alpha', 'chmod 777 /tmp');
    asUser(
      sshd,
      'alpha',
      `mkdir -m 700 ${staging} ~/tree; touch ~/tree/precious; cd ${staging}; mkdir tree; touch owner`,
    );
    sshd.exec(
      'alpha',
      `cat >${TOOLS}/rm <<'END'
#!/bin/sh
if [ -e ${staging}/tree ] && ! [ -e /tmp/moved ]; then mv ${staging} /tmp/moved; ln -s /home/distmake-test ${staging}; fi
exec /bin/rm "$@"
END
chmod 755 ${TOOLS}/rm`,
    );
    try {
      expect(await clean('alpha', staging)).toMatch(/Not a directory|it is still there/);
      expect(listing('alpha', '/home/distmake-test/tree')).toBe('precious\n');
      expect(listing('alpha', '/tmp/moved')).toBe('');
    } finally {
      sshd.exec('alpha', `chmod 1777 /tmp; rm -rf ${TOOLS}/rm /tmp/moved ${staging} ~distmake-test/tree`);
    }
  });
});

describe('what lives in it is ended', () => {
  /** A lane with a job on it that has left something running besides. */
  async function busyLane(name: string): Promise<{ staging: string; ended: Promise<unknown> }> {
    const login = await user.login({ sshPrivateKey: sshd.privateKey });
    const lanes = await user.lanes(hostOf(sshd.host(name)), login);
    const setup = laneSetup();
    const lane = await lanes.open(setup);
    user.after(() => lane.close());
    await lane.sync([]);
    const ended = runOn(lane, 'setsid sleep 7071 >/dev/null 2>&1 & sleep 7072').catch((error: Error) => error.message);
    await until(() => sleepers(name) === 2, 'the job runs');
    return { staging: setup.staging, ended };
  }

  function sleepers(name: string): number {
    return Number(sshd.exec(name, 'pgrep -fc "^sleep 707[12]"', { check: false }));
  }

  /** Lanes, jobs, and whatever else is not there when nobody has logged in. */
  function processes(name: string): string[] {
    const running = sshd.exec(name, 'ps -e -o args=').split('\n');
    return running.filter((line) => /^distmake-|perl|sleep|^sh -c (?:eval|IFS)/.test(line));
  }

  test('a lane and its job, not who has its number by now', () =>
    everywhere(async (name) => {
      const { staging, ended } = await busyLane(name);
      const innocent = asLogin(sshd, name, 'sleep 9 >/dev/null 2>&1 & echo $!').trim();
      asLogin(
        sshd,
        name,
        `mkdir ${staging}/l9 ${staging}/l8; echo ${innocent} 1 >${staging}/l9/pid; mkfifo ${staging}/l8/pid`,
      );
      expect(await clean(name, staging)).toBeUndefined();
      await ended;
      expect(processes(name)).toEqual(['sleep 9']);
      sshd.exec(name, `kill ${innocent}`);
    }));

  test('a job that was left by a lane and all that guards it', () =>
    everywhere(async (name) => {
      const { staging, ended } = await busyLane(name);
      // All at once, so that none of them can do anything for the others.
      sshd.exec(name, `kill -STOP $(cat ${staging}/l1/pid); kill -KILL $(cat ${staging}/l1/pid)`);
      await ended;
      expect(await clean(name, staging)).toBeUndefined();
      await until(() => processes(name).length === 0, 'nothing runs there');
    }));
});
