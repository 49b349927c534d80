import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionsTo, expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, type CommandResult, type RunningCommand } from './command-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'unprivileged', slots: 6 },
      { name: 'beta', user: 'root', slots: 2 },
    ],
  });
  // What a host's owner writes there is written on this host alone.
  for (const { name } of sshd.hosts) sshd.exec(name, 'mount -t tmpfs -o mode=755 tmpfs /etc/opt');
});
afterEach(() => {
  sweepHosts(sshd);
  for (const { name } of sshd.hosts) sshd.exec(name, 'rm -rf /etc/opt/SPROdmake /var/tmp/log');
});
afterAll(() => sshd.dispose());

const login = (name: string): string => sshd.host(name).matrixLine().split(' ')[0] ?? '';

function owner(name: string, text: string): void {
  sshd.exec(name, `mkdir -p /etc/opt/SPROdmake; printf '${text}' >/etc/opt/SPROdmake/dmake.conf`);
}

/** Each job tells on its host when it begins and ends. */
const TELLING = `OBJECTS := $(foreach n,$(shell seq 20),$n.o)
all: $(OBJECTS) ; @:
$(OBJECTS): ; @echo + >>/var/tmp/log; sleep 0.4; echo - >>/var/tmp/log; hostname >$@
`;

/** The most jobs that ran there at one time. */
function mostAtOnce(name: string): number {
  let running = 0;
  let most = 0;
  for (const sign of sshd.exec(name, 'cat /var/tmp/log').trim().split('\n')) {
    running += sign === '+' ? 1 : -1;
    most = Math.max(most, running);
  }
  return most;
}

const madeOn = (rig: CommandRig, count = 20): string[] =>
  Array.from({ length: count }, (_, at) => rig.read(`${at + 1}.o`).trim());

describe("what a host's owner decides", () => {
  const asks = (rig: CommandRig): RunningCommand => {
    rig.write({ hosts: `${login('alpha')} 6\n` });
    return rig.start(['-c', 'hosts', '--local-jobs', '0', '-j6', 'all']);
  };
  const use = (body: (first: CommandRig, second: CommandRig) => Promise<void>): Promise<void> =>
    CommandRig.use(sshd, { Makefile: TELLING }, (first) =>
      CommandRig.use(sshd, { Makefile: TELLING }, (second) => body(first, second)),
    );

  test('two runs that ask 6 each against a cap of 8 never have more than 8 (D10)', () =>
    use(async (first, second) => {
      owner('alpha', 'max_jobs: 8\\n');
      sshd.exec('alpha', 'touch /var/tmp/log; chmod 666 /var/tmp/log');
      const runs = [asks(first), asks(second)];
      for (const run of runs) expect(await run.result).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(mostAtOnce('alpha')).toBeLessThanOrEqual(8);
      expect(mostAtOnce('alpha')).toBeGreaterThan(6);
      for (const rig of [first, second]) expect(new Set(madeOn(rig))).toEqual(new Set(['alpha']));
      await expectNothingLeft(sshd);
    }));

  test('a run that dies gives its share back', () =>
    use(async (first, second) => {
      owner('alpha', 'max_jobs: 2\\nnice_prio: 0\\n');
      first.write({ Makefile: '1.o 2.o 3.o: ; @sleep 61\n' });
      first.write({ hosts: `${login('alpha')} 6\n` });
      const dying = first.start(['-c', 'hosts', '--local-jobs', '0', '-j6', '1.o', '2.o', '3.o']);
      const sleepers = (): number => Number(sshd.exec('alpha', "pgrep -fcx 'sleep 61'", { check: false }));
      await until(() => sleepers() === 2, 'both places are taken');
      const before = connectionsTo(sshd, 'alpha');
      const waiting = asks(second);
      await until(() => connectionsTo(sshd, 'alpha') > before, 'the second run is there');
      await sleep(500);
      expect(second.list().filter((name) => name.endsWith('.o'))).toEqual([]);
      dying.killAll();
      expect(await waiting.result).toMatchObject({ status: 0 });
      expect(new Set(madeOn(second))).toEqual(new Set(['alpha']));
    }));

  test('jobs run at the niceness it says (D11)', () =>
    CommandRig.use(sshd, { Makefile: 'a.o b.o: ; @ps -o ni= -p $$$$ >$@\n' }, async (rig) => {
      owner('alpha', 'max_jobs: 3\\nnice_prio: 5\\n');
      const result = await rig.run(['-c', rig.hostsFile, '--local-jobs', '0', '-j2', 'a.o', 'b.o']);
      expect(result).toMatchObject({ status: 0, stderr: '' });
      expect([rig.read('a.o').trim(), rig.read('b.o').trim()].sort()).toEqual(['0', '5']);
    }));

  test('a .dmakerc gives no jobs to a host without its file, and says what to create (D12)', () =>
    CommandRig.use(sshd, { Makefile: 'a.o b.o: ; @hostname >$@\n' }, async (rig) => {
      owner('beta', 'max_jobs: 2\\n');
      rig.write({ rc: `group all { host "${login('alpha')}" host "${login('beta')}" { jobs = 2 } }\n` });
      const result = await rig.run(['-c', 'rc', 'a.o', 'b.o']);
      expect(result.status).toBe(0);
      expect(result.stderr).toContain('/etc/distmake.conf');
      expect(result.stderr).toContain(login('alpha'));
      expect([rig.read('a.o'), rig.read('b.o')]).toEqual(['beta\n', 'beta\n']);
    }));

  test.each([
    ['max_jobs: 0\\n', /no jobs.*max_jobs: 0/],
    ['nice_prio: 3\\n', /max_jobs/],
    ['max_jobs: many\\n', /dmake\.conf/],
  ])('a file of %j leaves the host out, with words', (text, words) =>
    CommandRig.use(sshd, { Makefile: 'a.o b.o: ; @hostname >$@\n' }, async (rig) => {
      owner('alpha', text);
      const result = await rig.run(['-c', rig.hostsFile, '--local-jobs', '0', '-j4', 'a.o', 'b.o']);
      expect(result.status).toBe(0);
      expect(result.stderr).toMatch(words);
      expect([rig.read('a.o'), rig.read('b.o')]).toEqual(['beta\n', 'beta\n']);
    }),
  );
});

