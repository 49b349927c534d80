import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { ActionRig, expectNothingLeft, inputsFor, sweepHosts, until } from '../rig/action-rig.ts';
import { asRoot } from '../rig/as-root.mjs';
import { SshdRig, TEST_USER } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'root', slots: 2, hide: ['/etc/opt'] }] });
  sshd.exec('alpha', 'mkdir /etc/opt/SPROdmake; echo max_jobs: 2 >/etc/opt/SPROdmake/dmake.conf');
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

/** A script that prints a line for each thing that it can do to directories ($WHAT) and what is in them. Nothing is changed by it. */
const TRY = `exec 2>/dev/null
for d in $WHAT; do
  ls -A "$d" >/dev/null && echo "list $d"
  find "$d" -type f | while read -r f; do
    head -c 1 "$f" >/dev/null && echo "read $f"
    ( : >>"$f" ) && echo "write $f"
  done
  for f in sock last.mk shim events.ndjson owner tree/Makefile l1/pid; do [ -e "$d/$f" ] && echo "see $d/$f"; done
  perl -MIO::Socket::UNIX -e 'exit !IO::Socket::UNIX->new(Peer => shift)' "$d/sock" && echo "join $d"
  ( : >"$d/mine" ) && rm "$d/mine" && echo "make a file in $d"
  mv "$d" "$d.mine" && mv "$d.mine" "$d" && echo "rename $d"
done
true`;

test('another user of the runner can neither read nor join a run, whatever the umask', () =>
  ActionRig.use(
    { files: { Makefile: 'here: ; @until [ -e go ]; do sleep 0.1; done; echo done >$@\n' } },
    async (action) => {
      const umask = process.umask(0);
      let step;
      try {
        step = action.start();
      } finally {
        process.umask(umask);
      }
      const runs = (): boolean => action.processes().some((line) => line.includes('until'));
      await until(runs, 'the recipe runs');
      const what = `${action.temp}/distmake-* ${action.home}/.cache/distmake`;
      const attempt = (user: readonly string[]): string => {
        const [file = '', ...words] = asRoot([...user, 'sh', '-c', TRY.replace('$WHAT', what)]);
        return execFileSync(file, words, { encoding: 'utf8' });
      };
      // What the attempts are worth: the user himself can do all of it.
      const own = attempt(['env']);
      for (const part of ['join', 'list', 'make a file in', 'read', 'rename', 'see', 'write'])
        expect(own).toMatch(`${part} ${action.folder}`);
      for (const part of ['/distmake-report-', '/.cache/distmake/shim-', '/sock\n', '/last.mk\n', '/events.ndjson\n'])
        expect(own).toContain(part);
      expect(attempt(['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'])).toBe('');
      action.write({ go: '' });
      expect(await step.result).toMatchObject({ status: 0 });
    },
  ));

test('another user of a host can neither read a staged tree nor lead a lane elsewhere by what all users share', () =>
  ActionRig.use(
    {
      files: {
        Makefile:
          'all: a.o b.o c.o d.o ; @:\n%.o: ; @until [ -e /run/go ] || [ "$@" != a.o ]; do sleep 0.1; done; id -u >$@\n',
      },
      inputs: { ...inputsFor(sshd), 'local-jobs': '0', toolchain: 'off' },
    },
    async (action) => {
      sshd.exec('alpha', 'mkdir /root/precious');
      const step = action.start();
      await until(() => step.text.includes(': ready'), 'the host is ready');
      // Between a directory and a link: a lane may come at any moment of it.
      sshd.exec(
        'alpha',
        `as="setpriv --reuid=${TEST_USER} --regid=${TEST_USER} --clear-groups"
         $as sh -c 'p=/tmp/.distmake-slots
           while [ ! -e /tmp/over ]; do ln -s /root/precious $p; rm -f $p; mkdir -m 777 $p; ln -s /root/precious/own $p/1; rm -rf $p; done' </dev/null >/dev/null 2>&1 &`,
      );
      await until(() => action.exists('b.o') || action.exists('c.o'), 'jobs have run', 20);
      const [tree = ''] = sshd.exec('alpha', 'ls -d /tmp/make-*').trim().split('\n');
      const attempt = (user: string): string =>
        sshd.exec('alpha', `cd /; WHAT=${tree} ${user} sh -s <<'END'\n${TRY}\nEND`);
      const own = attempt('env');
      for (const part of ['list', 'make a file in', 'read', 'see', 'write', 'rename'])
        expect(own).toMatch(`${part} ${tree}`);
      const other = `setpriv --reuid=${TEST_USER} --regid=${TEST_USER} --clear-groups`;
      expect(attempt(other)).toBe('');
      // Nor by the way of the processes that are in it.
      const roots = sshd.exec(
        'alpha',
        `${other} sh -c 'cat /proc/[0-9]*/root${action.workspace}/Makefile /proc/[0-9]*/cwd/Makefile 2>/dev/null; true'`,
      );
      expect(roots).toBe('');
      sshd.exec('alpha', ': >/run/go');
      const main = await step.result;
      sshd.exec('alpha', `: >/tmp/over; while pgrep -u ${TEST_USER} >/dev/null; do sleep 0.05; done`);
      expect(main).toMatchObject({ status: 0 });
      expect(sshd.exec('alpha', 'ls -A /root/precious')).toBe('');
      expect(action.read('b.o')).toBe('0\n');
      await action.post();
      sshd.exec('alpha', 'rm -rf /tmp/over /tmp/.distmake-slots');
      await expectNothingLeft(sshd);
    },
  ));
