import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Job } from '../../model/job.ts';
import { bufferOf, decode, encode, type Bytes } from '../../util/bytes.ts';
import { formatBytes } from '../format-bytes.ts';
import type { Secrets } from './secrets.ts';

/** Most that the outputs of a run may fill, in bytes. */
const TOTAL_LIMIT = 1_000_000_000;
/** Longest name of a file, in bytes; file systems take 255, programs that pack and unpack archives not always. */
const NAME_LIMIT = 100;

/** A file that takes a text piece by piece. Nothing here throws. */
export interface OutputFile {
  write(text: Bytes): void;
  /** @returns its path as people should open it; undefined when it has not all of what was written */
  close(): string | undefined;
  /** The text is not wanted after all: the file goes. */
  discard(): void;
}

export interface OutputFilesOptions {
  /** The directory of the report, absolute. */
  readonly directory: string;
  /** The same as people should open it. */
  readonly shown: string;
  readonly secrets: Secrets;
  /** Told once, for people, when outputs cannot be kept (any more). */
  readonly onTrouble: (text: string) => void;
  /** Default: 1 GB. */
  readonly limit?: number;
}

/** The whole outputs of jobs that print more than a log shows, a file each below `output/`. */
export class OutputFiles {
  readonly #options: OutputFilesOptions;
  /** Relative to the directory of the report, by job. */
  readonly #names = new Map<number, string>();
  #left: number;
  #over = false;

  constructor(options: OutputFilesOptions) {
    this.#options = options;
    this.#left = options.limit ?? TOTAL_LIMIT;
  }

  /** Of jobs whose file has all of their output: relative to the directory of the report, by job. */
  get names(): ReadonlyMap<number, string> {
    return this.#names;
  }

  /** @param job without secrets in its target; its file is made anew */
  open(job: Job): OutputFile | undefined {
    if (this.#over) return undefined;
    const name = `output/${outputName(job.id, decode(job.recipe.target))}`;
    const path = join(this.#options.directory, name);
    let descriptor: number | undefined;
    try {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      // Never through a link that somebody has put there.
      descriptor = openSync(path, 'wx');
    } catch (error) {
      this.#give(error);
      return undefined;
    }
    const masked = this.#options.secrets.stream();
    const open = descriptor;
    let whole = true;
    const put = (text: Bytes): void => {
      if (whole) whole = this.#put(open, text);
    };
    return {
      write: (text) => put(masked.push(text)),
      close: () => {
        put(masked.end());
        closeSync(open);
        if (!whole) return undefined;
        this.#names.set(job.id, name);
        return join(this.#options.shown, name);
      },
      discard: () => {
        closeSync(open);
        try {
          rmSync(path, { force: true });
        } catch (error) {
          this.#give(error);
        }
      },
    };
  }

  /** False: it is not, or not all of it, in the file. */
  #put(descriptor: number, text: Bytes): boolean {
    const data = bufferOf(text);
    const fits = data.length <= this.#left;
    const taken = fits ? data : data.subarray(0, this.#left);
    const limit = formatBytes(this.#options.limit ?? TOTAL_LIMIT);
    try {
      writeAll(descriptor, taken);
      this.#left -= taken.length;
      if (fits) return true;
      writeAll(descriptor, bufferOf(encode(`\n[... what follows is left out: output/ holds ${limit} ...]\n`)));
    } catch (error) {
      this.#give(error);
      return false;
    }
    this.#stop(`report: ${join(this.#options.shown, 'output')} holds ${limit}: no more of long outputs is kept there`);
    return false;
  }

  #give(error: unknown): void {
    const why = (error as Error).message;
    this.#stop(`report: long outputs cannot be kept in ${join(this.#options.shown, 'output')}: ${why}`);
  }

  #stop(text: string): void {
    if (!this.#over) this.#options.onTrouble(text);
    this.#over = true;
  }
}

/** `0042-main.o.txt`: safe on every file system, and in an archive for any of them. */
export function outputName(id: number, target: string): string {
  const front = `${String(id).padStart(4, '0')}-`;
  const clean = target.replace(/[^A-Za-z0-9._+-]+/g, '_').replace(/^\.+/, '');
  // The end of a path tells more than its beginning.
  return `${front}${clean.slice(-(NAME_LIMIT - front.length - '.txt'.length))}.txt`;
}

function writeAll(descriptor: number, data: Buffer): void {
  for (let rest = data; rest.length > 0;) rest = rest.subarray(writeSync(descriptor, rest));
}
