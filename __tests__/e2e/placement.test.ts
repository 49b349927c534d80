import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hostname } from 'node:os';
import {
  ActionRig,
  inputsFor,
  mostAtOneTime,
  readTimed,
  sweepHosts,
  timedRecipe,
  type Inputs,
} from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 2 },
      { name: 'beta', user: 'unprivileged', slots: 2 },
      { name: 'tight', user: 'unprivileged', slots: 6, sshdConfig: ['MaxSessions 3'] },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

/** The matrix line of a host, with as many slots as given. */
function line(name: string, slots: number): string {
  return sshd.host(name).matrixLine().replace(/\d+$/, String(slots));
}

function names(count: number, suffix = '.o'): string[] {
  return Array.from({ length: count }, (_, i) => `t${String(i).padStart(2, '0')}${suffix}`);
}

/** A makefile with targets that take some seconds and write where and when they ran. */
function timed(targets: readonly string[], seconds: number): Record<string, string> {
  return { Makefile: `all: ${targets.join(' ')}\n${targets.join(' ')}:\n\t${timedRecipe(seconds)}\n` };
}

/** Builds and gives what the targets tell. */
async function build(files: Record<string, string>, targets: readonly string[], inputs: Inputs) {
  return ActionRig.use({ files, inputs: { ...inputsFor(sshd), ...inputs } }, async (action) => {
    const main = await action.main();
    expect(main).toMatchObject({ status: 0 });
    expect(main.log.annotations).toEqual([]);
    await action.post();
    const spans = targets.map((name) => ({ name, ...readTimed(action.read(name)) }));
    return { action, main, spans, outputs: action.outputs, on: Object.fromEntries(spans.map((s) => [s.name, s.host])) };
  });
}

describe('slots', () => {
  test.each([
    ['more than sshd allows on one connection', 'alpha', 12, 14],
    ['where sshd allows three sessions a connection', 'tight', 6, 8],
  ])('%s', async (_, name, slots, jobs) => {
    const targets = names(jobs);
    const { spans, outputs } = await build(timed(targets, 1.5), targets, {
      hosts: line(name, slots),
      'local-jobs': '0',
    });
    expect(new Set(spans.map(({ host }) => host))).toEqual(new Set([name]));
    expect(mostAtOneTime(spans)).toBe(slots);
    expect(outputs).toMatchObject({ remote: jobs, local: 0, retried: 0 });
  });
});

describe('which host', () => {
  const two = (): string => `${line('alpha', 2)}\n${line('beta', 2)}\n`;

  test('equal hosts share equally (B5)', async () => {
    const targets = names(4);
    const { spans } = await build(timed(targets, 0.7), targets, { hosts: two(), 'local-jobs': '0' });
    expect(spans.map(({ host }) => host).sort()).toEqual(['alpha', 'alpha', 'beta', 'beta']);
    expect(mostAtOneTime(spans)).toBe(4);
  });

  test('equal hosts take turns, in file order (B5)', async () => {
    const targets = names(5);
    const { spans } = await build(timed(targets, 0.05), targets, { hosts: two(), jobs: '1', load: 'jobs' });
    spans.sort((a, b) => a.begin - b.begin);
    expect(spans.map(({ host }) => host)).toEqual(['alpha', 'beta', 'alpha', 'beta', 'alpha']);
    expect(mostAtOneTime(spans)).toBe(1);
  });

  test('the least loaded for its capacity', async () => {
    const targets = names(4);
    const hosts = `${line('alpha', 1)}\n${line('beta', 3)}\n`;
    const { spans } = await build(timed(targets, 0.7), targets, { hosts, 'local-jobs': '0' });
    expect(spans.map(({ host }) => host).sort()).toEqual(['alpha', 'beta', 'beta', 'beta']);
  });

  test('one for all lines of a recipe', async () => {
    const targets = names(6);
    const lines = Array.from({ length: 4 }, () => '\t@hostname >>$@').join('\n');
    const files = { Makefile: `all: ${targets.join(' ')}\n${targets.join(' ')}:\n${lines}\n` };
    await ActionRig.use({ files, inputs: { ...inputsFor(sshd), hosts: two(), 'local-jobs': '0' } }, async (action) => {
      await action.main();
      for (const name of targets) expect(action.read(name)).toMatch(/^(\w+\n)\1{3}$/);
      const used = new Set(targets.map((name) => action.read(name).split('\n')[0]));
      expect(used).toEqual(new Set(['alpha', 'beta']));
      await action.post();
    });
  });
});

