import type { Output } from '../../model/entry.ts';
import { bufferOf, decode, type Bytes } from '../../util/bytes.ts';
import { isOutputPath, leadsInside } from './output-path.ts';
import { Placement, type Change, type Held } from './placement.ts';
import { RefusedOutput } from './refused-output.ts';
import { Spool } from './spool.ts';
import type { Workspace } from '../look/workspace.ts';

/** Of one job. */
const MOST_OUTPUTS = 1_000_000;

/** Bytes of names and link targets of one job: they wait in memory. */
const MOST_NAMES = 256 << 20;

/**
 * Takes in what one job wrote, until it is put into the workspace, all or nothing. Hosts are not trusted: what they send
 * is checked here as far as that is possible without knowing what else happens.
 */
export class Collector {
  readonly #workspace: Workspace;
  readonly #spool: Spool;
  readonly #held: Held[] = [];
  /** What the host's tree has there is not known any more. */
  readonly unknown: Bytes[] = [];
  #placement: Placement | undefined;
  #names = 0;

  /** @param foreign bytes that must not be in any output: a path that exists on the host only */
  constructor(workspace: Workspace, foreign: Bytes | undefined, spool = new Spool(workspace.root, foreign)) {
    this.#workspace = workspace;
    this.#spool = spool;
  }

  /** What has come, in the order in which it is put in its place. */
  get outputs(): readonly Held[] {
    return (this.#placement ??= new Placement(this.#workspace, this.#spool, this.#held)).outputs;
  }

  /**
   * Content that comes in pieces is read to its end where its first piece has been asked for.
   *
   * @throws RefusedOutput with the name of what is wrong; EndlessOutput, or whatever a stream breaks off with: faults of
   *   the host
   */
  async add(output: Output): Promise<void> {
    const { path } = output;
    if (!isOutputPath(path)) {
      throw new RefusedOutput(`${JSON.stringify(decode(path))} is not a path that a job may write`);
    }
    this.#names += path.length + (output.kind === 'link' ? output.target.length : 0);
    if (this.#held.length + this.unknown.length >= MOST_OUTPUTS || this.#names > MOST_NAMES) {
      throw new RefusedOutput(`there are more than ${this.#held.length} of them, too many for one job`);
    }
    switch (output.kind) {
      case 'unknown':
        this.unknown.push(path);
        return;
      case 'special':
        throw new RefusedOutput(`${decode(path)} is not a file, a directory or a link that can be read`);
      case 'link':
        this.#spool.checkForeign(path, bufferOf(output.target));
        if (!leadsInside(path, output.target, this.#workspace.root)) {
          throw new RefusedOutput(`the link ${decode(path)} leads out of the workspace`);
        }
        this.#held.push(output);
        return;
      case 'file':
        if ((output.mode & 0o7000) !== 0) {
          throw new RefusedOutput(`${decode(path)} has the ${specialBits(output.mode)} bit set`);
        }
        this.#held.push({ ...output, content: await this.#spool.take(output) });
        return;
      default:
        this.#held.push(output);
    }
  }

  /** @throws RefusedOutput where something cannot be put in its place; nothing shows yet */
  prepare(): void {
    (this.#placement ??= new Placement(this.#workspace, this.#spool, this.#held)).prepare();
  }

  /** Puts what is prepared in its place. */
  put(): Change[] {
    if (!this.#placement) throw new Error('Internal error: not prepared');
    return this.#placement.put();
  }

  /** Leaves nothing behind of what has not been put. */
  discard(): void {
    this.#held.length = 0;
    this.#spool.discard();
  }
}

function specialBits(mode: number): string {
  const names = [...(mode & 0o4000 ? ['setuid'] : []), ...(mode & 0o2000 ? ['setgid'] : [])];
  return [...names, ...(mode & 0o1000 ? ['sticky'] : [])].join(' and the ');
}
