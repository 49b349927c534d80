import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { SshAddress } from '../model/host.ts';
import type { Connection } from './connection.ts';
import { GatheringSocket } from './gathering-socket.ts';
import { GatheringStream } from './gathering-stream.ts';
import { describe, type HostSettings, type Target } from './host-settings.ts';
import type { Hops } from './hops.ts';
import { ProgramStream } from './program-stream.ts';

/** The byte stream on which ssh is spoken with a host. */
export interface Route {
  readonly stream: Duplex;
  /** What is known beyond the fault of the stream itself: the words of a ProxyCommand. */
  readonly said: () => Promise<string>;
}

/** What the last words of a command may take: they come by a way of their own. */
const LAST_WORDS_MS = 500;

interface RouteOptions {
  readonly settings: HostSettings;
  /** What {@link jumpsTo} says of the way. */
  readonly jumps: readonly SshAddress[];
  readonly hops: Hops;
  /** ms */
  readonly timeout: number;
  /** Opens a connection to a jump host. */
  readonly openHop: (hop: Target) => Promise<Connection>;
}

/**
 * All hosts on the way, in their order, with those that the first one needs by the ssh configuration.
 *
 * @param look the settings of a jump host
 * @throws Error with a reason for people: the way goes in a circle
 */
export function jumpsTo(
  settings: HostSettings,
  look: (hop: Target) => HostSettings,
  through: readonly string[] = [],
): readonly SshAddress[] {
  const hops = settings.proxy.kind === 'jump' ? settings.proxy.hops : [];
  const [first] = hops;
  if (first === undefined) return [];
  const way = [...through, settings.name];
  const name = describe(first);
  if (way.includes(name)) {
    throw new Error(
      `its jump hosts lead back to where they began: ${[...way, name].join(' through ')}. ` +
        'One of them must be reached without a jump (ProxyJump none in the ssh configuration)',
    );
  }
  return [...jumpsTo(look(first), look, way), ...hops];
}

/** Rejects with a reason for people. */
export async function openRoute(options: RouteOptions): Promise<Route> {
  const { proxy, endpoint } = options.settings;
  switch (proxy.kind) {
    case 'direct':
      return direct(endpoint.address, endpoint.port);
    case 'command':
      return throughCommand(proxy.command);
    case 'jump':
      return throughHops(options);
  }
}

function direct(host: string, port: number): Route {
  const socket = new GatheringSocket();
  socket.setMaxListeners(0);
  socket.setNoDelay(true);
  socket.connect({ host, port });
  return { stream: socket, said: silent };
}

/** As ssh does it: the user's shell becomes the command. */
async function throughCommand(command: string): Promise<Route> {
  const shell = process.env['SHELL'] ?? '/bin/sh';
  let stream: ProgramStream;
  try {
    stream = await ProgramStream.start(shell, ['-c', `exec ${command}`]);
  } catch (error) {
    throw new Error(`its ProxyCommand cannot be started: ${(error as Error).message}`, { cause: error });
  }
  const said = async (): Promise<string> => {
    await Promise.race([stream.exited, setTimeout(LAST_WORDS_MS, undefined, { ref: false })]);
    return stream.said === '' ? '' : `; its ProxyCommand said: ${stream.said.slice(-500)}`;
  };
  return { stream, said };
}

function silent(): Promise<string> {
  return Promise.resolve('');
}

async function throughHops({ settings, jumps, hops, timeout, openHop }: RouteOptions): Promise<Route> {
  const last = jumps[jumps.length - 1];
  if (last === undefined) throw new Error('Internal error: a way through no host');
  const name = describe(last);
  const before = jumps.slice(0, -1);
  // The first of all has no host before it; a ProxyCommand may lead to it.
  const target: Target = { ...last, jump: before.length > 0 ? before : undefined };
  let hop: Awaited<ReturnType<Hops['use']>>;
  try {
    hop = await hops.use(JSON.stringify(jumps.map(describe)), () => openHop(target));
  } catch (error) {
    throw new Error(`jump host ${name}: ${(error as Error).message}`, { cause: error });
  }
  const { connection, release } = hop;
  try {
    const { address, port } = settings.endpoint;
    const channel = await withinTime(connection.forward(address, port), timeout);
    const stream = new GatheringStream(channel, channel, () => {
      channel.destroy();
      release();
    });
    return { stream, said: silent };
  } catch (error) {
    release();
    throw new Error(`jump host ${name} cannot reach it: ${(error as Error).message}`, { cause: error });
  }
}

async function withinTime(opening: Promise<Duplex>, timeout: number): Promise<Duplex> {
  const stop = new AbortController();
  const late = async (): Promise<never> => {
    await setTimeout(timeout, undefined, { signal: stop.signal });
    throw new Error(`no answer within ${timeout / 1000} s`);
  };
  try {
    return await Promise.race([opening, late()]);
  } catch (error) {
    opening.then(
      (channel) => channel.destroy(),
      () => undefined,
    );
    throw error;
  } finally {
    stop.abort();
  }
}