describe('the runner', () => {
  const two = (): string => `${line('alpha', 1)}\n${line('beta', 1)}\n`;

  test('takes what finds the hosts full, at once (B6)', async () => {
    const targets = names(3);
    const { spans, outputs } = await build(timed(targets, 1), targets, { hosts: two(), 'local-jobs': '1' });
    expect(spans.map(({ host }) => host).sort()).toEqual(['alpha', 'beta', hostname()].sort());
    expect(mostAtOneTime(spans)).toBe(3);
    expect(outputs).toMatchObject({ remote: 2, local: 1 });
  });

  test('takes none of it with local-jobs: 0', async () => {
    const targets = names(5);
    const { spans, outputs, main } = await build(timed(targets, 0.3), targets, { hosts: two(), 'local-jobs': '0' });
    expect(spans.map(({ host }) => host)).not.toContain(hostname());
    expect(mostAtOneTime(spans)).toBe(2);
    expect(outputs).toMatchObject({ remote: 5, local: 0 });
    expect(main.log.titles.map(({ place }) => place)).not.toContain('local');
  });

  test('runs what must stay beside full hosts', async () => {
    const targets = [...names(2), 'stays'];
    const { spans, on } = await build(timed(targets, 1), targets, { hosts: two(), 'local-jobs': '0', jobs: '3' });
    expect(on['stays']).toBe(hostname());
    expect(mostAtOneTime(spans)).toBe(3);
  });

  test('is a host itself as bare localhost, and counted local', async () => {
    const targets = names(4);
    const hosts = `localhost 1\n${line('beta', 1)}\n`;
    const { on, outputs } = await build(timed(targets, 0.2), targets, { hosts, 'local-jobs': '0' });
    const here = Object.values(on).filter((host) => host === hostname()).length;
    expect(here).toBeGreaterThan(0);
    expect(outputs).toMatchObject({ remote: 4 - here, local: here, hosts: [{ jobs: 4 - here }] });
  });

  test('with jobs: 1 each recipe ends before the next begins, as make has it', async () => {
    const targets = names(6);
    const files = {
      Makefile: `all: ${targets.join(' ')}\n${targets.join(' ')}:\n\techo $@ >>order\n\techo $@ >>order\n`,
    };
    await ActionRig.use({ files, inputs: { ...inputsFor(sshd), jobs: '1' } }, async (action) => {
      expect(await action.main()).toMatchObject({ status: 0 });
      await action.post();
      expect(action.outputs).toMatchObject({ remote: 6 });
      expect(action.read('order')).toBe(targets.map((name) => `${name}\n${name}\n`).join(''));
    });
  });

  test('never has more recipes at one time than jobs', async () => {
    const targets = [...names(4), ...names(4, '.here')];
    const { spans } = await build(timed(targets, 0.2), targets, { jobs: '3' });
    expect(mostAtOneTime(spans)).toBeLessThanOrEqual(3);
    const { spans: same } = await build(timed(targets, 0.2), targets, { arguments: '-j2' });
    expect(mostAtOneTime(same)).toBeLessThanOrEqual(2);
  });
});

describe('what may leave', () => {
  const targets = ['a.o', 'sub/b.o', 'gen.txt', 'sub/c.txt', 'page.html', 'odd'];
  const here = hostname();

  /** Targets that left the runner. */
  async function left(inputs: Inputs, marked?: string): Promise<string[]> {
    const files = timed(targets, 0);
    files['Makefile'] = `${marked === undefined ? '' : `${marked}\n`}${files['Makefile'] ?? ''}`;
    files['sub/x'] = '';
    const { on } = await build(files, targets, { 'local-jobs': '0', ...inputs });
    return targets.filter((name) => on[name] !== here);
  }

  test('auto: objects', async () => {
    expect(await left({})).toEqual(['a.o', 'sub/b.o']);
  });

  test('auto: .DIST alone where the makefile has one, with variables and patterns (B4)', async () => {
    const marked = 'TEXTS = gen.txt\nifdef WITH_ODD\nTEXTS += odd\nendif\n.DIST: $(TEXTS) sub/%';
    expect(await left({}, marked)).toEqual(['sub/b.o', 'gen.txt', 'sub/c.txt']);
    expect(await left({ arguments: 'WITH_ODD=1' }, marked)).toEqual(['sub/b.o', 'gen.txt', 'sub/c.txt', 'odd']);
  });

  test('auto: is decided for each make by itself', async () => {
    const recipe = timedRecipe(0);
    const files = {
      Makefile: `.DIST: odd\nall: a.o odd\n\t@$(MAKE) -C sub\n\t@$(MAKE) -C own -f own.mk\na.o odd:\n\t${recipe}\n`,
      'sub/Makefile': `all: a.o odd\na.o odd:\n\t${recipe}\n`,
      'own/own.mk': `all: a.o even\na.o even:\n\t${recipe}\n.DIST: even\n`,
    };
    const all = ['a.o', 'odd', 'sub/a.o', 'sub/odd', 'own/a.o', 'own/even'];
    const { on } = await build(files, all, { 'local-jobs': '0' });
    expect(all.filter((name) => on[name] !== here)).toEqual(['odd', 'sub/a.o', 'own/even']);
  });

  test('makefile: nothing without .DIST (B2)', async () => {
    expect(await left({ dist: 'makefile' })).toEqual([]);
    expect(await left({ dist: 'makefile' }, '.DIST: odd')).toEqual(['odd']);
  });

  test('patterns: by base name, or by path, added to .DIST', async () => {
    expect(await left({ dist: '*.txt\n' })).toEqual(['gen.txt', 'sub/c.txt']);
    expect(await left({ dist: 'sub/*\nodd' }, '.DIST: page.html')).toEqual([
      'sub/b.o',
      'sub/c.txt',
      'page.html',
      'odd',
    ]);
  });

  test('local: less those', async () => {
    expect(await left({ dist: '%', local: 'sub/%\n%.html\n' })).toEqual(['a.o', 'gen.txt', 'odd']);
  });
});
