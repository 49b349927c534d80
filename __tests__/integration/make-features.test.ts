import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { closeSync, globSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fetchGnuMake } from '../../scripts/gnu-make.mjs';
import { expectNothingLeft, mostAtOneTime, readTimed, sweepHosts, timedRecipe } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot, type Files } from './command-rig.ts';
import { FEATURES, type Feature } from './make-feature-cases.ts';
import { COMMAND, MINUTES } from './project-tree.ts';

const FULL = process.env['DISTMAKE_FULL'] !== undefined;

/** With the features that it was the first to have; those of before are there too. */
const MAKES = [
  { version: '4.3', make: '/usr/bin/make', since: undefined },
  { version: '4.4.1', make: fetchGnuMake('4.4.1'), since: '4.4' },
] as const;

/** What a feature's script does. */
interface Shown {
  readonly status: string;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly tree: Record<string, string>;
}

/** What it does with hosts, and the places that recipes wrote down, by file. */
interface Distributed {
  readonly shown: Shown;
  readonly places: readonly (readonly [file: string, place: string])[];
}

/** Where recipes write down where they ran: not compared. */
const PLACE = /\.at$/;

const read = (path: string): string => readFileSync(path, 'latin1');

/** Features of one make, each in a directory of its own. */
class Features {
  readonly rig: CommandRig;
  /** How the run ended below whose make they were, and what it printed besides. */
  said: readonly string[] = [];
  readonly #features: readonly Feature[];
  readonly #make: string;
  readonly #original: string;

