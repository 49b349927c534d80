import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect, jest, test } from '@jest/globals';

import type { Outcome } from '../../../src/model/outcome.ts';
import { bytesOf, encode, fsPath } from '../../../src/util/bytes.ts';
import { baseEnvironment, MakeRig, TRANSPORTS, type Transport } from './make-rig.ts';

// Some of these wait for what is looked for once a second, or for a second engine to start.
jest.setTimeout(30_000);

async function withRig(transport: Transport, files: Record<string, string>, test: (rig: MakeRig) => Promise<void>) {
  const rig = await MakeRig.create(transport, files);
  try {
    await test(rig);
  } finally {
    await rig.close();
  }
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 2000; tries++) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await sleep(10);
  }
  throw new Error('It did not happen within 20 s');
}

const exited = (status: number): Outcome => ({ kind: 'exited', status });

describe.each(TRANSPORTS)('%s', (transport) => {
  test('a call tells the prerequisites where they are asked for, and nothing of ours reaches the recipe', async () => {
    const many = Array.from({ length: 600 }, (_, n) => `m${n}`).join(' ');
    const rig = await MakeRig.create(
      transport,
      {
        Makefile: [
          'export TOP := 1',
          'all: a.o many none',
          'a.o: a.c sub/../b.h a.c | dir ; @env; echo "$$DISTMAKE_TARGET"',
          `many: ${many} | dir ; @true`,
          'none: ; @true',
          `a.c b.h sub/../b.h dir ${many}:`,
          '',
        ].join('\n'),
      },
      { prerequisites: true },
    );
    try {
      const { outcome, output } = await rig.runMake([]);
      expect(outcome).toEqual(exited(0));
      expect(rig.seen.map(({ target, prerequisites }) => [target, prerequisites])).toEqual([
        ['a.o', { normal: ['a.c', 'sub/../b.h'], orderOnly: ['dir'] }],
        ['many', undefined],
        ['none', { normal: [], orderOnly: [] }],
      ]);
      expect(output).toContain('TOP=1');
      expect(output).not.toContain('DISTMAKE_TARGET');
    } finally {
      await rig.close();
    }
  });

  test('a call tells whether make has run a $(shell) before it', () =>
    withRig(
      transport,
      {
        Makefile:
          'X := $(shell echo x)\nall: a b c d\na b d: ; @echo $@\nc: ; @echo $@ $(shell echo y)\nb: | a\nc: | b\nd: | c\n',
      },
      async (rig) => {
        expect((await rig.runMake([])).output).toBe('a\nb\nc y\nd\n');
        expect(rig.seen.map(({ target, call }) => [target, call.expanded])).toEqual([
          // At parse time it is the makefile's own shell that runs, and a parse is told anyway.
          ['a', false],
          ['b', false],
          ['c', true],
          // It may have been on its way when the $(shell) began.
          ['d', true],
        ]);
      },
    ));

  test('also when calls from before it come while it runs', () =>
    withRig(
      transport,
      {
        Makefile: 'N := 1 2 3 4 5 6\nall: $(N) last\n$(N): ; @true\nlast: ; @true $(shell sleep 0.3)\n',
      },
      async (rig) => {
        rig.onShell = (seen) => {
          // Busy with something else until make has come so far: the others wait meanwhile.
          const end = Date.now() + 5000;
          while (rig.seen.length === 1 && readdirSync(join(rig.run.path, 'expanded')).length === 0 && Date.now() < end);
          void MakeRig.runLocally(seen);
        };
        expect((await rig.runMake([], { window: 8 })).outcome).toEqual(exited(0));
        expect(rig.seen.some(({ target, call }) => target !== 'last' && call.expanded)).toBe(true);
        expect(rig.seen.find(({ target }) => target === 'last')?.call.expanded).toBe(true);
      },
    ));

  test('a call tells target, directory, words, umask and make', () =>
    withRig(
      transport,
      {
        Makefile: 'SHELL := /usr/bin/env bash\n.SHELLFLAGS := -eu -c\nall:\n\t$(MAKE) -C sub lib.a\n',
        'sub/Makefile': 'lib.a:\n\t@echo $@ "$(SHELL)" $(word 3,a b c)\n',
      },
      async (rig) => {
        const mask = process.umask(0o027);
        try {
          expect((await rig.runMake([])).outcome).toEqual(exited(0));
        } finally {
          process.umask(mask);
        }
        const [all, lib] = rig.seen;
        expect(all?.argv).toEqual(['/usr/bin/env', 'bash', '-eu', '-c', 'make -C sub lib.a']);
        expect(all?.call.make).toBe(rig.parses[0]?.make);
        expect(lib).toMatchObject({
          target: 'lib.a',
          argv: ['/bin/sh', '-c', 'echo lib.a "/bin/sh" c'],
          command: 'echo lib.a "/bin/sh" c',
          call: { directory: join(rig.directory, 'sub'), umask: 0o027, make: rig.parses[1]?.make },
        });
        expect(rig.makes.map(({ argv, directory }) => ({ argv, directory }))).toEqual([
          { argv: ['make', '-C', 'sub', 'lib.a'], directory: rig.directory },
        ]);
        expect(rig.makes[0]?.pid).toBe(rig.parses[1]?.make);
        expect(rig.parses.map(({ shell, makefiles, directory }) => ({ shell, makefiles, directory }))).toEqual([
          { shell: '/usr/bin/env bash', makefiles: 'Makefile', directory: rig.directory },
          { shell: '/bin/sh', makefiles: 'Makefile', directory: join(rig.directory, 'sub') },
        ]);
      },
    ));

  test('a local recipe has the environment of plain make, but for PATH and what bash finds there', () =>
    withRig(
      transport,
      {
        Makefile: [
          'SHELL = /bin/bash',
          'export SHELL',
          'export A = $@ $(SHELL)',
          'all: one',
          '\t$(MAKE) two',
          'one two:',
          '\t@cat /proc/$$$$/environ | LC_ALL=C tr "\\0" "\\n" | LC_ALL=C sort | grep -av ^PATH= | grep -av ^_= >$@.env',
          '',
        ].join('\n'),
      },
      async (rig) => {
        const environment = [...baseEnvironment(), 'B=b  b\nb', 'C=caf\xe9', 'PWD=/nowhere', 'OLDPWD=/', 'E='];
        const read = () => ['one', 'two'].map((name) => readFileSync(join(rig.directory, `${name}.env`), 'latin1'));
        expect(await rig.runMake([], { environment })).toEqual({ outcome: exited(0), output: 'make two\n' });
        const ours = read();
        const script = join(rig.directory, 'plain.sh');
        // node passes on no bytes that are not UTF-8.
        const quoted = environment.map((entry) => `'${entry.replaceAll("'", `'\\''`)}'`).join(' ');
        const command = `exec env -i ${quoted} make -j1 -O --no-print-directory`;
        writeFileSync(script, command, 'latin1');
        spawnSync('sh', [script], { cwd: rig.directory, stdio: ['inherit', 'pipe', 'inherit'] });
        expect(ours).toEqual(read());
        expect(ours[0]).toContain('C=caf\xe9\n');
        expect(ours[0]).toContain('A=one /bin/bash\n');
      },
    ));

  test('what the engine writes comes out whole and in order, then the status counts', () =>
    withRig(transport, { Makefile: 'all:\n\t@compile\n' }, async (rig) => {
      const binary = Buffer.from(Array.from({ length: 300_000 }, (_, at) => at % 256));
      rig.onShell = ({ call }) => {
        void call.write(1, Buffer.from("it's one\n"));
        void call.write(2, binary);
        void call.write(1, Buffer.from('two\\n %s\n'));
        call.exit(exited(5));
      };
      const { output, outcome } = await rig.runMake([]);
      expect(outcome).toEqual(exited(2));
      expect(output).toBe(`it's one\n${bytesOf(binary)}two\\n %s\nmake: *** [Makefile:2: all] Error 5\n`);
    }));

  test('a job may fail elsewhere, then run locally, and what was written before stays before', () =>
    withRig(transport, { Makefile: 'all:\n\t@echo here; exit 4\n' }, async (rig) => {
      let outcome: Outcome | undefined;
      rig.onShell = async ({ call, argv, changes }) => {
        void call.write(1, Buffer.from('there\n'));
        outcome = await call.runLocally(argv, changes);
        void call.write(1, Buffer.from('after\n'));
        call.exit(exited(0));
      };
      expect(await rig.runMake([])).toEqual({ outcome: exited(0), output: 'there\nhere\nafter\n' });
      expect(outcome).toEqual(exited(4));
    }));

  test('a signal is raised again', () =>
    withRig(transport, { Makefile: 'all:\n\t@x\n' }, async (rig) => {
      rig.onShell = ({ call }) => call.exit({ kind: 'signaled', signal: 11 });
      expect((await rig.runMake([])).output).toMatch(/^make: \*\*\* \[Makefile:2: all\] Segmentation fault\n$/);
    }));

  test('a shim that is killed while it waits aborts its call', () =>
    withRig(transport, { Makefile: 'all:\n\t@x\n' }, async (rig) => {
      const gone = new Promise<void>((resolve) => {
        rig.onShell = ({ call }) => {
          call.gone.addEventListener('abort', () => resolve());
          process.kill(call.pid, 'SIGKILL');
          // Words for the dead do no harm.
          setTimeout(() => call.exit(exited(0)), 1500);
        };
      });
      expect((await rig.runMake([])).output).toContain('Killed');
      await gone;
    }));

  test('a shim that is killed during a local run cancels it, and the command ends with it', () =>
    withRig(transport, { Makefile: 'all:\n\t@echo $$$$ >pid; exec sleep 30\n' }, async (rig) => {
      let outcome: Outcome | undefined;
      rig.onShell = async ({ call, argv, changes }) => {
        const run = call.runLocally(argv, changes);
        await until(() => existsSync(join(rig.directory, 'pid')) && statSync(join(rig.directory, 'pid')).size > 0);
        process.kill(call.pid, 'SIGKILL');
        outcome = await run;
        expect(call.gone.aborted).toBe(true);
      };
      await rig.runMake([]);
      await until(() => outcome);
      expect(outcome).toEqual({ kind: 'cancelled' });
      const pid = readFileSync(join(rig.directory, 'pid'), 'latin1').trim();
      await until(() => !existsSync(`/proc/${pid}`));
    }));

  test('SIGTERM to make ends the recipe and deletes the target', () =>
    withRig(transport, { Makefile: 'out:\n\t@echo half >$@; echo $$$$ >pid; exec sleep 30\n' }, async (rig) => {
      const make = await rig.start([]);
      await until(() => existsSync(join(rig.directory, 'pid')) && statSync(join(rig.directory, 'pid')).size > 0);
      make.signal('SIGTERM');
      expect(await make.ended).toEqual({ kind: 'signaled', signal: 15 });
      expect(existsSync(join(rig.directory, 'out'))).toBe(false);
      const pid = readFileSync(join(rig.directory, 'pid'), 'latin1').trim();
      await until(() => !existsSync(`/proc/${pid}`));
    }));

  test('a recipe reads the standard input of make', () =>
    withRig(transport, { Makefile: 'all:\n\t@echo abc | $(MAKE) sub\nsub:\n\t@cat\n' }, async (rig) => {
      expect((await rig.runMake([])).output).toBe('abc\n');
    }));

  test('many at once', () =>
    withRig(
      transport,
      { Makefile: `all: ${Array.from({ length: 60 }, (_, n) => `t${n}`).join(' ')}\nt%:\n\t@echo $@\n` },
      async (rig) => {
        const { outcome, output } = await rig.runMake([], { window: 60 });
        expect(outcome).toEqual(exited(0));
        expect(output.split('\n').length).toBe(61);
      },
    ));

  test('long commands and large environments', () =>
    withRig(
      transport,
      {
        Makefile: [
          'LINE := $(shell printf %0120000d 0)',
          ...Array.from({ length: 8 }, (_, n) => `export V${n} := $(LINE)`),
          'all:',
          '\t@: $(LINE); echo $${#V7}',
          '',
        ].join('\n'),
      },
      async (rig) => {
        expect(await rig.runMake([])).toEqual({ outcome: exited(0), output: '120000\n' });
        expect(rig.seen[0]?.command.length).toBe(120_015);
        expect(rig.seen[0]?.environment.join('\0').length).toBeGreaterThan(960_000);
      },
    ));

  test.each(['a b', "it's", '$(x)', 'caf\xe9 \xff', '-f', 'a"b', 'new\nline', 'a#b'])('in the directory %j', (name) =>
    withRig(transport, {}, async (rig) => {
      const directory = `${encode(rig.directory)}/${name}`;
      mkdirSync(fsPath(directory));
      writeFileSync(fsPath(`${directory}/Makefile`), 'all:\n\t@echo ok >out\n');
      expect(await rig.runMake([], { directory })).toEqual({ outcome: exited(0), output: '' });
      expect(rig.seen[0]?.call.directory).toBe(directory);
      expect(rig.parses[0]?.directory).toBe(directory);
      expect(bytesOf(readFileSync(fsPath(`${directory}/out`)))).toBe('ok\n');
    }),
  );

  test('arguments that are not UTF-8', () =>
    withRig(
      transport,
      { Makefile: 'all:\n\t@printf %s "$(X)"; $(MAKE) sub\nsub:\n\t@printf %s "$(X)"\n' },
      async (rig) => {
        expect((await rig.runMake(['X=\xe9 \xff'])).output).toBe('\xe9 \xff\xe9 \xff');
      },
    ));

  test('more makefiles than an argument holds', () =>
    withRig(transport, {}, async (rig) => {
      const names = Array.from({ length: 1500 }, (_, n) => `${'long'.repeat(40)}-${n}.mk`);
      rig.write(Object.fromEntries(names.map((name) => [name, ''])));
      rig.write({ Makefile: `include ${names.join(' ')}\nall:\n\t@echo $(words $(MAKEFILE_LIST))\n` });
      expect((await rig.runMake([])).output).toBe('1501\n');
      expect(rig.parses[0]?.makefiles).toBe(['Makefile', ...names].join(' '));
      expect(readdirSync(`${rig.run.path}/parse`)).toEqual(['sh']);
    }));

  test('the run is over: make stops and says so, nothing hangs', () =>
    withRig(transport, { Makefile: 'all: a b\na b:\n\t@sleep 0.3\n\t@echo next\n' }, async (rig) => {
      rig.onShell = async ({ call, argv, changes }) => {
        void call.runLocally(argv, changes);
        await rig.broker.close();
      };
      const { outcome, output } = await rig.runMake([], { window: 2 });
      expect(outcome).toEqual(exited(2));
      expect(output).toContain('distmake: the run that this command belongs to has ended (/');
      expect(output).not.toContain('next');
    }));

  test('a parse that nobody answers stops make', () =>
    withRig(transport, { Makefile: 'all:\n\techo x\n' }, async (rig) => {
      rig.onParse = () => rig.broker.close();
      const { outcome, output } = await rig.runMake([]);
      expect(outcome).toEqual(exited(2));
      expect(output).toMatch(/\*\*\* distmake: no answer from the run in .*\. {2}Stop\.\n$/);
    }));

  test('the engine may leave a make alone', () =>
    withRig(transport, { Makefile: 'SHELL = /bin/bash\nall:\n\t@echo $(SHELL) $$0\n' }, async (rig) => {
      rig.onParse = (call) => call.answer([], false);
      expect((await rig.runMake([])).output).toBe('/bin/bash /bin/bash\n');
      expect(rig.seen).toEqual([]);
    }));

  test('the engine may add lines to the makefile', () =>
    withRig(
      transport,
      { Makefile: 'SHELL = /usr/bin/env  bash\nall: b\n\t@echo $^ \'$|\' "$(SHELL)"\na b:\n\t@echo $@\n' },
      async (rig) => {
        rig.onParse = (call) => call.answer(['all: | a', 'b: | a']);
        expect((await rig.runMake([])).output).toBe('a\nb\nb a /usr/bin/env  bash\n');
        expect(rig.seen.map(({ argv }) => argv.slice(0, 2))).toEqual([
          ['/usr/bin/env', 'bash'],
          ['/usr/bin/env', 'bash'],
          ['/usr/bin/env', 'bash'],
        ]);
      },
    ));

  test('a make by a path comes to us for its sub-makes too', async () => {
    const home = await MakeRig.create(transport, {});
    const make = join(home.directory, 'mymake');
    writeFileSync(make, '#!/bin/bash\nexec -a "$(basename "$0")" /usr/bin/make "$@"\n');
    chmodSync(make, 0o755);
    const rig = await MakeRig.create(
      transport,
      { Makefile: 'all:\n\t@$(MAKE) sub\nsub:\n\t@echo $(MAKE)\n' },
      { make },
    );
    try {
      expect((await rig.runMake([])).outcome).toEqual(exited(0));
      expect(rig.seen.map(({ target }) => target)).toEqual(['all', 'sub']);
    } finally {
      await rig.close();
      await home.close();
    }
  });

  test('another shell of ours runs at once outside of make', () =>
    withRig(transport, { Makefile: 'SHELL = /bin/bash\nall: ; @:\n' }, async (rig) => {
      await rig.runMake([]);
      const shell = `${rig.run.path}/sh/bin/bash`;
      const text = `echo ${shell} ${shell}x ${rig.run.path}/rel/zsh \${DISTMAKE_TARGET-unset}`;
      const said = spawnSync(shell, ['-c', text], { encoding: 'utf8', env: { ...process.env, SHELL: shell } });
      expect(said.stdout).toBe('/bin/bash /bin/bashx zsh unset\n');
    }));

  // What make 4.4 and newer do; the shim sees descriptor 1 alone.
  test('with a pipe of its own on descriptor 1 it is $(shell), with that of its caller a recipe', () =>
    withRig(transport, { Makefile: 'all: ; @:\n' }, async (rig) => {
      await rig.runMake([]);
      rig.seen.length = 0;
      const shell = `${rig.run.path}/sh/bin/sh`;
      const env = { ...process.env, DISTMAKE_TARGET: 'x' };
      const read = async (command: string) => {
        const child = spawn('bash', ['-c', command], { env, stdio: ['ignore', 'pipe', 'inherit'] });
        let text = '';
        child.stdout.on('data', (data: Buffer) => (text += data.toString()));
        await new Promise((resolve) => child.once('close', resolve));
        return text;
      };
      expect(await read(`${shell} -c 'echo own' | cat`)).toBe('own\n');
      expect(rig.seen).toHaveLength(0);
      expect(await read(`(${shell} -c 'echo same'; :) | cat`)).toBe('same\n');
      expect(rig.seen).toHaveLength(1);
    }));
});
