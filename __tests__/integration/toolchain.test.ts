import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadLogin } from '../../src/build/login.ts';
import { SshLanes } from '../../src/build/ssh-lanes.ts';
import { stagingDirectory, stagingName } from '../../src/build/staging-name.ts';
import { toolCheck } from '../../src/build/toolchain.ts';
import { Baggage } from '../../src/engine/environment.ts';
import { Farm } from '../../src/engine/farm.ts';
import type { Answer } from '../../src/engine/ports.ts';
import { RemoteHost } from '../../src/engine/remote-host.ts';
import { Scheduler } from '../../src/engine/scheduler.ts';
import { SubMakeArguments } from '../../src/engine/sub-make.ts';
import { Broker } from '../../src/make/broker.ts';
import { GraphCheck } from '../../src/make/dependency-graph-check.ts';
import { findMake, makeNames } from '../../src/make/real-make.ts';
import { RunDirectory } from '../../src/make/run-directory.ts';
import { HOST_DEFAULTS, type Host } from '../../src/model/host.ts';
import type { Job } from '../../src/model/job.ts';
import type { Settings } from '../../src/model/settings.ts';
import { createStage } from '../../src/stage/stage.ts';
import { assetPath } from '../../src/util/asset.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

/** Tools of a host's own, which come first there. */
const TOOLS = '/var/tmp/tools';

