// How much memory a program had at its peak.
import { readFileSync } from 'node:fs';

const EVERY_MS = 20;

/** The peak of the program that a shell runs, as the kernel keeps it (VmHWM): looked at while it runs. */
export class PeakMemory {
  /** Bytes. */
  peak = 0;
  #timer;

  /** @param {number} shell its process id */
  constructor(shell) {
    this.#timer = setInterval(() => this.#look(shell), EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** @param {number} shell */
  #look(shell) {
    try {
      const child = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')[0];
      const line = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'));
      if (line) this.peak = Math.max(this.peak, Number(line[1]) * 1024);
    } catch {
      // It has not begun, or has ended.
    }
  }
}