describe('one farm in every format', () => {
  const NAMES = { Makefile: '.DIST: %.o\n1.o 2.o 3.o 4.o 5.o 6.o 7.o 8.o: ; @hostname >$@; sleep 0.2\n' };
  const goals = Array.from({ length: 8 }, (_, at) => `${at + 1}.o`);
  const [alpha, beta] = [(): string => login('alpha'), (): string => login('beta')];

  const both = (rig: CommandRig, result: CommandResult): void => {
    expect(result).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const made = madeOn(rig, 8);
    expect(made.filter((name) => name === 'alpha').length).toBeGreaterThan(3);
    expect(made.filter((name) => name === 'beta').length).toBeGreaterThan(0);
    expect(made.filter((name) => !['alpha', 'beta'].includes(name))).toEqual([]);
  };

  test.each<[string, () => string]>([
    ['makehosts', () => `${alpha()} 6\n${beta()} 2\n`],
    ['dpb', () => `DEFAULT jobs=2\n${alpha()} jobs=6 sf=2\n${beta()}\n`],
    ['yaml', () => `hosts:\n  - {address: "${alpha()}", slots: 6}\n  - {address: "${beta()}", slots: 2, speed: 2}\n`],
    [
      'json',
      () =>
        JSON.stringify({
          hosts: [
            { address: alpha(), slots: 6 },
            { address: beta(), slots: 2 },
          ],
        }),
    ],
  ])('%s', (_format, text) =>
    CommandRig.use(sshd, NAMES, async (rig) => {
      rig.write({ farm: text() });
      both(rig, await rig.run(['-c', 'farm', '--local-jobs', '0', '-j8', ...goals]));
      await expectNothingLeft(sshd);
    }),
  );

  test('dmakerc, whose jobs need no -j, and its own search order', () =>
    CommandRig.use(sshd, NAMES, async (rig) => {
      for (const { name } of sshd.hosts) owner(name, 'max_jobs: 9\\n');
      rig.write({ 'DMAKE.rc': `group g { host "${alpha()}" { jobs = 6 } host "${beta()}" }\n` });
      const environment = { DMAKE_RCFILE: 'DMAKE.rc' };
      both(rig, await rig.run(goals, { environment }));
      rig.write({ Makefile: `DMAKE_RCFILE = DMAKE.rc\n${NAMES.Makefile}` });
      for (const goal of goals) rig.write({ [goal]: 'old' });
      both(rig, await rig.run(['-B', ...goals], { environment: { DMAKE_RCFILE: '/nowhere' } }));
    }));

  test("d1make's list, with its set-up", () =>
    CommandRig.use(sshd, { Makefile: '.DIST: %.o\n%.o: ; @echo $$X >$@\n' }, async (rig) => {
      const environment = { D1MAKE_HOSTS: `${alpha()}  ${beta()}`, D1MAKE_SERVER_SETUP: 'X=set' };
      expect(await rig.run(['--local-jobs', '0', '-j2', '1.o', '2.o'], { environment })).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(madeOn(rig, 2)).toEqual(['set', 'set']);
    }));

  test('arguments for the makes that recipes call, here and there, and for no other (L3)', () => {
    const sub = 'all: ; @echo $(MAKEFLAGS) $(X); $(MAKE) below\nbelow: ; @echo below $(X)\n';
    const files = { Makefile: '.DIST: there\nhere there: ; @cd d && $(MAKE) -s >../$@\nX = none\n', 'd/Makefile': sub };
    return CommandRig.use(sshd, files, async (rig) => {
      const environment = { D1MAKE_HOSTS: beta(), D1MAKE_CLIENT_MAKEARGS: "-r X='two words'" };
      expect(await rig.run(['--local-jobs', '0', 'here', 'there'], { environment })).toMatchObject({
        status: 0,
        stderr: '',
      });
      for (const name of ['here', 'there']) {
        expect(rig.read(name)).toMatch(/^rs.*two words\n(make.*\n)*below two words\n/);
      }
    });
  });

  test('under fallback: never a sub-make that would build something else there is refused (P5)', () => {
    const files = {
      Makefile: '.DIST: same other\nsame other: ; @$(MAKE) -s -C $@.d >$@\n',
      'same.d/Makefile': 'all: a; @hostname\na: ; @:\n',
      'other.d/Makefile': 'all: $(shell hostname); @hostname\n%: ; @:\n',
    };
    return CommandRig.use(sshd, files, async (rig) => {
      rig.write({ hosts: `${beta()} 2\n` });
      const words = ['-c', 'hosts', '--fallback', 'never', '-k', 'same', 'other'];
      const { status, stderr } = await rig.run(words);
      expect(status).toBe(2);
      expect(rig.read('same')).toMatch(/^(make.*\n)*beta\n(make.*\n)*$/);
      expect(stderr).toMatch(/^distmake: the recipe of other calls make, and .* may not run it: .*\ball\b.*beta/m);
      expect(rig.exists('other')).toBe(false);
    });
  });

  test('a start-up command that fails leaves its host out (E15); path comes first (D22)', () =>
    CommandRig.use(sshd, { Makefile: 'a.o b.o: ; @{ hostname; tool; } >$@\n' }, async (rig) => {
      sshd.exec(
        'beta',
        'mkdir -p /var/tmp/bin; printf "#!/bin/sh\\necho own\\n" >/var/tmp/bin/tool; chmod 755 /var/tmp/bin /var/tmp/bin/tool',
      );
      rig.write({
        'farm.yml': `hosts:\n- {address: "${alpha()}", startup: "echo out of order >&2; exit 3"}\n- {address: "${beta()}", startup: "echo \\"$$\\" >>/var/tmp/log", slots: 2, path: /var/tmp/bin}\n`,
      });
      const result = await rig.run(['-c', 'farm.yml', '--local-jobs', '0', '-j2', 'a.o', 'b.o']);
      expect(result.status).toBe(0);
      expect(result.stderr).toContain('out of order');
      expect(result.stderr).toMatch(/start-up command \(STARTUP\).*status 3/);
      expect([rig.read('a.o'), rig.read('b.o')]).toEqual(['beta\nown\n', 'beta\nown\n']);
      // Once, although there were two lanes.
      expect(sshd.exec('beta', 'wc -l </var/tmp/log').trim()).toBe('1');
    }));

  test('another transport program (D22)', () =>
    CommandRig.use(sshd, { Makefile: 'a.o b.o: ; @hostname >$@\n' }, async (rig) => {
      const { address, port, login: user } = sshd.host('beta');
      rig.write({
        'rsh.sh': `#!/bin/sh\nhost=$1; shift\nexec ssh -p ${port} -i '${join(rig.home, '.ssh/id_ed25519')}' -o UserKnownHostsFile='${join(rig.home, '.ssh/known_hosts')}' "${user}@$host" "$@"\n`,
      });
      chmodSync(join(rig.workspace, 'rsh.sh'), 0o755);
      owner('beta', 'max_jobs: 4\\n');
      rig.write({ rc: `${'group g'} { host "${address}" { jobs = 2, rsh = "${join(rig.workspace, 'rsh.sh')}" } }\n` });
      expect(await rig.run(['-c', 'rc', 'a.o', 'b.o'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect([rig.read('a.o'), rig.read('b.o')]).toEqual(['beta\n', 'beta\n']);
      await expectNothingLeft(sshd);
      await until(() => rig.processes().length === 0, 'no transport is left');
    }));

  test('--hosts prints what would be used, and no value of a variable', () =>
    CommandRig.use(sshd, {}, async (rig) => {
      rig.write({
        'farm.json':
          '{"hosts": [{"address": "me@a:22", "slots": 2, "environment": {"TOKEN": "hush-hush"}}, "b 3"], "groups": {"g": ["me@a:22"]}}',
      });
      const result = await rig.run(['-c', 'farm.json', '--hosts']);
      expect(result.status).toBe(0);
      expect(result.stdout).toContain('me@a:22');
      expect(result.stdout).toContain('TOKEN');
      expect(result.stdout + result.stderr).not.toContain('hush');
      expect(result.stdout).not.toMatch(/\bb\b/);
      const environment = { GITHUB_ACTIONS: 'true' };
      const masked = await rig.run(['-c', 'farm.json', '--hosts'], { environment });
      expect(masked.stdout).toMatch(/^::add-mask::hush-hush\n/);
    }));
});
