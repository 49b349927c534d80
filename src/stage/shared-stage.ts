import { randomBytes } from 'node:crypto';
import { closeSync, fchmodSync, openSync, rmSync, writeSync } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { Delta, Incoming, Sending, Stage, StagedTree } from '../engine/ports.ts';
import { targetPath } from '../model/job.ts';
import { fsPath, type Bytes } from '../util/bytes.ts';
import { relativeTo } from './relative-to.ts';
import { sweepTemporaries, temporaryName } from './home/temporary.ts';

/** A FIFO without a writer must not hold us up. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The workspace on a file system that the hosts share (`staging: none`): nothing is copied and nothing comes home, for
 * jobs write there themselves.
 *
 * @param root absolute path, without a slash at its end
 */
export function createSharedStage(root: Bytes): Stage {
  return {
    root,
    survey: async () => Promise.resolve({ files: 0, bytes: 0, directories: [] }),
    tree: () => TREE,
    incoming: (sending) => new SharedArrival(root, sending),
    missed: () => [],
    relative: (path) => relativeTo(root, path),
    writerStarted: () => undefined,
    writerEnded: () => undefined,
    touch: () => undefined,
  };
}

/**
 * Makes the file by which a host shows that it sees this very workspace: LaneSetup.token.
 *
 * @returns its name in the workspace, which is its content too
 */
export function makeToken(root: Bytes): Bytes {
  sweepTemporaries(root);
  const name = `${temporaryName()}-${randomBytes(16).toString('hex')}`;
  const file = openSync(fsPath(`${root}/${name}`), 'wx', 0o644);
  try {
    // Whatever the umask: another user may read it there.
    fchmodSync(file, 0o644);
    writeSync(file, name);
  } finally {
    closeSync(file);
  }
  return name;
}

/** Removes what makeToken made. */
export function removeToken(root: Bytes, token: Bytes): void {
  rmSync(fsPath(`${root}/${token}`), { force: true });
}

const TREE: StagedTree = {
  everything: async () => Promise.resolve([]),
  missing: async () =>
    Promise.resolve({
      entries: [],
      visible: undefined,
      version: 0,
      ready: Promise.resolve(),
      applied: () => undefined,
      failed: () => undefined,
    } satisfies Delta),
};

class SharedArrival implements Incoming {
  readonly #root: Bytes;
  readonly #sending: Sending;

  constructor(root: Bytes, sending: Sending) {
    this.#root = root;
    this.#sending = sending;
  }

  add(): Promise<void> {
    throw new Error('Internal error: an output of a job that wrote it in its place');
  }

  /**
   * The runner's client of a network file system may remember that a file was not there, or how it was. To open a
   * directory and a file makes it ask the server (close-to-open consistency), so that make finds what the job wrote.
   */
  async commit(): Promise<{ kind: 'home' }> {
    const { recipe, directory } = this.#sending.job;
    const target = targetPath(recipe);
    for (const path of new Set([...this.#levelsTo(directory), ...this.#levelsTo(target.replace(/\/[^/]*$/, ''))])) {
      await revalidate(async () => opendir(fsPath(path)));
    }
    await revalidate(async () => open(fsPath(target), READ));
    return { kind: 'home' };
  }

  discard(): void {
    // Nothing has been kept.
  }

  /** The directories from the workspace down to that one. */
  #levelsTo(directory: Bytes): Bytes[] {
    const levels = [this.#root];
    for (const part of (relativeTo(this.#root, directory) ?? '').split('/')) {
      if (part !== '') levels.push(`${levels.at(-1)}/${part}`);
    }
    return levels;
  }
}

/** What cannot be opened is not there, or not for us: make will say so. */
async function revalidate(opening: () => Promise<{ close(): Promise<void> }>): Promise<void> {
  await opening().then(
    async (opened) => opened.close(),
    () => undefined,
  );
}
