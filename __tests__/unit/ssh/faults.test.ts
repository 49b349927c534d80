import { afterEach, describe, expect, test } from '@jest/globals';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ServerChannel } from 'ssh2';
import { Connection } from '../../../src/ssh/connection.ts';
import { ControlPool } from '../../../src/ssh/control-pool.ts';
import { eventually } from '../lane/lane-rig.ts';
import { FakeServers, fault } from './fake-server.ts';

const servers = new FakeServers();
const closers: (() => void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await servers.close();
});

/** Echoes what the command echoes first, then does as it is told. */
const shell =
  (then: (channel: ServerChannel) => void = () => undefined) =>
  (start: () => ServerChannel, command: string): void => {
    const channel = start();
    channel.write(`${/^echo (\S+);/.exec(command)?.[1] ?? ''}\n`);
    then(channel);
  };

async function pool(port: number, timeout = 1500): Promise<ControlPool> {
  const made = new ControlPool(servers.host(port), await servers.login(timeout));
  closers.push(() => made.close());
  return made;
}

describe('a server that stops', () => {
  const IDENT = 'SSH-2.0-Fake\r\n';

  test.each<[string, (socket: Socket) => void, string]>([
    ['before it says anything', () => undefined, 'it took the connection, but said nothing of ssh within 0.3 s'],
    ['in its greeting', (socket) => socket.write('Hello\r\nSSH-2'), 'it took the connection, but said nothing of ssh'],
    ['before the keys', (socket) => socket.write(IDENT), 'it agreed on no keys for the connection within 0.3 s'],
  ])('%s', async (_, onSocket, reason) => {
    const port = await servers.raw(onSocket);
    expect(await fault(servers.host(port), await servers.login(300))).toEqual({
      reason: expect.stringContaining(reason),
      leftOut: false,
    });
    await eventually(() => servers.sockets.size === 0);
  });

  test('in the login', async () => {
    const port = await servers.ssh({ onLogin: () => undefined });
    expect(await fault(servers.host(port), await servers.login(1000))).toEqual({
      reason: 'it did not let us in within 1 s',
      leftOut: false,
    });
  });

  test('when a session is asked for: the next one gets a new connection', async () => {
    let asked = 0;
    const port = await servers.ssh({
      onCommand: (start) => {
        if (++asked > 1) start().end();
      },
    });
    const channels = await pool(port);
    await expect(channels.exec('x')).rejects.toThrow('it opened no session within 1.5 s');
    await expect(channels.exec('x')).rejects.toThrow('before its shell had answered');
    await eventually(() => servers.sockets.size === 1);
  });

  test('when it is up: who waits hears of it, idle or not', async () => {
    const port = await servers.ssh({ onCommand: shell() });
    const channel = await (await pool(port)).exec('x');
    const error = new Promise<Error>((resolve) => channel.once('error', resolve));
    for (const socket of servers.sockets) socket.pause().removeAllListeners('data');
    expect((await error).message).toBe('it has said nothing for 1.5 s');
    expect(await channel.resume().exited).toBeUndefined();
  });

  test('when it is up: what has come for one channel, the others on its connection know', async () => {
    const port = await servers.ssh({ onCommand: shell((channel) => void channel.write('x'.repeat(10_000))) });
    const channels = await pool(port);
    const [first, second] = [await channels.exec('x'), await channels.exec('x')];
    second.resume();
    await eventually(() => (first.received?.() ?? 0) > 20_000);
    expect(second.received?.()).toBe(first.received?.());
  });

  test('one that is slow, but in time', async () => {
    const port = await servers.ssh({
      onLogin: (context) => void setTimeout(() => context.accept(), 300),
      onCommand: shell((channel) => void setTimeout(() => channel.end('done'), 1200)),
    });
    expect(await text(await (await pool(port, 1000)).exec('x'))).toBe('done');
  });
});

describe('a server that talks rubbish', () => {
  const endless = (chunk: string) => (socket: Socket) => {
    const more = (): void => {
      while (socket.write(chunk));
    };
    socket.on('drain', more);
    more();
  };

  test.each<[string, (socket: Socket) => void, string]>([
    [
      'of HTTP',
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'what answers there is no ssh server: it says "HTTP/1.1 400 Bad Request"',
    ],
    ['without a line', endless('x'.repeat(1000)), 'or its greeting has no end: it says "xxx'],
    ['line by line', endless('no\n'.repeat(1000)), 'or its greeting has no end: it says "no\\x0ano'],
    ['of another ssh', (socket) => socket.write('SSH-1.5-Old\n'), 'it does not keep to the protocol of ssh'],
    [
      'behind its name',
      (socket) => socket.write(`SSH-2.0-x\n${'zz'.repeat(5000)}`),
      'it does not keep to the protocol',
    ],
    ['and hangs up', (socket) => socket.end(), 'it does not keep to the protocol of ssh (Connection lost before'],
  ])('%s', async (_, onSocket, reason) => {
    const port = await servers.raw(onSocket);
    expect(await fault(servers.host(port), await servers.login(5000))).toEqual({
      reason: expect.stringContaining(reason),
      leftOut: false,
    });
    await eventually(() => servers.sockets.size === 0);
  });

  test('a greeting before its name, in many pieces, is none', async () => {
    const port = await servers.ssh({});
    const relay = await servers.raw((socket) => {
      const behind = connect(port, '127.0.0.1');
      socket.setNoDelay(true).pipe(behind);
      const rest = [...'Welcome\r\nto all\r\n'];
      const next = (): void => {
        const character = rest.shift();
        if (character === undefined) behind.pipe(socket);
        else socket.write(character, () => setImmediate(next));
      };
      next();
    });
    (await Connection.open(servers.host(relay), await servers.login(5000))).close();
  });

  test('for a shell, without end', async () => {
    const port = await servers.ssh({
      onCommand: (start) => {
        const channel = start();
        const more = (): void => {
          while (channel.write('x'.repeat(65536)));
        };
        channel.on('drain', more);
        more();
      },
    });
    await expect((await pool(port, 5000)).exec('x')).rejects.toThrow(
      'it prints without end before it runs the command',
    );
  });
});

