import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { planFarm, type FarmPlan, type FarmWish, type FarmWorld } from '../../../src/build/farm-plan.ts';
import { UserError } from '../../../src/util/user-error.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farm-plan-'));
  mkdirSync(join(folder, 'home'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Files below the folder, such as `home/.dmakerc`. */
function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

interface Given {
  readonly wish?: Partial<FarmWish>;
  readonly macros?: Readonly<Record<string, string>>;
  readonly environment?: NodeJS.ProcessEnv;
  readonly makehosts?: FarmWorld['makehosts'];
}

function plan({ wish = {}, macros = {}, environment = {}, makehosts = 'plain' }: Given): Promise<FarmPlan> {
  return planFarm(
    { matrix: { kind: 'default' }, format: undefined, group: undefined, jobs: undefined, ...wish },
    {
      macros: new Map(Object.entries(macros)),
      environment,
      home: join(folder, 'home'),
      directory: folder,
      makehosts,
    },
  );
}

/** `name/slots` of each host. */
const hostsOf = ({ hosts }: FarmPlan): string => hosts.map(({ name, slots }) => `${name}/${slots ?? '?'}`).join(' ');

const failure = (given: Given): Promise<string> =>
  plan(given).then(
    () => 'no error',
    (error: unknown) => (error instanceof UserError ? error.message : String(error)).replaceAll(folder, 'FOLDER'),
  );

const text = (words: string): FarmWish['matrix'] => ({ kind: 'text', text: words, source: 'input hosts' });

describe('the search order (D1): each source shadows the next', () => {
  const sources: readonly [string, Given, string][] = [
    ['the wish', { wish: { matrix: text('wish 1') } }, 'wish/1'],
    ['a macro', { macros: { DMAKE_RCFILE: 'macro' } }, 'macro/2'],
    ['the environment', { environment: { DMAKE_RCFILE: 'environment' } }, 'environment/2'],
    ['D1MAKE_HOSTS', { environment: { D1MAKE_HOSTS: 'd1  d2' } }, 'd1/? d2/?'],
    ['~/.dmakerc', {}, 'dmakerc/2'],
    ['~/.makehosts', {}, 'makehosts/3'],
    ['nothing', {}, ''],
  ];
  test.each(sources.map(([name], at) => [name, at] as const))('%s', async (_name, at) => {
    write({ macro: 'macro', environment: 'environment' });
    if (at <= 4) write({ 'home/.dmakerc': 'dmakerc' });
    if (at <= 5) write({ 'home/.makehosts': 'makehosts 3' });
    // This one and all behind it.
    const all = sources.slice(at).reduce<Given>(
      (sum, [, given]) => ({
        wish: { ...given.wish, ...sum.wish },
        macros: { ...given.macros, ...sum.macros },
        environment: { ...given.environment, ...sum.environment },
      }),
      {},
    );
    expect(hostsOf(await plan(all))).toBe(sources[at]?.[2]);
  });

  test('a file that is named and not there', async () => {
    expect(await failure({ environment: { DMAKE_RCFILE: 'none' } })).toBe(
      'DMAKE_RCFILE in the environment, FOLDER/none cannot be read (ENOENT)',
    );
    const matrix = { kind: 'file', file: join(folder, 'none'), source: '-c none' } as const;
    expect(await failure({ wish: { matrix } })).toBe('-c none cannot be read (ENOENT)');
  });

  test('D1MAKE_HOSTS that is set and blank is an error (L1)', async () => {
    expect(await failure({ environment: { D1MAKE_HOSTS: ' ' } })).toMatch(/^D1MAKE_HOSTS/);
  });

  test("d1make's set-up and arguments count (L2, L3)", async () => {
    const environment = { D1MAKE_HOSTS: 'a', D1MAKE_SERVER_SETUP: 'X=1', D1MAKE_CLIENT_MAKEARGS: '-j2' };
    const { hosts, makeArguments } = await plan({ environment });
    expect([hosts[0]?.setup, makeArguments]).toEqual(['X=1', ['-j2']]);
    // The same list, given as an input.
    const forced = await plan({ environment, wish: { matrix: text('b c'), format: 'd1make' } });
    expect([hostsOf(forced), forced.hosts[1]?.setup, forced.makeArguments]).toEqual(['b/? c/?', 'X=1', ['-j2']]);
  });

  test("what the first make's recipes call leaves with d1make's list, in no other form", async () => {
    const leave = async (given: Given): Promise<boolean> => (await plan(given)).subMakesLeave;
    const environment = { D1MAKE_HOSTS: 'a' };
    expect(await leave({ environment })).toBe(true);
    expect(await leave({ environment: { ...environment, DMAKE_MAX_JOBS: '2' } })).toBe(true);
    expect(await leave({ wish: { matrix: text('a b'), format: 'd1make' } })).toBe(true);
    expect(await leave({ wish: { matrix: text('hosts: [a]\nmake-arguments: -k') } })).toBe(false);
    expect(await leave({ environment, wish: { matrix: text('a 2') } })).toBe(false);
    expect(await leave({ environment: { ...environment, DMAKE_MODE: 'parallel' } })).toBe(false);
  });

  test('arguments that are no words are refused before anything starts', async () => {
    const environment = { D1MAKE_HOSTS: 'a', D1MAKE_CLIENT_MAKEARGS: "-k 'x" };
    expect(await failure({ environment })).toBe('D1MAKE_CLIENT_MAKEARGS: a quote is opened and never closed');
  });

  test('a ~/.dmakerc without entries is as good as none; one that is wrong is not', async () => {
    write({ 'home/.dmakerc': '# nothing\n\n', 'home/.makehosts': 'a 1' });
    expect(hostsOf(await plan({}))).toBe('a/1');
    write({ 'home/.dmakerc': `${'#'.repeat(5000)}\n  \t# ${'#'.repeat(5000)}\n` });
    expect(hostsOf(await plan({}))).toBe('a/1');
    write({ 'home/.dmakerc': 'group {' });
    expect(await failure({})).toMatch(/^FOLDER\/home\/.dmakerc, line 1/);
  });
});

describe("the command's own ~/.makehosts (B2, B3)", () => {
  const makehosts = 'with -j, and right';
  test('counts with -j alone, and only for the targets of .DIST', async () => {
    write({ 'home/.makehosts': 'a 2' });
    expect(hostsOf(await plan({ makehosts }))).toBe('');
    expect(await plan({ makehosts, wish: { jobs: 4 } })).toMatchObject({
      implied: true,
      jobs: undefined,
      localJobs: undefined,
    });
    expect(hostsOf(await plan({ makehosts, wish: { jobs: 'unlimited' } }))).toBe('a/2');
  });

  test('one that cannot be read is as good as none there', async () => {
    mkdirSync(join(folder, 'home/.makehosts'));
    const { hosts, notices } = await plan({ makehosts, wish: { jobs: 4 } });
    expect([hosts, notices.join().includes('EISDIR')]).toEqual([[], true]);
    await expect(plan({ wish: { jobs: 4 } })).rejects.toThrow('EISDIR');
  });

  test.each(['a', 'a 0', 'a -1', 'a x'])('%j: built without hosts, and why', async (line) => {
    write({ 'home/.makehosts': `b 1\n${line}\n` });
    const { hosts, notices } = await plan({ makehosts, wish: { jobs: 4 } });
    expect(hosts).toEqual([]);
    expect(notices.join()).toMatch(/\.makehosts, line 2.*(.|\n)*building without hosts$/);
    await expect(plan({ wish: { jobs: 4 } })).rejects.toThrow('line 2');
  });
});

describe("dmake's rules (D2, D5-D8)", () => {
  const RC = 'group one { host a { jobs = 3 } host b { jobs = 5 } }\ngroup two { host c }\n';

  test('a .dmakerc: its first group, all its jobs, none for the runner', async () => {
    const found = await plan({ wish: { matrix: text(RC) } });
    expect(hostsOf(found)).toBe('a/3 b/5');
    expect(found).toMatchObject({ jobs: 'places', localJobs: 0, load: undefined });
    expect(found.remark).toBe('input hosts: hosts of its first group, one, are used; others there: two');
  });

  test('the group: wish, macro, environment', async () => {
    const environment = { DMAKE_GROUP: 'two' };
    const matrix = text(RC);
    expect(hostsOf(await plan({ wish: { matrix }, environment }))).toBe('c/2');
    expect(hostsOf(await plan({ wish: { matrix }, environment, macros: { DMAKE_GROUP: 'one' } }))).toBe('a/3 b/5');
    const group = { value: 'two', where: 'option -g' };
    const found = await plan({ wish: { matrix, group }, macros: { DMAKE_GROUP: 'one' } });
    expect([hostsOf(found), found.remark]).toEqual(['c/2', undefined]);
    expect(await failure({ wish: { matrix, group: { ...group, value: 'tow' } } })).toMatch(
      /^option -g: .*"tow".*"two"/,
    );
  });

  test.each([
    [{ jobs: 11 }, {}, {}, 'a/5 b/6', 11],
    [{ jobs: 4 }, {}, {}, 'a/1 b/3', 4],
    [{}, {}, { DMAKE_MAX_JOBS: '11' }, 'a/5 b/6', 11],
    [{}, { DMAKE_MAX_JOBS: '4' }, { DMAKE_MAX_JOBS: '11' }, 'a/1 b/3', 4],
    [{ jobs: 9 }, { DMAKE_MAX_JOBS: '4' }, {}, 'a/4 b/5', 9],
    [{ jobs: 'unlimited' as const }, { DMAKE_MAX_JOBS: '4' }, {}, 'a/3 b/5', 'places'],
    [{}, {}, { DMAKE_MAX_JOBS: '0' }, 'b/2', 2],
  ])('jobs %j, macros %j, environment %j: %s (D6)', async (wish, macros, environment, hosts, jobs) => {
    const found = await plan({ wish: { matrix: text(RC), ...wish }, macros, environment });
    expect([hostsOf(found), found.jobs]).toEqual([hosts, jobs]);
  });

  test('hold for any matrix when a DMAKE_ setting is there, and for no other', async () => {
    const matrix = text('a 3\nb 5');
    const other = await plan({ wish: { matrix, jobs: 11 } });
    expect([hostsOf(other), other.jobs, other.localJobs]).toEqual(['a/3 b/5', undefined, undefined]);
    const some = await plan({ wish: { matrix, jobs: 11 }, environment: { DMAKE_ADJUST_MAX_JOBS: 'M2' } });
    expect([hostsOf(some), some.jobs, some.localJobs, some.load]).toEqual(['a/5 b/6', 11, 0, 'm2']);
  });

  test('the runner gets jobs if it is listed, by either name', async () => {
    const { hosts } = await plan({ wish: { matrix: text(`group g { host localhost host a }`) } });
    expect(hosts.map(({ local }) => local)).toEqual([true, false]);
    const named = await plan({ wish: { matrix: text(`group g { host "${hostname()}" }`) } });
    expect(named.hosts.map(({ local }) => local)).toEqual([true]);
  });

  test('without a matrix: two jobs and a notice, if dmake is meant (D2)', async () => {
    const none = await plan({});
    expect([none.jobs, none.notices]).toEqual([undefined, []]);
    const two = await plan({ environment: { DMAKE_GROUP: 'x' } });
    expect([two.jobs, two.notices.length]).toEqual([2, 1]);
    expect((await plan({ environment: { DMAKE_MODE: 'distributed' }, wish: { jobs: 5 } })).jobs).toBe(5);
  });

  test.each([
    ['serial', undefined, 1],
    ['serial', 8, 1],
    ['parallel', undefined, 2],
    ['parallel', 8, 8],
    ['parallel', 'unlimited' as const, undefined],
  ])('DMAKE_MODE=%s with -j %s: no hosts, %s at one time (D8)', async (mode, jobs, expected) => {
    write({ 'home/.dmakerc': 'this is { not even right' });
    const found = await plan({ environment: { DMAKE_MODE: mode }, wish: { jobs } });
    expect([found.hosts, found.jobs, found.notices]).toEqual([[], expected, []]);
    const asked = await plan({ environment: { DMAKE_MODE: mode }, wish: { jobs, matrix: text('a 1') } });
    expect([asked.hosts, asked.notices]).toEqual([[], [`DMAKE_MODE is ${mode}: everything runs on the runner`]]);
  });

  test('a group that is asked for, and no matrix, is an error', async () => {
    const group = { value: 'fast', where: 'option -g' };
    expect(await failure({ wish: { group } })).toBe('option -g: there is no host matrix that has groups');
  });

  test('an unknown mode is an error', async () => {
    expect(await failure({ environment: { DMAKE_MODE: 'fast' } })).toMatch(/^DMAKE_MODE in the environment must be/);
  });
});
