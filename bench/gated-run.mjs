// A make, ours or the plain one, that stops where the bench wants to look around.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { between } from './cpu-meter.mjs';
import { Gate } from './gate.mjs';
import { PeakMemory } from './peak-memory.mjs';

/** @typedef {import('./cpu-meter.mjs').Cost} Cost */

/**
 * Recipes say words: `gate` waits until it is let through, `begin` and `end` stand around what is measured, and every job
 * that counts says `job`.
 */
export class GatedRun {
  /** Lines `job` so far. */
  jobs = 0;
  #gate;
  #run;
  #memory = /** @type {PeakMemory | undefined} */ (undefined);
  #shell = 0;
  /** @type {Map<string, Cost>} */ #marks = new Map();
  #gates = 0;
  #passed = 0;
  #onGate = () => {};

  /**
   * @param {import('./stand.mjs').Stand} stand
   * @param {object} what
   * @param {string} what.name of its files, different from those of other runs that go on
   * @param {string[]} what.argv `-f MAKEFILE` is added
   * @param {string} what.cwd
   * @param {(gate: string) => string} what.makefile its text; told the recipe line of a gate
   */
  constructor(stand, { name, argv, cwd, makefile }) {
    this.#gate = new Gate(join(stand.folder, `${name}.gate`));
    const file = join(stand.folder, `${name}.mk`);
    writeFileSync(file, makefile(this.#gate.line('gate')));
    const started = stand.meter.now();
    this.#run = stand.run([...argv, '-s', '-f', file], {
      cwd,
      limitMs: 600_000,
      onStart: (shell) => {
        this.#shell = shell;
        this.#memory = new PeakMemory(shell);
      },
      onLine: (line) => {
        if (line === 'job') return void this.jobs++;
        this.#marks.set(line, stand.meter.now());
        if (line !== 'gate') return;
        this.#gates++;
        this.#onGate();
      },
    });
    this.#marks.set('start', started);
    this.#run.catch(() => undefined);
  }

  /** Bytes that the program had at its peak so far. */
  get peak() {
    return this.#memory?.peak ?? 0;
  }

  /** Waits for the first gate, without passing it. @returns {Promise<Cost>} from the start on */
  async toGate() {
    await this.#wait();
    return between(this.#marks.get('start'), this.#marks.get('gate'));
  }

  /** Passes a gate and waits for the next one. @returns {Promise<Cost>} from `begin` to `end` */
  async toNextGate() {
    this.#passed++;
    this.#gate.open();
    await this.#wait();
    return between(this.#marks.get('begin'), this.#marks.get('end'));
  }

  /** Passes the last gate and waits for the end. */
  async finish() {
    this.#gate.open();
    await this.#run;
  }

  /** Ends what has not ended. */
  async close() {
    let ended = false;
    void this.#run.catch(() => undefined).then(() => (ended = true));
    await new Promise((resolve) => setImmediate(resolve));
    if (!ended && this.#shell > 0) process.kill(-this.#shell, 'SIGTERM');
    await this.#run.catch(() => undefined);
    this.#memory?.stop();
    this.#gate.close();
  }

  async #wait() {
    const reached = new Promise((resolve) => {
      this.#onGate = () => this.#gates > this.#passed && resolve(undefined);
      this.#onGate();
    });
    const over = this.#run.then(() => {
      throw new Error('make has ended before its gate');
    });
    over.catch(() => undefined);
    await Promise.race([reached, over]);
  }
}
