import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import * as os from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { keysOf } from '../../../src/ssh/agent-keys.ts';
import type { HostSettings, Target } from '../../../src/ssh/host-settings.ts';

let home: string;
let ask: (target: Target) => Promise<HostSettings>;

beforeAll(async () => {
  home = mkdtempSync(join(os.tmpdir(), 'nameless-'));
  const userInfo = (): never => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  };
  jest.unstable_mockModule('node:os', () => ({ ...os, userInfo }));
  const { settingsOf } = await import('../../../src/ssh/host-settings.ts');
  const { SshConfig } = await import('../../../src/ssh/config.ts');
  ask = async (target) =>
    settingsOf(target, await SshConfig.load({ home, system: home, onNotice: () => undefined }), home);
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

test('a user id without a name is no fault where the matrix names the user', async () => {
  const user = process.env['USER'];
  try {
    delete process.env['USER'];
    expect((await ask({ address: 'h', user: 'me', port: undefined })).username).toBe('me');
    await expect(ask({ address: 'h', user: undefined, port: undefined })).rejects.toThrow(
      'no user is named for it, and the user id here has no name that could be taken: write user@host',
    );
    process.env['USER'] = 'builder';
    expect((await ask({ address: 'h', user: undefined, port: undefined })).username).toBe('builder');
  } finally {
    if (user === undefined) delete process.env['USER'];
    else process.env['USER'] = user;
  }
});

test('an agent that takes the question and says nothing is given up', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.resume()));
  const path = join(home, 'agent');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await expect(keysOf(path, 100)).rejects.toThrow('it has said nothing for 0.1 s');
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
