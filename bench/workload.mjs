// Many small targets: each turns a file of 10 KB into another one of 10 KB.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = 10_240;

/** The recipe, the same for every competitor. @param {string} name */
export const recipe = (name) => `tr a-z A-Z <${name}.txt >${name}.o`;

/** Reproducible text. @param {number} seed */
function text(seed) {
  const bytes = Buffer.alloc(SIZE, '\n');
  let state = seed + 1;
  for (let i = 0; i < SIZE - 1; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    if (i % 64 !== 63) bytes[i] = 97 + ((state >>> 16) % 26);
  }
  return bytes;
}

/** A set of targets in a directory. */
export class Workload {
  /** @param {number} count */
  constructor(count) {
    this.names = Array.from({ length: count }, (_, i) => `t${String(i + 1).padStart(4, '0')}`);
  }

  /** Writes inputs and makefiles. @param {string} folder an empty directory @param {readonly string[]} hosts */
  write(folder, hosts) {
    for (const [i, name] of this.names.entries()) writeFileSync(join(folder, `${name}.txt`), text(i));
    const all = `all: ${this.names.map((n) => `${n}.o`).join(' ')}\n`;
    writeFileSync(join(folder, 'Makefile'), `${all}\n%.o: %.txt\n\t${recipe('$*')}\n`);

    // By hand over ssh: the hosts in turn; SSH and SCP come from the command line.
    const shares = hosts.map((host, i) => {
      const mine = this.names.filter((_, n) => n % hosts.length === i).map((n) => `${n}.o`);
      return `${mine.join(' ')}: HOST = ${host}\n`;
    });
    const way = `$(SCP) $< $(HOST):stage/ && $(SSH) $(HOST) 'cd stage && ${recipe('$*')}' && $(SCP) $(HOST):stage/$@ $@`;
    writeFileSync(join(folder, 'by-hand.mk'), `${all}${shares.join('')}\n%.o: %.txt\n\t@${way}\n`);
  }

  /** @param {string} folder @returns {string | undefined} what is wrong with the outputs */
  check(folder) {
    const found = readdirSync(folder)
      .filter((f) => f.endsWith('.o'))
      .sort();
    const expected = this.names.map((n) => `${n}.o`);
    if (found.join() !== expected.join()) return `${found.length} outputs instead of ${expected.length}`;
    for (const [i, name] of this.names.entries()) {
      const wanted = text(i).toString('latin1').toUpperCase();
      if (readFileSync(join(folder, `${name}.o`), 'latin1') !== wanted) return `${name}.o has the wrong content`;
    }
    return undefined;
  }
}
