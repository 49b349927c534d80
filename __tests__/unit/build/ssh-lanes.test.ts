import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { cleanHost } from '../../../src/build/clean-host.ts';
import { SshLanes } from '../../../src/build/ssh-lanes.ts';
import type { LaneSetup } from '../../../src/engine/ports.ts';
import { HOST_DEFAULTS } from '../../../src/model/host.ts';
import type { HostChannel } from '../../../src/ssh/channels.ts';
import type { Login } from '../../../src/ssh/login.ts';
import { linkTools } from '../lane/lane-rig.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ssh-lanes-'));
});
afterEach(() => {
  jest.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

test('the start-up command runs once where there is no perl', async () => {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync('/bin/dash', join(bin, 'sh'));
  const tools = 'awk cat chmod dd df env find grep mkdir mkfifo rm rmdir sed setsid sleep stat tar touch wc';
  linkTools(bin, tools.split(' '));
  const rsh = join(folder, 'rsh');
  writeFileSync(rsh, `#!/bin/sh\nshift $(($# - 1))\nPATH=${bin} exec ${bin}/sh -c "$1"\n`);
  chmodSync(rsh, 0o755);
  const host = {
    ...HOST_DEFAULTS,
    ...{ name: 'h', address: 'h', user: undefined, port: undefined, slots: 1, line: 1, local: false },
    transport: [rsh],
  };
  const lanes = new SshLanes(host, { timeout: 5000 } as Login, () => undefined);
  const setup: LaneSetup = {
    staging: join(folder, 'staging'),
    workspace: '/nowhere',
    number: 1,
    create: true,
    sandbox: 'overlay',
    partial: false,
    token: undefined,
    setup: '',
    startup: `echo run >>${folder}/mark`,
    ownersFile: 'optional',
    patience: 15,
  };
  try {
    expect((await lanes.open(setup)).sandbox).toBe('tree');
    expect(readFileSync(join(folder, 'mark'), 'utf8')).toBe('run\n');
  } finally {
    lanes.close();
  }
});

test('a host whose shell hangs does not hold up the end', async () => {
  jest.useFakeTimers();
  const channel = Object.assign(new PassThrough(), {
    stderr: new PassThrough(),
    exited: new Promise<number | undefined>(() => undefined),
  }) as HostChannel;
  const channels = { exec: () => Promise.resolve(channel), close: () => undefined };
  const staging = '/tmp/make-runner-20261121101112-0123456789ab-0123456789ab';
  const said = cleanHost(channels, staging);
  await jest.advanceTimersByTimeAsync(19_000);
  expect(await said).toBe('the command to remove it has not ended within 19 s');
  expect(channel.destroyed).toBe(true);
});

describe('the end of a run', () => {
  const staging = '/tmp/make-runner-20261121101112-0123456789ab-abcdef012345';
  afterEach(() => rmSync(staging, { recursive: true, force: true }));

  /** Lanes to a host that is this machine, and what they say may be there. */
  function lanesBy(body: string): { readonly lanes: SshLanes; readonly told: (readonly string[])[] } {
    const rsh = join(folder, 'rsh');
    writeFileSync(rsh, `#!/bin/sh\nshift $(($# - 1))\n${body}\n`);
    chmodSync(rsh, 0o755);
    const at = { name: 'h', address: 'h', user: undefined, port: undefined, slots: 1, line: 1, local: false };
    const told: (readonly string[])[] = [];
    const host = { ...HOST_DEFAULTS, ...at, transport: [rsh] };
    const lanes = new SshLanes(host, { timeout: 5000 } as Login, (directories) => told.push(directories));
    return { lanes, told };
  }
  const setup = (lines: string): LaneSetup => ({
    ...{ staging, workspace: '/nowhere', number: 1, create: true, sandbox: 'tree', partial: false, token: undefined },
    ...{ setup: lines, startup: '', ownersFile: 'optional', patience: 15 },
  });
  const isThere = (): boolean => statSync(staging, { throwIfNoEntry: false }) !== undefined;

  test('a lane that is about to come up is waited for, and what it made removed', async () => {
    const { lanes, told } = lanesBy('exec sh -c "$1"');
    const opening = lanes.open(setup('sleep 0.3'));
    opening.catch(() => undefined);
    while (told.length === 0) await sleep(5);
    expect(await lanes.clean()).toEqual([]);
    (await opening).close();
    expect(isThere()).toBe(false);
    expect(told).toEqual([[staging], []]);
    lanes.close();
  });

  test('one that takes longer is ended; post is left to see that nothing is there', async () => {
    const { lanes, told } = lanesBy('exec sh -c "$1"');
    const opening = lanes.open(setup('sleep 1.5'));
    opening.catch(() => undefined);
    while (told.length === 0) await sleep(5);
    expect(await lanes.clean()).toEqual([]);
    await expect(opening).rejects.toThrow();
    expect(isThere()).toBe(false);
    expect(told).toEqual([[staging]]);
    lanes.close();
  });

  test('a host that hangs is given up when the time is over, and its directory is not forgotten', async () => {
    const { lanes, told } = lanesBy(`[ -e ${join(folder, 'hangs')} ] && exec sleep 30; exec sh -c "$1"`);
    const lane = await lanes.open(setup(''));
    writeFileSync(join(folder, 'hangs'), '');
    lane.close();
    const [left, ...others] = await lanes.clean(200);
    expect(left).toEqual({ directory: staging, reason: 'it was not done within 0.2 s' });
    expect(others).toEqual([]);
    expect(told).toEqual([[staging]]);
    lanes.close();
  });
});
