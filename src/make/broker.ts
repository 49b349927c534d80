import { readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path/posix';

import type { MakeCall, ShimCalls } from '../engine/ports.ts';
import { bytesOf, encode, type Bytes } from '../util/bytes.ts';
import {
  BLANK,
  SEPARATOR,
  shellCall,
  type IncomingCalls,
  type MakeFacts,
  type ParseFacts,
  type ShimChannel,
} from './calls.ts';
import { echoInFile } from './echo-file.ts';
import { FifoTransport } from './fifo-transport.ts';
import type { RunDirectory } from './run-directory.ts';
import { SocketTransport } from './socket-transport.ts';

/** Takes the calls of all shims and wrappers of a run, over whichever transport the run directory was built for. */
export class Broker {
  readonly #run: RunDirectory;
  readonly #calls: ShimCalls;
  readonly #launches = new Map<number, (call: MakeCall) => void>();
  #transport: SocketTransport | FifoTransport | undefined;

  private constructor(run: RunDirectory, calls: ShimCalls) {
    this.#run = run;
    this.#calls = calls;
  }

  static async listen(run: RunDirectory, calls: ShimCalls): Promise<Broker> {
    const broker = new Broker(run, calls);
    const incoming: IncomingCalls = {
      shell: (facts, channel) => {
        const expanded = run.takeExpanded(facts.make);
        const echo = (command: Bytes) => echoInFile(facts.pid, command, (text) => run.shells.restore(text));
        calls.onShell(shellCall(facts, { expanded, echo }, channel));
      },
      make: (facts, channel) => broker.#onMake(facts, channel),
      parse: (facts, channel) => void broker.#onParse(facts, channel),
    };
    const { fifo } = run.shim;
    broker.#transport =
      fifo === undefined ? await SocketTransport.listen(run.socket, incoming) : new FifoTransport(fifo, incoming);
    return broker;
  }

  /** The wrapper with this pid was started by us: its call is answered by `answer` and not handed on. */
  expect(pid: number, answer: (call: MakeCall) => void): void {
    this.#launches.set(pid, answer);
  }

  /** Hangs up: shims that still wait say that the run has ended, and exit 2. */
  async close(): Promise<void> {
    await this.#transport?.close();
  }

  #onMake(facts: MakeFacts, channel: ShimChannel): void {
    const call: MakeCall = {
      ...facts,
      argv: facts.argv.map((word, at) => (at === 0 ? basename(word) : word)),
      exec: (file, argv, changes) => channel.exec(encode(file), argv, changes),
      fail: (message, status) => channel.fail(encode(message), status),
    };
    const launch = this.#launches.get(facts.pid);
    this.#launches.delete(facts.pid);
    if (launch === undefined) this.#calls.onMake(call);
    else launch(call);
  }

  async #onParse(facts: ParseFacts, channel: ShimChannel): Promise<void> {
    const { make, directory, environment } = facts;
    const [, shell = '', listed = ''] = facts.command.split(SEPARATOR);
    const own = this.#run.shells.restore(shell);
    const [linked, makefiles] = await Promise.all([this.#run.linkShell(own, directory), this.#makefiles(make, listed)]);
    this.#calls.onParse({
      make,
      directory,
      environment,
      shell: own,
      makefiles,
      answer: (lines = [], distributed = true) => {
        channel.answer([distributed ? linked : own, ...lines].map((line) => line.replace(/\s/g, BLANK)).join(' '));
      },
    });
  }

  /** A list too long for an argument is in a file. */
  async #makefiles(make: number, listed: string): Promise<string> {
    if (listed !== '') return listed;
    const file = `${this.#run.path}/parse/${make}`;
    try {
      return bytesOf(await readFile(file)).replace(/\n$/, '');
    } catch {
      return '';
    } finally {
      await rm(file, { force: true });
    }
  }
}
