// A place in a makefile where a run waits until the bench has looked around.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

/** A FIFO that a recipe line reads: the line ends when the gate has been opened. */
export class Gate {
  #file;

  /** @param {string} path */
  constructor(path) {
    this.path = path;
    const made = spawnSync('mkfifo', [path], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`mkfifo ${path}: ${made.stderr}`);
    // For both directions: neither end ever waits for the other one to open it.
    this.#file = openSync(path, 'r+');
  }

  /** A recipe line that says a word and waits. @param {string} word */
  line(word) {
    return `@echo ${word}; read -r _ <${this.path}`;
  }

  /** Lets one line through. */
  open() {
    writeSync(this.#file, 'go\n');
  }

  close() {
    closeSync(this.#file);
    rmSync(this.path);
  }
}
