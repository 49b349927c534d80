import type { Job } from '../model/job.ts';
import type { Bytes } from '../util/bytes.ts';

/** What a compiler writes for a linker, and for nobody else. */
const OBJECT = /\.(?:o|lo|obj)$/;

/**
 * Which files need not travel to every host: objects are read by links and archives, not by other compiles. Only a
 * job that is certainly a compile does without those that its command does not name; every other job sees all.
 */
export class ObjectFiles {
  readonly #stems = new Set<Bytes>();

  /** A distributed job is about to run: what it compiles to is an object from now on. */
  learn(job: Job): void {
    if (isCompile(job)) this.#stems.add(stem(job.recipe.target));
  }

  /** Libtool's `.libs/x.o` counts as well as `x.lo`. */
  isObject(path: Bytes): boolean {
    return looksLikeObject(path) && this.#stems.has(stem(path));
  }

  /** Whether a job does without that file: it may be missing in its tree. */
  isWithheld(job: Job, path: Bytes): boolean {
    return isCompile(job) && this.isObject(path) && !namedObjects(job.command).has(stem(path));
  }
}

/** By its name alone. */
export function looksLikeObject(path: Bytes): boolean {
  return OBJECT.test(path);
}

/** The usual names of compilers, with what a cross compiler has before them and a versioned one behind them. */
const COMPILER =
  /(?:^|[\s/;&|("'])(?:[\w.]+-)*(?:cc|c\+\+|gcc|g\+\+|clang|clang\+\+|icc|icx|icpc|icpx|tcc|nvcc|gfortran|flang)(?:-[\d.]+)?\s/;

/** What may stand for file names that are not written in the command, and programs that read objects. */
const INDIRECT = /[*?{[`@]|\$\(|\b(?:find|xargs|cat|ar|ld|objcopy)\b/;

/** What automake puts before a source in another directory: names no object. */
const AUTOMAKE_SOURCE = /`test -f '[^'`]*' \|\| echo '[^'`]*'`/g;

/**
 * Whether a job certainly compiles one object and reads no other: an object as its target, a compiler with `-c` (not
 * that of a shell: `sh -c 'ld -r …'`), and nothing that could name objects which are not written there.
 */
export function isCompile(job: Job): boolean {
  const command = job.command.replace(AUTOMAKE_SOURCE, '');
  return (
    OBJECT.test(job.recipe.target) &&
    /(?<!sh\s*)(?:^|\s)-c(?=\s|$)/.test(command) &&
    COMPILER.test(command) &&
    !INDIRECT.test(command)
  );
}

/** The stems of all objects that a command names. */
export function namedObjects(command: Bytes): ReadonlySet<Bytes> {
  const words = command.match(/[^\s'"=;|&<>()]+\.(?:o|lo|obj)(?![\w.])/g) ?? [];
  return new Set(words.map(stem));
}

export function stem(path: Bytes): Bytes {
  return path.slice(path.lastIndexOf('/') + 1).replace(OBJECT, '');
}
