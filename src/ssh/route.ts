import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { LeftOut } from '../engine/left-out.ts';
import type { SshAddress } from '../model/host.ts';
import type { Connection } from './connection.ts';
import { GatheringSocket } from './gathering-socket.ts';
import { GatheringStream } from './gathering-stream.ts';
import { describe, type HostSettings, type Target } from './host-settings.ts';
import type { HopUse, Hops } from './hops.ts';
import { cannotStart, ProgramStream } from './program-stream.ts';

/** The byte stream on which ssh is spoken with a host. */
export interface Route {
  readonly stream: Duplex;
  /** What is known beyond the fault of the stream itself, or nothing: the words of a ProxyCommand. */
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
  readonly openHop: (hop: Target, unused: AbortSignal) => Promise<Connection>;
  /** Nobody wants it any more. */
  readonly signal: AbortSignal;
}

/**
 * All hosts on the way, in their order, with those that the first one needs by the ssh configuration.
 *
 * @param look the settings of a jump host
 * @throws LeftOut: the way goes in a circle
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
    throw new LeftOut(
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
    throw cannotStart(error as NodeJS.ErrnoException, (code) => `its ProxyCommand cannot be started (${code})`);
  }
  const said = async (): Promise<string> => {
    await Promise.race([stream.exited, setTimeout(LAST_WORDS_MS, undefined, { ref: false })]);
    return stream.said;
  };
  return { stream, said };
}

function silent(): Promise<string> {
  return Promise.resolve('');
}

async function throughHops({ settings, jumps, hops, timeout, openHop, signal }: RouteOptions): Promise<Route> {
  const last = jumps[jumps.length - 1];
  if (last === undefined) throw new Error('Internal error: a way through no host');
  const name = describe(last);
  const before = jumps.slice(0, -1);
  // The first of all has no host before it; a ProxyCommand may lead to it.
  const target: Target = { ...last, jump: before.length > 0 ? before : undefined };
  let hop: HopUse;
  try {
    hop = await hops.use(JSON.stringify(jumps.map(describe)), (unused) => openHop(target, unused), signal);
  } catch (error) {
    throw behind(`jump host ${name}: `, error as Error);
  }
  const { connection, release } = hop;
  try {
    const { address, port } = settings.endpoint;
    const channel = await connection.forward(address, port, timeout);
    const stream = new GatheringStream(channel, channel, () => {
      channel.destroy();
      release();
    });
    return { stream, said: silent };
  } catch (error) {
    release();
    throw behind(`jump host ${name} cannot reach it: `, error as Error);
  }
}

/** The same fault, of the same kind, with where it is. */
function behind(where: string, fault: Error): Error {
  const Kind = fault instanceof LeftOut ? LeftOut : Error;
  return new Kind(where + fault.message, { cause: fault });
}
