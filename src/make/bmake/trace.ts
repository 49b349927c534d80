import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { bytesOf, type Bytes } from '../../util/bytes.ts';

/** What bmake says of a process that it has started. */
export interface TracedJob {
  /** .CURDIR of that bmake: where it was called, which may not be where its recipes run. */
  readonly directory: Bytes;
  readonly target: Bytes;
  /** It is a recursive make to bmake, by .MAKE or by the word in one of its commands. */
  readonly recursive: boolean;
}

/** A shell asks us before its bmake has written the line: so long it is waited for, in ms. */
const LATEST = 5000;

/**
 * time, running jobs, event (started, ended), bmake, .CURDIR, target, process, flags, type (trace.c of bmake; the last two
 * in hex).
 */
const RECORD = /^\S+ \d+ (JOB|DON) \d+ (.*) (\S+) (\d+) [\da-f]+ ([\da-f]+)$/;

/** OP_MAKE and OP_SUBMAKE of bmake's make.h, the same since 2010. */
const RECURSIVE = 0x200 | 0x400000;

/** Reads the file that all bmakes of a run add to: the documented option -T. */
export class BmakeTrace {
  readonly #file: string;
  readonly #jobs = new Map<number, TracedJob>();
  #offset = 0;
  #rest = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** For which target a process was started; asked once each. Undefined when nobody has said so in time. */
  async take(pid: number): Promise<TracedJob | undefined> {
    const begin = performance.now();
    for (;;) {
      this.#read();
      const job = this.#jobs.get(pid);
      this.#jobs.delete(pid);
      if (job !== undefined || performance.now() - begin > LATEST) return job;
      await sleep(2);
    }
  }

  #read(): void {
    const file = openSync(this.#file, 'r');
    try {
      const buffer = Buffer.alloc(64 << 10);
      for (;;) {
        const length = readSync(file, buffer, 0, buffer.length, this.#offset);
        if (length === 0) break;
        this.#offset += length;
        this.#rest += bytesOf(buffer.subarray(0, length));
      }
    } finally {
      closeSync(file);
    }
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, event, directory = '', target = '', pid, type = ''] = RECORD.exec(line) ?? [];
      // Another process may get that number.
      if (event === 'DON') this.#jobs.delete(Number(pid));
      if (event !== 'JOB') continue;
      this.#jobs.set(Number(pid), { directory, target, recursive: (parseInt(type, 16) & RECURSIVE) !== 0 });
    }
  }
}
