import { basename } from 'node:path';
import { LeftOut } from '../engine/left-out.ts';
import type { Host } from '../model/host.ts';
import { excerpt } from '../util/excerpt.ts';
import type { HostChannel, HostChannels } from './channels.ts';
import { awaitWord, behindWord, firstWord } from './first-word.ts';
import { describe } from './host-settings.ts';
import type { Login } from './login.ts';
import { cannotStart, ProgramStream } from './program-stream.ts';
import { withWords } from './program-words.ts';

/**
 * One host over a program that is given a user, a host and a command, as rsh is (dmake's `rsh`, D22): a process for each
 * command. What the ssh configuration says of the host is the program's own business.
 */
export class Transport implements HostChannels {
  readonly #host: Host;
  readonly #program: readonly string[];
  readonly #timeout: number;
  readonly #open = new Set<ProgramStream>();

  /** @param program its name and its first arguments */
  constructor(host: Host, program: readonly string[], login: Pick<Login, 'timeout'>) {
    this.#host = host;
    this.#program = program;
    this.#timeout = host.timeout === undefined ? login.timeout : host.timeout * 1000;
  }

  /** Resolves when the host's shell answers: the program alone does not tell whether the host can be reached. */
  async exec(command: string): Promise<HostChannel> {
    const [name = '', ...first] = this.#program;
    const word = firstWord();
    const words = [...first, ...transportWords(this.#host, name, this.#timeout), behindWord(word, command)];
    let stream: ProgramStream;
    try {
      stream = await ProgramStream.start(name, words);
    } catch (error) {
      throw cannotStart(
        error as NodeJS.ErrnoException,
        (code) =>
          `its transport program ${excerpt(name)} cannot be started (${code}): ` +
          'is it installed on the runner, and on PATH?',
      );
    }
    this.#open.add(stream);
    stream.on('close', () => this.#open.delete(stream));
    try {
      await awaitWord(stream, word, this.#timeout, {
        silent: `it did not answer within ${this.#timeout / 1000} s`,
        ended: (status) => {
          const how = status === undefined ? 'a signal' : `status ${status}`;
          return `the way there ended with ${how} before the host had answered`;
        },
      });
    } catch (error) {
      stream.destroy();
      const fault = new Error(`${(error as Error).message} (transport program ${excerpt(name)})`, { cause: error });
      throw withWords(fault, stream.said, 'it said:');
    }
    return stream;
  }

  close(): void {
    for (const stream of this.#open) stream.destroy();
    this.#open.clear();
  }
}

/**
 * What stands between the program's own words and the command. Of programs other than ssh nobody knows more than that
 * they take `-l USER HOST COMMAND`.
 *
 * @param timeout ms
 * @throws LeftOut: the matrix asks for what the program cannot be told
 */
export function transportWords(host: Host, program: string, timeout: number): string[] {
  const { address, user, port, identity, jump } = host;
  if (/^-|[\0\s]/.test(address) || /[\0\s]/.test(user ?? ''))
    throw new LeftOut(`${excerpt(describe(host))} cannot be given to a transport program`);
  const login = user === undefined ? [] : ['-l', user];
  if (basename(program) !== 'ssh') {
    const asked = [
      ...(port === undefined ? [] : [`port ${port}`]),
      ...(identity === undefined ? [] : ['an identity']),
      ...(jump === undefined || jump.length === 0 ? [] : ['jump hosts']),
    ];
    if (asked.length > 0) {
      throw new LeftOut(
        `the matrix gives it ${asked.join(' and ')}, but its transport program ${excerpt(program)} is not ssh and ` +
          'cannot be told so: leave it out, or put it into a script that is named as the transport',
      );
    }
    return [...login, address];
  }
  const seconds = Math.max(1, Math.round(timeout / 1000));
  const options = [
    'BatchMode=yes',
    `ConnectTimeout=${seconds}`,
    `ServerAliveInterval=${Math.max(1, Math.floor(seconds / 3))}`,
    'ServerAliveCountMax=2',
  ];
  return [
    ...login,
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...options.flatMap((option) => ['-o', option]),
    ...(identity === undefined ? [] : ['-i', identity]),
    ...(jump === undefined ? [] : ['-J', jump.length === 0 ? 'none' : jump.map(describe).join(',')]),
    address,
  ];
}
