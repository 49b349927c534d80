import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { bufferOf, bytesOf, decode, fsPath, type Bytes } from '../util/bytes.ts';
import { describeOwner, isAlive, isHere, type LifeWorld } from './life.ts';
import { markName } from './mark-name.ts';
import type { Owner } from './mark-text.ts';

/** A run that may still be at it. */
interface OtherRun {
  readonly file: string;
  /** For people. */
  readonly owner: string;
  /** It is certain that it lives: it runs on this machine. */
  readonly lives: boolean;
}

/** The runs that use a directory: a file for each, from its start to its end. */
export class Runs {
  readonly #directory: Bytes;
  readonly #world: LifeWorld;
  readonly #own: Bytes;

  /** @throws Error when the directory cannot be written */
  constructor(directory: Bytes, world: LifeWorld) {
    this.#directory = directory;
    this.#world = world;
    mkdirSync(fsPath(directory), { recursive: true });
    const { host, machine, pid, born } = world.self;
    this.#own = `${directory}/${markName(`${host}-${pid}-${born}-${machine.slice(0, 8)}`)}`;
    writeFileSync(fsPath(this.#own), bufferOf(`${pid}\n${born}\n${host}\n${machine}\n`));
  }

  /** This one is over. */
  leave(): void {
    remove(this.#own);
  }

  /** All others but dead ones of this machine, which are forgotten. */
  others(): readonly OtherRun[] {
    return readdirSync(fsPath(this.#directory), { encoding: 'latin1' }).flatMap((name): OtherRun[] => {
      const path = `${this.#directory}/${name}`;
      if (path === this.#own) return [];
      const owner = readOwner(path);
      if (owner && isHere(owner, this.#world) && !isAlive(owner, this.#world)) {
        remove(path);
        return [];
      }
      const lives = owner !== undefined && isHere(owner, this.#world);
      return [{ file: decode(path), owner: owner ? describeOwner(owner, this.#world) : 'another run', lives }];
    });
  }
}

function readOwner(path: Bytes): Owner | undefined {
  try {
    const [pid = '', born, host, machine, end] = bytesOf(readFileSync(fsPath(path))).split('\n');
    if (!/^\d+$/.test(pid) || born === undefined || host === undefined || machine === undefined || end !== '')
      return undefined;
    return { pid: Number(pid), born, host, machine };
  } catch {
    return undefined;
  }
}

function remove(path: Bytes): void {
  try {
    unlinkSync(fsPath(path));
  } catch {
    // It is gone.
  }
}
