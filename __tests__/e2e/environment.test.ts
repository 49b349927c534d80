import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ActionRig, inputsFor, sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 1 },
      { name: 'beta', user: 'unprivileged', slots: 1 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

/** The environment of a job, as the job's target holds it. */
function variables(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .flatMap((line) => (/^(\w+)=(.*)$/.exec(line)?.slice(1, 3) ? [line.split(/=(.*)/s).slice(0, 2)] : [])),
  ) as Record<string, string>;
}

describe('the environment that travels', () => {
  const files = {
    Makefile: `export FROM_MAKEFILE = made "by" \\$$it's
export PATH := $(CURDIR)/tools:$(PATH)
FLAVOUR = plain
SECOND = two
all: a.o b.o
a.o b.o: Makefile
	@env >$@; echo FLAVOUR_IN_TEXT=$(FLAVOUR) >>$@; umask >>$@; own-tool.sh >>$@; sleep 0.3
`,
    'tools/own-tool.sh': '#!/bin/sh\necho TOOL=found\n',
  };

  test('what the makefile and the command line export, PATH additions, umask; nothing of the runner', () =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      action.environment = {
        NAMED: 'by its name',
        UNNAMED: 'of the runner',
        GITHUB_TOKEN: 'a-secret',
        ACTIONS_RUNTIME_TOKEN: 'a-secret',
        MY_TOKEN: 'a-secret',
        SSH_CONNECTION: 'a-secret',
      };
      const before = process.umask(0o027);
      try {
        const main = await action.main({ environment: 'NAMED, MISSING', arguments: "FLAVOUR='very sweet' SECOND=2" });
        expect(main.status).toBe(0);
      } finally {
        process.umask(before);
      }
      expect(action.outputs).toMatchObject({ remote: 2, local: 0, retried: 0 });
      for (const name of ['a.o', 'b.o']) {
        const text = action.read(name);
        const seen = variables(text);
        expect(seen).toMatchObject({
          FROM_MAKEFILE: 'made "by" \\$it\'s',
          FLAVOUR: 'very sweet',
          FLAVOUR_IN_TEXT: 'very sweet',
          SECOND: '2',
          NAMED: 'by its name',
          TOOL: 'found',
        });
        expect(text).toMatch(/^0?027$/m);
        expect(seen['PATH']?.split(':')[0]).toBe(`${action.workspace}/tools`);
        expect(text).not.toContain('a-secret');
        expect(seen).not.toHaveProperty('UNNAMED');
        expect(seen).not.toHaveProperty('DISTMAKE_TARGET');
        expect(Object.keys(seen).filter((key) => /^(GITHUB|INPUT|ACTIONS|STATE|RUNNER|DISTMAKE)_/.test(key))).toEqual(
          [],
        );
        // Neither the run directory nor any temporary directory of the runner.
        expect(text).not.toContain(action.tmp);
        expect(text).not.toContain(action.home);
      }
      await action.post();
    }));
});

describe('setup', () => {
  const files = { Makefile: 'all: a.o b.o\na.o b.o:\n\t@echo "$$(hostname) $$TOOLCHAIN" >$@; greet >>$@; sleep 0.3\n' };

  test('its exports reach the jobs', () =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      const setup = [
        'echo this goes nowhere',
        'mkdir -p "$HOME/bin"',
        `printf '#!/bin/sh\\necho "hello from $(hostname)"\\n' >"$HOME/bin/greet"; chmod +x "$HOME/bin/greet"`,
        'export TOOLCHAIN="gcc; on $(hostname)"',
        'export PATH="$HOME/bin:$PATH"',
      ];
      const main = await action.main({ setup: `${setup.join('\n')}\n` });
      await action.post();
      expect(main.status).toBe(0);
      expect(main.text).not.toContain('this goes nowhere');
      const texts = ['a.o', 'b.o'].map((name) => action.read(name)).sort();
      expect(texts).toEqual(['alpha', 'beta'].map((name) => `${name} gcc; on ${name}\nhello from ${name}\n`));
      expect(action.outputs).toMatchObject({ remote: 2, retried: 0 });
    }));

  test('a failure leaves the host out, with the reason', () =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), 'local-jobs': '0' } }, async (action) => {
      const setup =
        'greet() { :; }\ntest "$(hostname)" = beta || { echo "no toolchain here" >&2; false; }\nexport TOOLCHAIN=x\n';
      action.write({ Makefile: 'all: a.o b.o\na.o b.o:\n\t@echo "$$(hostname) $$TOOLCHAIN" >$@\n' });
      const main = await action.main({ setup });
      await action.post();
      expect(main.status).toBe(0);
      expect(['a.o', 'b.o'].map((name) => action.read(name))).toEqual(['beta x\n', 'beta x\n']);
      expect(main.log.annotations).toMatchObject([{ level: 'warning' }]);
      const [{ message } = { message: '' }] = main.log.annotations;
      expect(message).toContain(sshd.host('alpha').matrixLine().split(' ')[0]);
      expect(message).toMatch(/setup/);
      expect(message).toContain('no toolchain here');
    }));

  test('a syntax error in it does the same', () =>
    ActionRig.use({ files, inputs: { ...inputsFor(sshd), setup: 'if true; then\n' } }, async (action) => {
      action.write({ Makefile: 'a.o:\n\t@echo x >$@\n' });
      const main = await action.main();
      await action.post();
      expect(main.status).toBe(0);
      expect(main.log.of('warning')).toHaveLength(2);
      for (const { message } of main.log.of('warning')) expect(message).toMatch(/setup/);
      expect(action.outputs).toMatchObject({ remote: 0, local: 1 });
    }));
});