describe('what time does not mend', () => {
  test('a key that is not known', async () => {
    const port = await servers.ssh({});
    const { reason, leftOut } = await fault(servers.host(port), await servers.login(5000, '# nothing'));
    expect({ reason: reason.slice(0, 24), leftOut }).toEqual({ reason: 'its host key is not know', leftOut: true });
  });

  test('keys that are refused, all or until it hangs up', async () => {
    const refusing = await servers.ssh({ onLogin: (context) => context.reject(['publickey']) });
    let tries = 0;
    const impatient = await servers.ssh({
      onLogin: (context, peer) => {
        if (++tries % 2 === 1) context.reject(['publickey']);
        else peer.end();
      },
    });
    for (const port of [refusing, impatient]) {
      const { reason, leftOut } = await fault(servers.host(port), await servers.login(5000));
      expect(reason).toMatch(/^it refused the login as me.*; tried: input ssh-private-key, key 1 /);
      expect(leftOut).toBe(true);
    }
  });

  test('but to be sent away before a key was refused is none of that', async () => {
    const port = await servers.ssh({ onLogin: (_, peer) => peer.end() });
    expect(await fault(servers.host(port), await servers.login(5000))).toEqual({
      reason: 'it closed the connection before the login was through',
      leftOut: false,
    });
  });

  test('a wrong configuration; behind a jump host too', async () => {
    const port = await servers.ssh({ onLogin: (context) => context.reject(['publickey']) });
    const jump = [{ address: '127.0.0.1', user: 'me', port }];
    expect(await fault(servers.host(1, { jump }), await servers.login(5000))).toEqual({
      reason: expect.stringMatching(/^jump host me@127\.0\.0\.1:\d+: it refused the login/),
      leftOut: true,
    });
    expect(await fault(servers.host(1, { identity: '/nowhere' }), await servers.login(5000))).toMatchObject({
      leftOut: true,
    });
    expect(await fault(servers.host(1), await servers.login(5000))).toMatchObject({ leftOut: false });
  });
});

describe('losses', () => {
  test('who has waited for a host that cannot be reached waits once', async () => {
    let connections = 0;
    const port = await servers.raw(() => connections++);
    const channels = await pool(port, 300);
    const answers = await Promise.allSettled([1, 2, 3, 4].map(() => channels.exec('x')));
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
    expect(connections).toBe(1);
    await expect(channels.exec('x')).rejects.toThrow('said nothing of ssh');
    expect(connections).toBe(2);
  });

  test('close ends what is only coming up, and the way through a jump host', async () => {
    const silent = await servers.raw(() => undefined);
    const login = await servers.login(60_000);
    const jump = [{ address: '127.0.0.1', user: 'me', port: silent }];
    for (const host of [servers.host(silent), servers.host(1, { jump })]) {
      const channels = new ControlPool(host, login);
      const answer = channels.exec('x').catch((error: Error) => error.message);
      await eventually(() => servers.sockets.size === 1);
      channels.close();
      expect(await answer).toContain('its connections were closed meanwhile');
      await eventually(() => servers.sockets.size === 0);
    }
  });

  test('of one connection, again and again, leave nothing behind', async () => {
    const port = await servers.ssh({ onCommand: shell() });
    const channels = await pool(port, 10_000);
    const listeners = process.listenerCount('exit');
    const resources = (): string[] => process.getActiveResourcesInfo().filter((one) => !/Immediate|Tick/.test(one));
    let before: string[] = [];
    const rounds = process.env['DISTMAKE_FULL'] === undefined ? 10 : 50;
    for (let round = 0; round < rounds; round++) {
      const channel = await channels.exec('x');
      const ended = channel.resume().exited;
      for (const socket of servers.sockets) socket.destroy();
      await ended;
      if (round === 0) {
        await eventually(() => servers.sockets.size === 0);
        before = resources();
      }
    }
    await eventually(() => resources().length <= before.length);
    expect(process.listenerCount('exit')).toBe(listeners);
  });

  test('a connection whose other end reads no more is let go all the same', async () => {
    const port = await servers.ssh({ onCommand: shell() });
    const channels = await pool(port, 60_000);
    const channel = await channels.exec('x');
    for (const socket of servers.sockets) socket.pause();
    const [socket] = servers.sockets;
    channel.write(Buffer.alloc(1 << 24));
    channels.close();
    await new Promise((done) => socket?.once('close', done).resume());
  });
});
