import { closeSync, constants, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Outcome } from '../model/outcome.ts';
import { bufferOf, bytesOf, type Bytes } from '../util/bytes.ts';
import { deferred, type Deferred } from '../util/deferred.ts';
import type { IncomingCalls, ShimChannel } from './calls.ts';
import { killBelow } from './kill-below.ts';
import { processFacts, processParent, processStart, type ProcessFacts } from './process-facts.ts';
import {
  catFragment,
  dieFragment,
  execFragment,
  exitFragment,
  MAX_INLINE,
  printFragment,
  runFragment,
} from './script-fragments.ts';

/** Where the parts of this transport lie; shim.sh names the same. */
export interface FifoPlaces {
  /** FIFO of requests. */
  readonly requests: string;
  /** Directory of the reply FIFOs. */
  readonly replies: string;
  readonly cat: string;
  /** See `execFragment`. */
  readonly launcher: readonly string[];
}

/** How often shims are looked for that were killed, or whose make was, in ms. */
const LOOK_EVERY = 1000;

/** Answers shims that are shell scripts, through FIFOs. Never opens one in a way that could block a thread. */
export class FifoTransport {
  readonly #places: FifoPlaces;
  readonly #calls: IncomingCalls;
  readonly #requests: Socket;
  readonly #channels = new Map<number, FifoChannel>();
  readonly #look: NodeJS.Timeout;
  #text = '';

  constructor(places: FifoPlaces, calls: IncomingCalls) {
    this.#places = places;
    this.#calls = calls;
    // Open for writing too: it never comes to its end.
    const descriptor = openSync(places.requests, constants.O_RDWR | constants.O_NONBLOCK);
    this.#requests = new Socket({ fd: descriptor, readable: true, writable: false });
    this.#requests.on('data', (chunk) => this.#receive(chunk));
    this.#look = setInterval(() => this.#lookForGone(), LOOK_EVERY).unref();
  }

