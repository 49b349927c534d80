import { spawn } from 'node:child_process';
import { constants, machine } from 'node:os';
import { GRACE_MS } from '../engine/farm.ts';
import type { Answer } from '../engine/ports.ts';
import { ToolCheck, type RunnerTools } from '../engine/toolchain-check.ts';
import { toolsOf } from '../engine/toolchain.ts';
import type { Host } from '../model/host.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Settings } from '../model/settings.ts';
import { bytesOf, decode, type Bytes } from '../util/bytes.ts';

/** What tells a version is short; what goes on for ever must not fill the memory. */
const LIMIT = 1 << 20;

/**
 * What the input `toolchain` asks for, for the ssh hosts of a matrix.
 *
 * @param environment that of make, as `NAME=value`
 */
export function toolCheck(
  settings: Pick<Settings, 'fallback' | 'toolchain' | 'root'>,
  hosts: readonly Host[],
  environment: readonly Bytes[],
): ToolCheck {
  const { fallback, toolchain, root } = settings;
  const tools = toolsOf(toolchain, fallback);
  return new ToolCheck({ tools, fallback, hosts, runner: runnerTools(root, environment), grace: GRACE_MS });
}

/**
 * The runner's tools as recipes find them there.
 *
 * @param directory where they are asked, absolute: the workspace
 * @param environment as `NAME=value`
 */
export function runnerTools(directory: string, environment: readonly Bytes[]): RunnerTools {
  const env = Object.fromEntries(
    environment.map((entry) => {
      const [name = ''] = entry.split('=', 1);
      return [decode(name), decode(entry.slice(name.length + 1))];
    }),
  );
  return { arch: machine(), ask: (program, signal) => ask(program, directory, env, signal) };
}

function ask(program: string, cwd: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    // A group of its own: what a command has started goes with it.
    const child = spawn('/bin/sh', ['-c', program], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const pipes = [child.stdout, child.stderr];
    const chunks = pipes.map((): Buffer[] => []);
    let size = 0;
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // All of it has ended.
      }
    };
    const stop = (): void => {
      kill();
      // What has left the group may hold them.
      for (const pipe of pipes) pipe.destroy();
    };
    const end = (outcome: Outcome): void => {
      signal.removeEventListener('abort', stop);
      const [stdout = '', stderr = ''] = chunks.map((parts) => bytesOf(Buffer.concat(parts)));
      resolve({ outcome: signal.aborted ? { kind: 'cancelled' } : outcome, stdout, stderr });
    };
    for (const [at, pipe] of pipes.entries()) {
      pipe.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > LIMIT) stop();
        else chunks[at]?.push(chunk);
      });
    }
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    // What it has left in the background must not keep the pipes open.
    child.once('exit', kill);
    child.once('error', ({ message }) => {
      chunks[1]?.push(Buffer.from(message));
      end({ kind: 'exited', status: 127 });
    });
    child.once('close', (status, name) =>
      end(
        status === null
          ? { kind: 'signaled', signal: constants.signals[name ?? 'SIGKILL'] }
          : { kind: 'exited', status },
      ),
    );
  });
}
