import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActionRig, expectNothingLeft, sweepHosts, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'unprivileged', slots: 2 },
      { name: 'beta', user: 'root', slots: 2 },
      // Without perl: another lane, which keeps requests in files.
      { name: 'gamma', user: 'root', slots: 1, sshdConfig: ['SetEnv PATH=/run/tools'] },
      // Lets nobody in: what goes wrong is in the log too.
      { name: 'delta', user: 'root', slots: 1, sshdConfig: ['AuthorizedKeysFile none'] },
    ],
  });
  sshd.exec(
    'gamma',
    `mkdir /run/tools && cd /run/tools && for tool in $(busybox --list); do ln -s "$(command -v busybox)" $tool; done
     ln -sf "$(readlink -f /bin/sh)" sh`,
  );
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

const PASSPHRASE = 'open sesame, 4711 times';
const TOKEN = 'hush-7f3a9c-"it\'s"';

const MAKEFILE = `all: 1.o 2.o 3.o 4.o 5.o here ; @:
1.o 2.o 3.o 4.o 5.o: ; @env | sed -n '/.tmp.make-/d; s/^\\(TOKEN_[A-Z]*\\)=.*hush.*/\\1 is there/; p' >$@; sleep 1
here: ; @env >$@; cat /proc/$$PPID/environ >>$@
`;

test('nothing secret is seen anywhere, with debug logging on', () =>
  ActionRig.use(
    { files: { Makefile: MAKEFILE }, environment: { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' } },
    async (action) => {
      const key = join(action.folder, 'key');
      copyFileSync(sshd.privateKeyFile, key);
      execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', PASSPHRASE, '-f', key]);
      const privateKey = readFileSync(key, 'utf8');
      execFileSync('rm', [key]);
      const login = (name: string): string => sshd.host(name).matrixLine().split(' ')[0] ?? '';
      const hosts = sshd.hosts.map(({ name, slots }) => ({
        name: `the-${name}`,
        address: login(name),
        slots,
        environment: { [`TOKEN_${name.toUpperCase()}`]: `${TOKEN}${name}` },
      }));
      const step = action.start({
        hosts: JSON.stringify({ hosts }),
        'ssh-private-key': privateKey,
        'ssh-passphrase': PASSPHRASE,
        'known-hosts': sshd.knownHosts,
        'local-jobs': '0',
        jobs: '6',
      });

      const secrets = [
        PASSPHRASE,
        TOKEN,
        ...privateKey.split('\n').filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line)),
      ];
      const expectNone = (where: string, text: string, more: readonly string[] = []): void => {
        for (const secret of [...secrets, ...more]) {
          if (text.includes(secret)) throw new Error(`${where} shows ${secret}`);
        }
      };
      const readHosts = (when: string): void => {
        for (const { name } of sshd.hosts) {
          expectNone(`${when}: the processes of ${name}`, sshd.exec(name, 'ps axww -o args='));
          const files = sshd.exec(
            name,
            `grep -rlaF -f - /tmp /var/tmp /home /root /run /dev/shm <<'END' || true\n${secrets.join('\n')}\nEND`,
          );
          expect(files).toBe('');
        }
      };
      await until(
        () =>
          /5\.o/.test(sshd.exec('alpha', 'ps axww -o args=') + sshd.exec('beta', 'ps axww -o args=')) ||
          action.exists('1.o'),
        'jobs run',
      );
      expectNone('the process list', execFileSync('ps', ['axww', '-o', 'args='], { encoding: 'utf8' }));
      readHosts('while jobs run');

      const main = await step.result;
      expect(main.status).toBe(0);
      expect(action.outputs).toMatchObject({ remote: 5, retried: 0 });
      readHosts('after main');
      const post = await action.post();
      readHosts('after post');
      await expectNothingLeft(sshd);

      // The runner takes the masks out of its log; what they hide stands nowhere else.
      const masked = main.log.others.filter(({ name }) => name === 'add-mask').map(({ data }) => data);
      const text = main.text.replace(/^::add-mask::.*$/gm, '') + post.text.replace(/^::add-mask::.*$/gm, '');
      const addresses = sshd.hosts.map(({ address }) => address);
      expectNone('the log', text, addresses);
      expectNone('the summary', action.summary, addresses);
      expectNone('the outputs', JSON.stringify(action.outputs), addresses);
      expectNone('the state', JSON.stringify([...action.state]));
      for (const place of [action.temp, action.tmp, action.home, action.workspace]) {
        const files = execFileSync('find', [place, '-type', 'f', '-exec', 'cat', '{}', '+'], { encoding: 'latin1' });
        expectNone(place, files);
      }
      const unescaped = masked.map((one) => one.replaceAll('%25', '%').replaceAll('%0A', '\n').replaceAll('%0D', '\r'));
      for (const secret of secrets.slice(2)) expect(unescaped).toContain(secret);
      for (const { address, environment } of hosts) {
        expect(unescaped).toEqual(expect.arrayContaining([address, ...Object.values(environment)]));
      }
      for (const name of ['alpha', 'beta', 'gamma']) expect(text).toMatch(new RegExp(`^the-${name}: ready`, 'm'));
      expect(text).toMatch(/the-delta.*refused the login/);

      // Recipes have the variables of their own host, and nothing else of it.
      const here = action.read('here');
      expectNone('the environment here', here, [...addresses, 'INPUT_HOSTS=', 'INPUT_SSH']);
      const seen = ['1', '2', '3', '4', '5'].map((name) => action.read(`${name}.o`));
      for (const environment of seen) {
        expect(environment.match(/^TOKEN_.* is there$/gm)).toHaveLength(1);
        expectNone('the environment there', environment, ['INPUT_', 'GITHUB_']);
      }
    },
  ));

