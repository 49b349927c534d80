// A tree like that of a large project: the same one whenever it is made.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILES_IN_DIRECTORY = 20;
const SMALLEST = 1024;
/** The large ones: one file in `LARGE_EVERY`. */
const LARGE = 200 * 1024;
const LARGE_EVERY = 200;
const POOL = 4 << 20;
const TAIL = 1 << 16;

/** Reproducible numbers from 0 to 1. @param {number} seed */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lines of words as they stand in sources: compressible as such are. @param {() => number} random */
function text(random) {
  const letters = 'etaoinsrhldcumfpgwybvkxjqz_';
  const word = () => {
    const length = 2 + Math.floor(random() * 9);
    return Array.from({ length }, () => letters[Math.floor(random() ** 2 * letters.length)]).join('');
  };
  const vocabulary = Array.from({ length: 6000 }, word);
  const marks = [' ', ' ', ' ', ' ', '(', '), ', ' = ', '->', ';\n', ';\n  '];
  const parts = [];
  for (let size = 0; size < POOL + TAIL;) {
    const part = vocabulary[Math.floor(random() ** 2 * vocabulary.length)] + marks[Math.floor(random() * marks.length)];
    parts.push(part);
    size += part.length;
  }
  return Buffer.from(parts.join(''));
}

/** Sources in directories of two levels. */
export class SourceTree {
  files = 0;
  bytes = 0;
  directories = 0;

  /** Fills an empty directory. @param {string} root @param {number} files */
  static write(root, files) {
    const tree = new SourceTree();
    const random = numbers(files);
    const pool = text(random);
    let folder = root;
    for (let i = 0; i < files; i++) {
      if (i % FILES_IN_DIRECTORY === 0) {
        const number = i / FILES_IN_DIRECTORY;
        const top = join(root, `part${Math.floor(number / 50)}`);
        if (number % 50 === 0) {
          mkdirSync(top);
          tree.directories++;
        }
        folder = join(top, `module${number % 50}`);
        mkdirSync(folder);
        tree.directories++;
      }
      // Most are small: 1 to 20 KB, a few KB on average.
      const size = i % LARGE_EVERY === 7 ? LARGE : Math.floor(SMALLEST * 20 ** (random() ** 1.5));
      const start = Math.floor(random() * (pool.length - size));
      writeFileSync(join(folder, `file${i}.c`), pool.subarray(start, start + size));
      tree.files++;
      tree.bytes += size;
    }
    return tree;
  }
}
