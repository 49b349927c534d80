import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LeftOut } from '../../../src/engine/left-out.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';
import { chrootCommand, chrootProblem } from '../../../src/ssh/chroot.ts';
import { Transport, transportWords } from '../../../src/ssh/transport.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'transport-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const host = (more: Partial<Host> = {}): Host => ({
  ...HOST_DEFAULTS,
  name: 'h',
  address: 'h',
  user: undefined,
  port: undefined,
  slots: 1,
  line: 1,
  local: false,
  ...more,
});

/** A program in sh; its words are what a transport program gets. */
function program(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Waits until a process has ended; whether somebody has asked for its status does not matter. */
async function gone(pid: number): Promise<void> {
  const runs = (): boolean => {
    try {
      return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 500 && runs(); i++) await setTimeout(10);
  expect(runs()).toBe(false);
}

const to = (words: readonly string[], timeout = 5000, more: Partial<Host> = {}): Transport =>
  new Transport(host(more), words, { timeout });

describe('words of the program', () => {
  test('ssh is told more than others', () => {
    const asked = host({
      user: 'me',
      port: 7,
      address: 'fd00::1',
      identity: '~/k',
      jump: [
        { address: 'fd00::2', user: 'u', port: 22 },
        { address: 'b', user: undefined, port: undefined },
      ],
    });
    expect(transportWords(asked, '/usr/bin/ssh', 9000).join(' ')).toBe(
      '-l me -p 7 -o BatchMode=yes -o ConnectTimeout=9 -o ServerAliveInterval=3 -o ServerAliveCountMax=2 -i ~/k ' +
        '-J u@[fd00::2]:22,b fd00::1',
    );
    expect(transportWords(host({ user: 'me' }), 'rsh', 9000)).toEqual(['-l', 'me', 'h']);
    expect(transportWords(host(), 'rsh', 9000)).toEqual(['h']);
  });

  test('what another program cannot be told is an error', () => {
    const asked = host({ port: 7, identity: 'k', jump: [{ address: 'b', user: undefined, port: undefined }] });
    expect(() => transportWords(asked, 'rsh', 9000)).toThrow(
      'the matrix gives it port 7 and an identity and jump hosts, but its transport program "rsh" is not ssh',
    );
  });

  test.each([{ address: '-oProxyCommand=x' }, { address: 'a b' }, { user: 'a\nb' }])('%j is no name', (more) => {
    expect(() => transportWords(host(more), 'ssh', 9000)).toThrow('cannot be given to a transport program');
  });
});

describe('a program', () => {
  test('is the byte stream to the command, whose status is told', async () => {
    const rsh = program('rsh', 'shift $(($# - 1)); echo Welcome; echo noise >&2; exec sh -c "$1"');
    const channels = to([rsh, '-x'], 5000, { user: 'me' });
    const channel = await channels.exec(`exec sh -c 'IFS= read -r l; eval "$l"'`);
    channel.write('cat; echo end >&2; exit 3\n');
    channel.end(Buffer.alloc(300_000, 'x'));
    expect((await text(channel)).length).toBe(300_000);
    expect(await channel.exited).toBe(3);
  });

  test('gets the words in their order, and no key in its environment', async () => {
    process.env['INPUT_SSH-PRIVATE-KEY'] = 'secret';
    try {
      const rsh = program('rsh', `printf '%s\\n' "$@" >${folder}/words; env >${folder}/env; exec sh -c "$4"`);
      const channel = await to([rsh, 'one'], 5000, { user: 'me', address: 'far' })
        .exec('exec true')
        .catch((error: Error) => error);
      expect(channel).toBeInstanceOf(Error);
      const said = readFileSync(join(folder, 'words'), 'utf8').split('\n');
      expect(said).toEqual(['one', '-l', 'me', 'far', expect.stringMatching(/^echo distmake-\S+; exec true$/), '']);
      expect(readFileSync(join(folder, 'env'), 'utf8')).not.toContain('secret');
    } finally {
      delete process.env['INPUT_SSH-PRIVATE-KEY'];
    }
  });

  test('that is not there, that fails, that stays silent', async () => {
    await expect(to(['no-such-rsh']).exec('exec true')).rejects.toThrow(
      'its transport program "no-such-rsh" cannot be started (ENOENT): is it installed on the runner, and on PATH?',
    );
    const broken = program('broken', 'echo no route to host >&2; exit 255');
    await expect(to([broken]).exec('exec true')).rejects.toThrow(
      `the way there ended with status 255 before the host had answered (transport program "${broken}"); it said: no route to host`,
    );
    const silent = program('silent', `echo $$ >${folder}/pid; exec sleep 60`);
    await expect(to([silent], 1000).exec('exec true')).rejects.toThrow('it did not answer within 1 s');
    await gone(Number(readFileSync(join(folder, 'pid'), 'utf8')));
  });

  test('whose words say that it is not let in leaves the host out; that is not there too', async () => {
    const leftOut = async (words: readonly string[], more: Partial<Host> = {}): Promise<boolean> =>
      to(words, 5000, more)
        .exec('exec true')
        .then(
          () => false,
          (error: unknown) => error instanceof LeftOut,
        );
    const denied = program('denied', 'echo "me@h: Permission denied (publickey,password)." >&2; exit 255');
    const away = program('away', 'echo "ssh: connect to host h port 22: Connection refused" >&2; exit 255');
    expect(await leftOut([denied])).toBe(true);
    expect(await leftOut(['no-such-rsh'])).toBe(true);
    expect(await leftOut([away], { port: 7 })).toBe(true);
    expect(await leftOut([away])).toBe(false);
  });

  test('that heeds no signal is killed, and what it leaves behind in its group', async () => {
    const rsh = program(
      'deaf',
      `trap '' TERM; (trap '' TERM; sleep 60) & echo $! >${folder}/pid; echo $$ >${folder}/leader
       shift $(($# - 1)); sh -c "$1"; sleep 60`,
    );
    const pids = (): number[] => ['pid', 'leader'].map((name) => Number(readFileSync(join(folder, name), 'utf8')));
    const channel = await to([rsh]).exec('exec cat');
    channel.destroy();
    await Promise.all(pids().map(gone));
    const brief = program(
      'brief',
      `sleep 60 >&- 2>&- <&- & echo $! >${folder}/pid; shift $(($# - 1)); exec sh -c "$1"`,
    );
    const ended = await to([brief]).exec('exec true');
    ended.resume();
    expect(await ended.exited).toBe(0);
    await gone(pids()[0] ?? 0);
  });

  test('ends with the channels, and all that it has started', async () => {
    const rsh = program('rsh', `sleep 60 & echo $! >${folder}/pid; shift $(($# - 1)); sh -c "$1"; exit 0`);
    const channels = to([rsh]);
    const channel = await channels.exec('exec cat');
    channel.resume();
    channels.close();
    await channel.exited;
    await gone(Number(readFileSync(join(folder, 'pid'), 'utf8')));
  });
});

describe('chroot', () => {
  const nasty = `/a dir/it's "$HOME" \`x\` !{*}?[~]#;&|<>(\\)=é%^`;

  test.each(['sh', 'bash', 'csh', 'tcsh', 'fish'])('a directory with every sign, for %s', (shell) => {
    program('chroot', `printf '%s\\n' "$@"`);
    const environment = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder };
    const said = execFileSync(shell, ['-c', chrootCommand(`exec sh -c 'echo "$1"' x y`, nasty)], {
      env: environment,
      encoding: 'utf8',
    });
    expect(said.split('\n')).toEqual([nasty, 'sh', '-c', 'echo "$1"', 'x', 'y', '']);
  });

  test.each<[string, Record<string, string>, boolean]>([
    ['no file', {}, true],
    ['none on the host', { 'r/etc/distmake.conf': 'max_jobs: 9' }, true],
    ['one that is not there', { 'etc/distmake.conf': 'max_jobs: 1' }, false],
    ['another one there', { 'etc/distmake.conf': 'max_jobs: 1', 'r/etc/distmake.conf': 'max_jobs: 9' }, false],
    [
      'the same, with other places',
      { 'etc/distmake.conf': 'max_jobs: 1', 'r/etc/distmake.conf': 'max_jobs: 1' },
      false,
    ],
    [
      'the same, with the same places',
      { 'etc/distmake.conf': 'x', 'r/etc/distmake.conf': 'x', 'r/tmp': '../tmp' },
      true,
    ],
    [
      'the same, behind one that counts more there',
      {
        'etc/distmake.conf': 'x',
        'r/etc/distmake.conf': 'x',
        'r/etc/opt/SPROdmake/dmake.conf': 'max_jobs: 9',
        'r/tmp': '../tmp',
      },
      false,
    ],
  ])("the owner's file: %s", (_, files, enters) => {
    const top = mkdtempSync(join(folder, 'owned-'));
    for (const directory of ['tmp/.distmake-slots', 'etc', 'r/etc/opt/SPROdmake'])
      mkdirSync(join(top, directory), { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      if (name === 'r/tmp') symlinkSync(text, join(top, name));
      else writeFileSync(join(top, name), text);
    }
    program('chroot', 'echo in');
    const command = chrootCommand('exec true', 'ROOT').replaceAll(/(?<=[= ])\/(?=etc|tmp)/g, `${top}/`);
    const moved = command.replaceAll('"$1$f"', `"$1\${f#${top}}"`).replaceAll('"$1$p"', `"$1\${p#${top}}"`);
    const { status, stdout, stderr } = spawnSync('sh', ['-c', moved.replace('ROOT', join(top, 'r'))], {
      env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
      encoding: 'utf8',
    });
    if (enters) expect({ status, stdout }).toEqual({ status: 0, stdout: 'in\n' });
    else {
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(chrootProblem(stderr, '/r')).toMatch(
        /^its owner's limit \(.*\/distmake\.conf\) cannot be kept in \/r, its chroot in the matrix: mount/,
      );
    }
  });

  test('a name with a newline is refused', () => {
    expect(() => chrootCommand('exec true', '/a\nb')).toThrow('has a control character in its name');
  });

  test.each([
    ["chroot: cannot change root directory to '/r': Operation not permitted", 'only root can do that'],
    ["chroot: cannot change root directory to '/r': No such file or directory", 'is it a directory there?'],
    ["chroot: can't change root directory to '/r': Operation not permitted", 'only root can do that'],
    ["chroot: failed to run command 'sh': No such file or directory", 'has no sh in it that can be run'],
    ["chroot: can't execute 'sh': No such file or directory", 'has no sh in it that can be run'],
    ['sh: 1: exec: chroot: not found', 'there is no program chroot there'],
  ])('%s', (said, words) => {
    const problem = chrootProblem(`the connection was closed; it said: ${said}`, '/r');
    expect(problem).toContain(`/r, its chroot in the matrix, `);
    expect(problem).toContain(words);
    expect(chrootProblem('the connection was closed', '/r')).toBeUndefined();
  });
});
