import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStart } from '../../../src/make/process-facts.ts';
import { RunDirectory } from '../../../src/make/run-directory.ts';
import { sweepRunDirectories, type RunDirectoryFound } from '../../../src/make/stale-run-directories.ts';
import { assetPath } from '../../../src/util/asset.ts';

const cache = mkdtempSync(join(tmpdir(), 'stale-run-cache-'));
afterAll(() => rmSync(cache, { recursive: true }));
let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'stale-run-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

function older(path: string, seconds = 1000): void {
  utimesSync(path, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds);
}

const DAY = 86_400;

/** One of a run that goes on. */
async function living(): Promise<string> {
  const run = await RunDirectory.create({
    assets: assetPath('.'),
    makeNames: ['make'],
    parents: [parent],
    cacheParent: cache,
  });
  return run.path;
}

/** One as a run leaves it when it is killed: its process has begun at another time than who has its number. */
async function left(): Promise<string> {
  const path = await living();
  own(path, [undefined, '1']);
  return path;
}

/** Writes who it belongs to, with other words than it has: pid, start, pid namespace, boot. */
function own(path: string, words: readonly (string | undefined)[]): void {
  const said = readFileSync(join(path, 'owner'), 'utf8').trim().split(' ');
  writeFileSync(join(path, 'owner'), `${said.map((word, at) => words[at] ?? word).join(' ')}\n`);
}

async function listen(path: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(path, done));
  return server;
}

function sweep(staleAfter = 0): Promise<readonly RunDirectoryFound[]> {
  return sweepRunDirectories([parent, parent, join(parent, 'nowhere')], staleAfter);
}

describe('the directory of a run that was killed', () => {
  test('goes when nobody listens there, with whatever is in it, and not before', async () => {
    const path = await left();
    const server = await listen(join(path, 'sock'));
    symlinkSync('/etc', join(path, 'directory.0'));
    older(path);
    expect(await sweep()).toMatchObject([{ path, what: 'used' }]);
    // It leaves the file, as a process does that is killed.
    execFileSync('cp', ['-a', join(path, 'sock'), join(path, 'kept')]);
    await new Promise((done) => server.close(done));
    execFileSync('mv', [join(path, 'kept'), join(path, 'sock')]);
    older(path);
    expect(await sweep(2000)).toMatchObject([{ path, what: 'young' }]);
    expect(await sweep(500)).toMatchObject([{ path, what: 'removed', age: expect.any(Number) }]);
    expect(existsSync(path)).toBe(false);
    expect(existsSync('/etc/passwd')).toBe(true);
  });

  test('counts as used while its FIFO is read', async () => {
    const path = await left();
    execFileSync('mkfifo', [join(path, 'requests')]);
    const reader = openSync(join(path, 'requests'), constants.O_RDWR | constants.O_NONBLOCK);
    older(path);
    expect(await sweep()).toMatchObject([{ path, what: 'used' }]);
    closeSync(reader);
    expect(await sweep()).toMatchObject([{ path, what: 'removed' }]);
  });

  test('goes at once, whoever has the number of its process by now', async () => {
    const path = await left();
    expect(await sweep()).toMatchObject([{ path, what: 'removed' }]);
  });
});

describe('the directory of a run that goes on', () => {
  test('stays before anybody listens there, however old it is', async () => {
    const path = await living();
    older(path, 2 * DAY);
    expect(await sweep()).toMatchObject([{ path, what: 'used' }]);
    rmSync(join(path, 'last.mk'));
    rmSync(join(path, 'parse'), { recursive: true });
    rmSync(join(path, 'shim'));
    expect(await sweep()).toMatchObject([{ path, what: 'used' }]);
  });

  test.each([
    ['another pid namespace', [undefined, undefined, 'pid:[1]']],
    ['another machine, or one that was started again', [undefined, undefined, undefined, 'another']],
    ['nobody knows where', ['-', '', '', '']],
  ])('may be of %s: then it stays for a day', async (_, words) => {
    const path = await living();
    own(path, words);
    older(path, DAY - 100);
    expect(await sweep()).toMatchObject([{ path, what: 'young' }]);
    older(path, DAY + 100);
    expect(await sweep()).toMatchObject([{ path, what: 'removed' }]);
  });

  test('names the process that made it', async () => {
    const path = await living();
    const text = readFileSync(join(path, 'owner'), 'utf8');
    expect(text.split(' ').slice(0, 2)).toEqual([String(process.pid), processStart(process.pid)]);
  });
});

test('so does what was left for a question, or for the trial of a recipe', async () => {
  const question = join(parent, 'distmake-abcXY1');
  const trial = join(parent, `distmake-${'0123456789abcdef'.repeat(2)}`);
  for (const path of [question, trial]) mkdirSync(path, { mode: 0o700 });
  writeFileSync(join(question, 'questions.mk'), '');
  writeFileSync(join(trial, 'tries'), '1');
  older(question, DAY - 100);
  older(trial, DAY + 100);
  expect(await sweep()).toMatchObject([
    { path: trial, what: 'removed' },
    { path: question, what: 'young' },
  ]);
  older(question, DAY + 100);
  expect(await sweep()).toMatchObject([{ path: question, what: 'removed' }]);
});

test('nothing else, whatever it is called', async () => {
  const own = ['distmake-master', 'distmake-source', 'distmake-readme', 'distmake-abcde1', 'distmake-report-abcdef'];
  for (const name of own) mkdirSync(join(parent, name), { mode: 0o700 });
  for (const name of own) writeFileSync(join(parent, name, 'try.c'), '');
  // As new as one of ours, but for everybody.
  mkdirSync(join(parent, 'distmake-public'));
  chmodSync(join(parent, 'distmake-public'), 0o755);
  mkdirSync(join(parent, 'elsewhere'), { mode: 0o700 });
  symlinkSync(join(parent, 'elsewhere'), join(parent, 'distmake-linked'));
  writeFileSync(join(parent, 'distmake-a-file'), '');
  for (const name of [...own, 'distmake-public', 'elsewhere']) older(join(parent, name));
  expect(await sweep()).toEqual([]);
  for (const name of [...own, 'distmake-public', 'elsewhere', 'distmake-linked', 'distmake-a-file'])
    expect(existsSync(join(parent, name))).toBe(true);
});