test('programs that lead to hosts are shown no secret', () =>
  ActionRig.use({ files: { Makefile: 'a.o b.o: ; @hostname >$@; sleep 0.5\n' } }, async (action) => {
    const key = join(action.folder, 'key');
    copyFileSync(sshd.privateKeyFile, key);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', PASSPHRASE, '-f', key]);
    const privateKey = readFileSync(key, 'utf8');
    rmSync(key);
    const seen = join(action.folder, 'seen');
    const program = (name: string, body: string): string => {
      const file = join(action.folder, name);
      const tell = `{ echo "${name}: $*"; env; tr '\\0' '\\n' </proc/$$/environ; } >>${seen}`;
      writeFileSync(file, `#!/bin/sh\n${tell}\n${body}\n`, { mode: 0o755 });
      return file;
    };
    const [alpha, beta] = [sshd.host('alpha'), sshd.host('beta')];
    mkdirSync(join(action.home, '.ssh'), { mode: 0o700 });
    writeFileSync(join(action.home, '.ssh/known_hosts'), sshd.knownHosts);
    const relay = program(
      'proxy',
      `exec '${process.execPath}' -e 'const s = require("net").connect(process.argv[2], process.argv[1]); process.stdin.pipe(s); s.pipe(process.stdout)' "$@"`,
    );
    const configured = `Host proxied\n HostName ${beta.address}\n Port ${beta.port}\n User ${beta.login}\n ProxyCommand ${relay} %h %p\n`;
    writeFileSync(join(action.home, '.ssh/config'), configured);
    const rsh = program(
      'rsh',
      `shift 3; exec ssh -F none -p ${alpha.port} -i ${sshd.privateKeyFile} -o UserKnownHostsFile=${action.home}/.ssh/known_hosts ${alpha.login}@${alpha.address} "$@"`,
    );
    const common = { slots: 1, environment: { TOKEN_OF_IT: `${TOKEN}there` } };
    const hosts = [
      { ...common, name: 'by-proxy', address: 'proxied' },
      { ...common, name: 'by-program', address: `${alpha.login}@${alpha.address}`, transport: rsh },
    ];
    const main = await action.main({
      hosts: JSON.stringify({ hosts }),
      'ssh-private-key': privateKey,
      'ssh-passphrase': PASSPHRASE,
      'known-hosts': sshd.knownHosts,
      setup: `OTHER='${TOKEN.replaceAll("'", "'\\''")}'`,
      'local-jobs': '0',
      targets: 'a.o b.o',
    });
    expect(main.status).toBe(0);
    expect([action.read('a.o'), action.read('b.o')].sort()).toEqual(['alpha\n', 'beta\n']);
    expect((await action.post()).log.annotations).toEqual([]);
    const shown = readFileSync(seen, 'utf8');
    for (const name of ['proxy', 'rsh']) expect(shown.match(new RegExp(`^${name}: `, 'gm'))?.length).toBeGreaterThan(1);
    const lines = privateKey.split('\n').filter((line) => /^[A-Za-z0-9+/=]{20,}$/.test(line));
    for (const secret of [PASSPHRASE, TOKEN, ...lines, 'INPUT_']) expect(shown).not.toContain(secret);
    await expectNothingLeft(sshd);
  }));