let sshd: SshdRig;
let folder: string;
let workspace: string;
const closers: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root' },
      { name: 'beta', user: 'root' },
      { name: 'gamma', noUserNamespaces: true },
    ],
  });
  for (const { name } of sshd.hosts) {
    sshd.exec(name, `mkdir -m 755 ${TOOLS}`);
    tool(
      name,
      'cc',
      'case $1 in --version) echo "cc 1.0" && echo "of $(hostname)" ;; *) echo x86_64-linux-gnu ;; esac',
    );
  }
});
beforeEach(() => {
  folder = realpathSync(mkdtempSync('/var/tmp/distmake-toolchain-'));
  workspace = join(folder, 'workspace');
  mkdirSync(workspace);
  mkdirSync(join(folder, 'bin'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(async () => {
  await sshd.dispose();
});

function tool(host: string, name: string, text: string): void {
  sshd.exec(host, `printf '%s\\n' '#!/bin/sh' '${text}' > ${TOOLS}/${name}; chmod 755 ${TOOLS}/${name}`);
}

/** A tool of the runner's own, which comes first there. */
function ownTool(name: string, text: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(workspace, name, '..'), { recursive: true });
    writeFileSync(join(workspace, name), text);
  }
}

const environment = (): readonly string[] => [`PATH=${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`];

interface Up {
  readonly ready: readonly string[];
  /** Why hosts were left out, by their names. */
  readonly lost: Readonly<Record<string, string>>;
  readonly remotes: ReadonlyMap<string, RemoteHost>;
  readonly stagingOn: (remote: RemoteHost) => string;
}

/** Brings the hosts of these names up, as a build does. */
async function bringUp(
  names: readonly string[],
  { fallback = 'local', toolchain = undefined }: Partial<Pick<Settings, 'fallback' | 'toolchain'>> = {},
  path = TOOLS,
): Promise<Up> {
  const login = await loadLogin({
    sshPrivateKey: sshd.privateKey,
    sshPassphrase: undefined,
    knownHosts: sshd.knownHosts,
    home: folder,
    systemFolder: folder,
    agentSocket: undefined,
  });
  const hosts = names.map((name, at): Host => {
    const { address, port, login: user } = sshd.host(name);
    return { ...HOST_DEFAULTS, name, address, port, user, path, slots: 2, line: at + 1, local: false };
  });
  const stage = createStage(workspace, () => undefined, { exclude: [], declared: false, recipesOf: () => [] });
  const staging = stagingName(new Date());
  const remotes = hosts.map((host) => {
    const opener = new SshLanes(host, login, () => undefined);
    closers.push(async () => {
      await opener.clean();
      opener.close();
    });
    return new RemoteHost({
      host,
      opener,
      stage,
      baggage: new Baggage(environment(), []),
      stagingOf: () => stagingDirectory(staging, host),
      patience: 15,
      setup: '',
      sandbox: 'overlay',
      partial: false,
      token: undefined,
      merge: false,
      subMakeArguments: new SubMakeArguments([], []),
    });
  });
  const ready: string[] = [];
  const lost: Record<string, string> = {};
  const scheduler = new Scheduler(hosts, { jobs: 4, localJobs: 0, processors: 2, fallback });
  const tools = toolCheck({ fallback, toolchain, root: workspace }, hosts, environment());
  const farm = new Farm({
    hosts: remotes,
    stage,
    scheduler,
    sink: (event) => {
      if (event.type === 'host-ready') ready.push(event.host.name);
      if (event.type === 'host-lost') lost[event.host.name] = event.reason;
    },
    tools,
  });
  closers.push(() => farm.close());
  await farm.start();
  const byName = new Map(remotes.map((remote) => [remote.host.name, remote]));
  const stagingOn = ({ host }: RemoteHost): string => stagingDirectory(staging, host);
  return { ready: ready.sort(), lost, remotes: byName, stagingOn };
}

describe('tools', () => {
  test('a host whose compiler is another one is left out, with what both say', async () => {
    ownTool('cc', 'echo cc 1.0; echo of the runner');
    tool('beta', 'cc', 'echo "cc 2.0"');
    const { ready, lost } = await bringUp(['alpha', 'beta']);
    expect(ready).toEqual(['alpha']);
    expect(lost).toEqual({
      beta: expect.stringMatching(/^left out: "cc --version" says "cc 2\.0" there, "cc 1\.0" on the runner\. /),
    });
  });

  test('no compiler, no difference; but where a command is asked for, its absence counts', async () => {
    ownTool('cc', 'exit 127');
    expect((await bringUp(['alpha'])).lost).toEqual({});
    ownTool('special', 'echo 1');
    const { lost } = await bringUp(['alpha', 'gamma'], { toolchain: ['special'] });
    const reason = expect.stringContaining(
      '"special" says nothing (status 127: it is not there) there, "1" on the runner',
    );
    expect(lost).toEqual({ alpha: reason, gamma: reason });
    expect((await bringUp(['alpha'], { toolchain: [] })).lost).toEqual({});
  });

  test('where nothing runs on the runner, hosts are compared with each other, whatever their kernels say', async () => {
    ownTool('cc', 'echo cc 3.0');
    for (const name of ['alpha', 'beta', 'gamma']) {
      tool(name, 'uname', 'echo riscv64');
      tool(name, 'cc', `[ $1 != --version ] && echo m || echo cc ${name === 'gamma' ? 2 : 1}`);
    }
    const { ready, lost } = await bringUp(['alpha', 'beta', 'gamma'], { fallback: 'never' });
    expect(ready).toEqual(['alpha', 'beta']);
    expect(lost).toEqual({ gamma: expect.stringContaining('"cc --version" says "cc 2" there, "cc 1" on alpha.') });
    ownTool('cc', 'echo cc 1');
    const { lost: left } = await bringUp(['alpha'], { toolchain: ['uname -m'] });
    expect(left).toEqual({ alpha: expect.stringContaining('"uname -m" says "riscv64" there, "') });
  });
});

/** A job of the first make. */
function jobOf(command: string, more: readonly string[] = []): Job {
  const recipe = { id: 1, make: 1, target: 'all', directory: workspace };
  const argv = ['/bin/sh', '-c', command];
  const variables = [...environment(), 'MAKELEVEL=1', 'MAKEFLAGS= -j4 --jobserver-auth=3,4', ...more];
  return {
    id: 1,
    recipe,
    directory: workspace,
    argv,
    command,
    environment: variables,
    umask: 0o22,
    prerequisites: undefined,
  };
}

async function graphCheck(words: readonly string[] = [], staging: Settings['staging'] = 'tree'): Promise<GraphCheck> {
  const make = await findMake('make', process.env['PATH'] ?? '');
  const run = await RunDirectory.create({
    assets: assetPath('.'),
    makeNames: makeNames(make, process.env['PATH'] ?? ''),
  });
  const broker = await Broker.listen(run, {
    onShell: () => undefined,
    onMake: () => undefined,
    onParse: () => undefined,
  });
  closers.push(async () => {
    await broker.close();
    await run.remove();
  });
  return new GraphCheck({ run, broker, make, root: workspace, arguments: new SubMakeArguments(words, []), staging });
}

describe('sub-makes', () => {
  /** Why hosts may not run it, by their names. */
  async function refusals(
    { remotes }: Up,
    job: Job,
    check: GraphCheck,
  ): Promise<Readonly<Record<string, string | undefined>>> {
    const { signal } = new AbortController();
    const all = [...remotes].map(async ([name, remote]) => [name, await check.check(job, remote, signal)] as const);
    return Object.fromEntries(await Promise.all(all));
  }

  test('the same graph may be built there, another may not: the first target that differs is named', async () => {
    write({
      'same/Makefile':
        'all: $(CURDIR)/prog\n$(CURDIR)/prog: a.o $(V)\n%.o: %.c\ninclude gen.mk\ngen.mk: ; touch $@ built\n',
      'sub/deep/Makefile': 'all: b.o prog-$(shell hostname)\n',
      'sub/Makefile': 'ifdef ONLY_HERE\nx: y\nendif\nall:\n',
    });
    const up = await bringUp(['alpha', 'gamma'], { toolchain: [] });
    const check = await graphCheck();
    const before = readdirSync(join(workspace, 'same'));
    expect(await refusals(up, jobOf('cd same && V=x make all'), check)).toEqual({ alpha: undefined, gamma: undefined });
    expect(await refusals(up, jobOf('A=b; for d in same sub/deep; do (cd $d && make -k); done'), check)).toEqual(
      Object.fromEntries(
        ['alpha', 'gamma'].map((name) => [
          name,
          `the recipe of all calls make, and ${name} may not run it: make -k, called in ${workspace}/sub/deep, has another ` +
            `dependency graph there than on the runner: "all" needs "prog-${name}" there, not on the runner`,
        ]),
      ),
    );
    expect(
      await refusals(up, jobOf('mkdir -p out; for d in same sub/deep; do make -C $d >out/log || exit 1; done'), check),
    ).toEqual({
      alpha: expect.stringContaining('"all" needs "prog-alpha" there'),
      gamma: expect.stringContaining('"all" needs "prog-gamma" there'),
    });
    // What the command does to its environment counts on both sides; what it does behind its make is not done.
    expect(await refusals(up, jobOf('export ONLY_HERE=1; make -C sub; touch no', ['ONLY_HERE=0']), check)).toEqual({
      alpha: undefined,
      gamma: undefined,
    });
    expect(readdirSync(join(workspace, 'same'))).toEqual(before);
    expect(readdirSync(workspace).sort()).toEqual(['same', 'sub']);
  });

  test('what cannot be compared is refused, with words', async () => {
    write({ Makefile: 'all: ; @echo\n' });
    const up = await bringUp(['alpha'], { toolchain: [] });
    const check = await graphCheck();
    const reason = async (command: string): Promise<string> =>
      ((await refusals(up, jobOf(command), check))['alpha'] ?? '').replace(/^.* may not run it: /, '');
    expect(await reason('mkdir new && cd new && echo all: > Makefile && make all')).toBe(
      `make all, called in ${workspace}/new, finds no makefile on the runner`,
    );
    expect(await reason('cd / && make')).toBe('it runs in "/", outside of the workspace');
    expect(await reason('/usr/bin/make')).toMatch(/^it does so by a path/);
    expect(await reason('make -f -')).toBe(
      `make -f -, called in ${workspace}, reads a makefile from its standard input`,
    );
    expect(await reason('echo all: made-up | make -f /dev/stdin')).toMatch(/reads a makefile from its standard input$/);
    expect(await reason('make --version')).toBe('');
    expect(await reason('false && make')).toBe('');
    expect(await reason('make | tee log; make again')).toMatch(/^it calls make again behind what cannot be tried/);
    expect(await reason('make; [ -f made ] && make again; true')).toMatch(/^which makes it calls depends on/);
    const inPlace = await graphCheck([], 'none');
    expect((await refusals(up, jobOf('echo line >>out; make'), inPlace))['alpha']).toMatch(/with staging none/);
    expect(await refusals(up, jobOf('cd . && make'), inPlace)).toEqual({ alpha: undefined });
  });

  test('nothing stays in the folder for temporary files', async () => {
    write({ 'sub/Makefile': 'all: a $(TMPDIR)\n' });
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    const ask = ({ argv: [file = '', ...words], directory, environment: variables }: Job): Promise<Answer> => {
      const env = Object.fromEntries(variables.map((entry) => entry.split(/=(.*)/s, 2)));
      const { stdout, stderr } = spawnSync(file, words, { cwd: directory, env, encoding: 'latin1' });
      return Promise.resolve({ outcome: { kind: 'exited', status: 0 }, stdout, stderr });
    };
    const remote = { host: HOST_DEFAULTS, ask } as unknown as RemoteHost;
    const check = await graphCheck([], 'none');
    const job = jobOf('make -C sub', [`TMPDIR=${temporary}`]);
    expect(await check.check(job, remote, new AbortController().signal)).toBeUndefined();
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('arguments for the first makes alone, on hosts of both kinds', async () => {
    const again = '$(if $(filter 1,$(MAKELEVEL)),@$(MAKE) V=,@:)';
    write({
      Makefile: `ifeq ($(V),given)\nall: extra\nendif\nall extra: ; $(info [$(V)])${again}\n`,
      'args/Makefile': 'all: $(if $(filter given,$(V)),on-$(shell hostname))\n',
    });
    const up = await bringUp(['alpha', 'gamma'], { toolchain: [] });
    const words = new SubMakeArguments(['V=given'], []);
    for (const [name, remote] of up.remotes) {
      const job = jobOf('nice make -s');
      const argv = words.ofJob(job, up.stagingOn(remote));
      const { stdout, stderr } = await remote.ask({ ...job, argv });
      expect({ name, stdout, stderr }).toEqual({ name, stdout: '[given]\n[]\n[given]\n[]\n', stderr: '' });
    }
    expect(sshd.exec('gamma', 'ls -A /tmp | grep -v ^make-', { check: false })).toBe('');
    // They count where graphs are compared.
    const check = await graphCheck(['V=given']);
    expect(await refusals(up, jobOf('make -C args V=other'), check)).toEqual({ alpha: undefined, gamma: undefined });
    expect((await refusals(up, jobOf('make -C args'), check))['alpha']).toContain(
      '"all" needs "on-alpha" there, not on the runner',
    );
  });
});