  /** Tells every shim that waits to exit; one that runs something finds out at its next request. */
  async close(): Promise<void> {
    clearInterval(this.#look);
    rmSync(this.#places.requests, { force: true });
    for (const channel of this.#channels.values()) channel.hangUp();
    for (let tries = 0; tries < 100 && [...this.#channels.values()].some((c) => c.waits); tries++) await sleep(10);
    this.#requests.destroy();
  }

  #receive(chunk: Buffer): void {
    const lines = (this.#text + bytesOf(chunk)).split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const [, pid, verb, number] = /^(\d+) ([a-z])(?: (\d+))?$/.exec(line) ?? [];
      if (pid !== undefined && verb !== undefined) this.#request(Number(pid), verb, Number(number ?? 0));
    }
  }

  #request(pid: number, verb: string, number: number): void {
    if (verb !== 's' && verb !== 'm' && verb !== 'p') {
      this.#channels.get(pid)?.told(verb, number);
      return;
    }
    const facts = processFacts(pid);
    if (facts === undefined) return;
    const channel = new FifoChannel({ pid, facts, places: this.#places, end: () => this.#channels.delete(pid) });
    this.#channels.set(pid, channel);
    const { directory, environment, umask } = facts;
    // The interpreter's name comes first.
    const argv = facts.argv.slice(1);
    if (verb === 's') this.#calls.shell({ pid, make: facts.parent, umask, directory, argv, environment }, channel);
    else if (verb === 'm') this.#calls.make({ pid, directory, argv, environment }, channel);
    else this.#calls.parse({ make: facts.parent, directory, environment, command: argv.at(-1) ?? '' }, channel);
  }

  #lookForGone(): void {
    for (const channel of this.#channels.values()) channel.lookForGone();
  }
}

class FifoChannel implements ShimChannel {
  readonly #pid: number;
  readonly #start: string | undefined;
  readonly #facts: ProcessFacts;
  readonly #places: FifoPlaces;
  readonly #reply: string;
  readonly #end: () => void;
  readonly #gone = new AbortController();
  #run: Deferred<Outcome> | undefined;
  #child: number | undefined;
  #pending = '';
  #ready = true;
  #sending = false;
  #last = false;
  #files = 0;
  /** What the fragment that comes next is going to read, and what the one that it has reads. */
  #nextFiles: string[] = [];
  #openFiles: string[] = [];
  /** Who wants to print more. */
  #waiting: (() => void)[] = [];

  constructor(options: { pid: number; facts: ProcessFacts; places: FifoPlaces; end: () => void }) {
    this.#pid = options.pid;
    this.#start = processStart(options.pid);
    this.#facts = options.facts;
    this.#places = options.places;
    this.#reply = `${options.places.replies}/${options.pid}`;
    this.#end = options.end;
  }

  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  print(descriptor: 1 | 2, data: Buffer): Promise<void> | undefined {
    if (this.#last) return undefined;
    if (data.length <= MAX_INLINE && !data.includes(0)) {
      this.#send(printFragment(descriptor, bytesOf(data)));
    } else {
      const file = `${this.#reply}.${this.#files++}`;
      writeFileSync(file, data, { flag: 'wx', mode: 0o600 });
      this.#nextFiles.push(file);
      this.#send(catFragment(descriptor, file, this.#places.cat));
    }
    if (this.#pending.length < MAX_INLINE && this.#nextFiles.length === 0) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  run(argv: readonly Bytes[], changes: readonly Bytes[]): Promise<Outcome> {
    if (this.#gone.signal.aborted) return Promise.resolve({ kind: 'cancelled' });
    this.#run = deferred();
    this.#send(runFragment(argv, this.#facts.environment, changes));
    return this.#run.promise;
  }

  exit(status: number): void {
    this.#sendLast(exitFragment(status));
  }

  die(signal: number): void {
    this.#sendLast(dieFragment(signal));
  }

  exec(file: Bytes, argv: readonly Bytes[], changes: readonly Bytes[]): void {
    this.#sendLast(execFragment(this.#places.launcher, { file, argv }, this.#facts.environment, changes));
  }

  fail(message: Bytes, status: number): void {
    this.#sendLast(printFragment(2, message) + exitFragment(status));
  }

  answer(text: Bytes): void {
    this.#sendLast(printFragment(1, text) + exitFragment(0));
  }

  /** A further request of this shim. */
  told(verb: string, number: number): void {
    if (verb === 'r') {
      this.#ready = true;
      this.#dropFiles(this.#openFiles);
      const isEmpty = this.#pending === '';
      this.#deliver();
      if (isEmpty) this.#wantMore();
    } else if (verb === 'c') {
      this.#child = number;
    } else if (verb === 'd') {
      this.#child = undefined;
      // A shell says 128 + N for a signal; a plain status as high is seldom, and make stops at either.
      this.#run?.resolve({ kind: 'exited', status: number });
    }
  }

  lookForGone(): void {
    // Nobody waits for a shim whose make was killed.
    if (this.#lives() && processParent(this.#pid) !== this.#facts.parent) kill(this.#pid, 'SIGKILL');
    if (this.#lives()) return;
    this.#dropFiles(this.#nextFiles);
    this.#dropFiles(this.#openFiles);
    this.#finish();
    if (this.#last) return;
    // The compiled shim takes its child along; this one cannot.
    if (this.#child !== undefined) this.#endChild(this.#child);
    this.#gone.abort();
    this.#run?.resolve({ kind: 'cancelled' });
  }

  #endChild(pid: number): void {
    // What is stopped starts nothing more.
    kill(pid, 'SIGSTOP');
    killBelow(pid);
    kill(pid, 'SIGKILL');
  }

  #dropFiles(files: string[]): void {
    for (const file of files.splice(0)) rmSync(file, { force: true });
  }

  #wantMore(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Whether the shim waits for a fragment that is still to be read. */
  get waits(): boolean {
    return this.#pending !== '' || this.#sending;
  }

  hangUp(): void {
    if (!this.#ready) {
      if (this.#child !== undefined) this.#endChild(this.#child);
      return;
    }
    this.#pending = '';
    this.#sendLast('distmake_gone\n');
  }

  #send(fragment: Bytes): void {
    if (this.#last) return;
    this.#pending += fragment;
    this.#deliver();
  }

  #sendLast(fragment: Bytes): void {
    this.#send(fragment);
    this.#last = true;
  }

  /** What has come together goes as one fragment, in the same turn at the earliest: a write and an exit are one. */
  #deliver(): void {
    if (!this.#ready || this.#pending === '') return;
    this.#ready = false;
    queueMicrotask(() => {
      const fragment = { data: bufferOf(this.#pending), last: this.#last };
      this.#pending = '';
      this.#openFiles.push(...this.#nextFiles.splice(0));
      this.#sending = true;
      this.#transmit(fragment, { sent: 0, descriptor: undefined, wait: 1 });
    });
  }

  /** The shim opens its end a moment after its request; until then open says ENXIO. */
  #transmit(
    fragment: { readonly data: Buffer; readonly last: boolean },
    state: { sent: number; descriptor: number | undefined; wait: number },
  ): void {
    try {
      state.descriptor ??= openSync(this.#reply, constants.O_WRONLY | constants.O_NONBLOCK);
      while (state.sent < fragment.data.length) {
        state.sent += writeSync(state.descriptor, fragment.data, state.sent);
        state.wait = 1;
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code === 'ENXIO' || code === 'EAGAIN') && this.#lives()) {
        setTimeout(() => this.#transmit(fragment, state), state.wait);
        state.wait = Math.min(state.wait * 2, 50);
        return;
      }
    }
    this.#sending = false;
    if (state.descriptor !== undefined) closeSync(state.descriptor);
    if (fragment.last) this.#finish();
    else if (state.sent < fragment.data.length) this.lookForGone();
  }

  #lives(): boolean {
    return this.#start !== undefined && processStart(this.#pid) === this.#start;
  }

  #finish(): void {
    this.#end();
    this.#wantMore();
    rmSync(this.#reply, { force: true });
    // Files that the shim may still read stay until the run directory goes.
  }
}

function kill(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