  constructor(sshd: SshdRig, make: string, features: readonly Feature[]) {
    this.#features = features;
    this.rig = new CommandRig(sshd);
    this.#make = this.#path('bin/make');
    mkdirSync(this.#path('bin'));
    symlinkSync(make, this.#make);
    for (const [i, { files, script = 'make' }] of features.entries()) {
      this.rig.write({ [`${i}/`]: '' });
      for (const [name, text] of Object.entries(files)) this.rig.write({ [`${i}/${name}`]: text });
      writeFileSync(this.#path(`${i}.script`), `unset MAKEFLAGS MFLAGS MAKELEVEL; cd ${i}\n${script}\n`);
    }
    this.#original = this.rig.save('original');
  }

  static async use<T>(
    sshd: SshdRig,
    make: string,
    features: readonly Feature[],
    body: (all: Features) => T,
  ): Promise<T> {
    const all = new Features(sshd, make, features);
    try {
      const result = body(all);
      expect(all.rig.processes()).toEqual([]);
      await expectNothingLeft(sshd);
      return result;
    } finally {
      all.rig.dispose();
    }
  }

  /** By plain make. */
  plain(): readonly Shown[] {
    for (const i of this.#features.keys()) this.#runScript(i, this.#path('bin'));
    return this.#taken().map(({ shown }) => shown);
  }

  /** Where the scripts' makes are those of recipes of one run. */
  below(): readonly Distributed[] {
    const names = [...this.#features.keys()].map(String);
    const recipe = '@sh ../$@.script </dev/null >../$@.out 2>../$@.err; echo $$? >../$@.status';
    const goals = names.join(' ');
    writeFileSync(this.#path('all.mk'), `.PHONY: all ${goals}\nall: ${goals}\n${goals}:\n\t${recipe}\n`);
    const local = names.flatMap((name) => ['--local', name]);
    const status = this.#run([...this.#command, ...local, '-j4', '-f', '../all.mk'], 'all');
    this.said = [status, read(this.#path('all.out')), read(this.#path('all.err'))];
    return this.#taken();
  }

  /** Where each of them is the command itself. */
  itself(): readonly Distributed[] {
    mkdirSync(this.#path('own'));
    const words = this.#command.map((word) => `'${word}'`).join(' ');
    writeFileSync(this.#path('own/make'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    for (const i of this.#features.keys()) this.#runScript(i, this.#path('own'));
    return this.#taken();
  }

  /** Everything may leave, and nothing of that runs here. */
  get #command(): string[] {
    const own = ['-c', this.rig.hostsFile, '--dist', '*', '--local-jobs', '0', '--make', this.#make];
    return [process.execPath, COMMAND, ...own];
  }

  #path(name: string): string {
    return join(this.rig.folder, name);
  }

  #runScript(i: number, bin: string): void {
    writeFileSync(this.#path(`${i}.status`), `${this.#run(['sh', this.#path(`${i}.script`)], String(i), bin)}\n`);
  }

  /** Runs a program in the workspace; how it ended. Its output goes to files: a recipe must be able to open it by name. */
  #run(argv: readonly string[], name: string, bin = this.#path('bin')): string {
    const { home, tmp, path, trackingId, workspace } = this.rig;
    const env = { PATH: `${bin}:${path}`, LC_ALL: 'C', HOME: home, TMPDIR: tmp, DISTMAKE_TEST_RUN: trackingId };
    const [out, err] = ['out', 'err'].map((end) => openSync(this.#path(`${name}.${end}`), 'w'));
    // It ends the whole group.
    const done = spawnSync('timeout', ['100', ...argv], { cwd: workspace, env, stdio: ['ignore', out, err] });
    for (const descriptor of [out, err]) if (descriptor !== undefined) closeSync(descriptor);
    return String(done.status ?? done.signal);
  }

  /** What make prints names our link to the shell where the makefile names the shell. */
  #restored(text: string): string {
    return text.replaceAll(new RegExp(`${this.rig.tmp}/distmake-\\w+/(?:sh(?=/)|rel/)`, 'g'), '');
  }

  /** What there is to see by now; everything is then as it was. */
  #taken(): Distributed[] {
    const taken = this.#features.map(({ sorted = false }, i) => {
      const lines = (end: string): string[] => {
        const all = this.#restored(read(this.#path(`${i}.${end}`))).split('\n');
        return sorted ? all.sort() : all;
      };
      const directory = join(this.rig.workspace, String(i));
      const tree = snapshot(directory, PLACE);
      const shown = { status: lines('status').join(''), stdout: lines('out'), stderr: lines('err'), tree };
      const files = globSync('**/*.at', { cwd: directory });
      return { shown, places: files.map((file) => [file, read(join(directory, file)).trim()] as const) };
    });
    this.rig.restore(this.#original);
    return taken;
  }
}

/** As with plain make, and on hosts. */
function expectAlike({ here = [] }: Feature, plain: Shown | undefined, ours: Distributed | undefined): void {
  expect(ours?.shown).toEqual(plain);
  const wrong = ours?.places.filter(
    ([file, place]) => here.includes(basename(file, '.at')) === /^(?:alpha|beta)$/.test(place),
  );
  expect(wrong).toEqual([]);
}

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'unprivileged', slots: 2 },
      { name: 'beta', user: 'root', slots: 2 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

describe.each(MAKES)('GNU make $version', ({ make, since: newest }) => {
  const all = Object.entries(FEATURES).filter(([, { since }]) => since === undefined || since === newest);
  const below = all.filter(([, { alone }]) => alone !== true);
  // What the command makes of its words is the same with every make.
  const itself = FULL ? all : all.filter(([, { alone, since }]) => alone === true && since === newest);

  describe('below the make of a run', () => {
    let plain: readonly Shown[];
    let ours: readonly Distributed[];
    let said: readonly string[];
    beforeAll(async () => {
      const features = below.map(([, feature]) => feature);
      [plain, ours, said] = await Features.use(
        sshd,
        make,
        features,
        (one) => [one.plain(), one.below(), one.said] as const,
      );
    }, 2 * MINUTES);

    test('nothing is said but by the makes', () => expect(said).toEqual(['0', '', '']));

    test.each(below.map(([name, feature], i) => ({ name, feature, i })))('$name', ({ feature, i }) =>
      expectAlike(feature, plain[i], ours[i]),
    );
  });

  test.each(itself)(
    'as the command itself: %s',
    (_name, feature) =>
      Features.use(sshd, make, [feature], (one) => expectAlike(feature, one.plain()[0], one.itself()[0])),
    2 * MINUTES,
  );
});

/** Two sub-makes, whose recipes and those above would be nine at one time; hosts have places for four. */
const SHARING: Files = {
  Makefile: `.PHONY: sub1 sub2
all: a sub1 sub2
a: ; @echo "$$(hostname) $$MAKEFLAGS|$$MFLAGS" >$@
	@ls /proc/self/fd >>$@
sub1 sub2: ; @echo "$$MAKEFLAGS" >$@.flags; $(MAKE) --no-print-directory -C $@
`,
  ...Object.fromEntries(
    ['sub1', 'sub2'].map((name) => [
      `${name}/Makefile`,
      `N = 1 2 3 4\nall: $(N:%=n%) b\n\t@echo '$(MAKEFLAGS)' >flags\nn%:\n\t${timedRecipe(0.4)}\nb: ; @ls /proc/self/fd >$@\n`,
    ]),
  ),
};

/** Of ls itself: the last is that of the directory. */
const DESCRIPTORS = ['0', '1', '2', '3'];

describe('the jobserver', () => {
  test.each([
    ['4.3', 'pipe', '/usr/bin/make', [], '3,4'],
    ['4.4.1', 'fifo', fetchGnuMake('4.4.1'), [], 'fifo:'],
    ['4.4.1', 'pipe', fetchGnuMake('4.4.1'), ['--jobserver-style=pipe'], '3,4'],
  ] as const)('of GNU make %s, %s: shared by makes here, no host hears of it', (_version, _style, make, more, auth) =>
    CommandRig.use(sshd, SHARING, async (rig) => {
      const own = ['-c', rig.hostsFile, '--dist', '*', '--local', 'all', '--local-jobs', '0', '--make', make];
      expect(await rig.run([...own, '-j3', ...more])).toMatchObject({ status: 0, stdout: '', stderr: '' });
      const [place, ...descriptors] = rig.read('a').trim().split('\n');
      expect(place).toMatch(/^(?:alpha|beta) \|$/);
      expect(descriptors).toEqual(DESCRIPTORS);
      for (const sub of ['sub1', 'sub2']) {
        expect(rig.read(`${sub}.flags`)).toContain(` --jobserver-auth=${auth}`);
        expect(rig.read(`${sub}/flags`)).toContain(` --jobserver-auth=${auth}`);
        expect(rig.read(`${sub}/b`).trim().split('\n')).toEqual(DESCRIPTORS);
      }
      const spans = ['sub1', 'sub2'].flatMap((sub) => [1, 2, 3, 4].map((n) => readTimed(rig.read(`${sub}/n${n}`))));
      expect(mostAtOneTime(spans)).toBe(3);
      await expectNothingLeft(sshd);
    }),
  );
});
