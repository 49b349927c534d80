import { readdirSync, readlinkSync } from 'node:fs';
import { targetPath, type Job } from '../../model/job.ts';
import { fsPath, type Bytes } from '../../util/bytes.ts';
import { kindAt } from '../home/kind-at.ts';
import { TEMPORARY_PREFIX } from '../look/workspace.ts';

/** As many as the kernel follows. */
const MOST_LINKS = 40;

/**
 * What a job may see of the workspace that is shown what its makefile declares, and nothing else (P3): its
 * prerequisites, its target, and what earlier lines of its recipe wrote.
 *
 * @param root absolute path of the workspace
 * @param written what earlier lines wrote
 * @returns as LaneRequest.visible; undefined when it is not known what is declared
 */
export function declaredView(root: Bytes, job: Job, written: Iterable<Bytes>): readonly Bytes[] | undefined {
  const { prerequisites, recipe } = job;
  if (!prerequisites) return undefined;
  const walk = new Walk(root);
  const from = (name: Bytes): Bytes => (name.startsWith('/') ? name : `${recipe.directory}/${name}`);
  for (const name of prerequisites.normal) for (const one of members(name)) walk.show(from(one), true);
  for (const name of prerequisites.orderOnly) for (const one of members(name)) walk.show(from(one), false);
  walk.show(targetPath(recipe), true);
  for (const path of written) walk.show(`${root}/${path}`, false);
  return [...walk.visible];
}

/** A member of an archive stands for the archive: `lib.a(x.o)`. */
function members(name: Bytes): Bytes[] {
  const archive = /^(.+)\(.+\)$/s.exec(name)?.[1];
  return [name, archive].filter((one) => one !== undefined && one !== '') as Bytes[];
}

/** Follows paths as the kernel does, and collects what is met on the way: links, and what they lead to in the end. */
class Walk {
  readonly visible = new Set<Bytes>();
  readonly #root: Bytes;
  /** Of each path below the workspace: what a link there says, or that it is none. */
  readonly #links = new Map<Bytes, Bytes | undefined>();

  constructor(root: Bytes) {
    this.#root = root;
  }

  /**
   * @param full absolute path
   * @param isWhole a directory stands for all that is below it, not for its existence alone
   */
  show(full: Bytes, isWhole: boolean): void {
    const end = this.#follow(full);
    if (end === undefined) return;
    const kind = kindAt(end);
    if (kind === 'file') this.visible.add(end.slice(this.#root.length + 1));
    else if (kind === 'directory' && isWhole) this.#showAllIn(end);
  }

  /** @returns where a path leads, if that is in the workspace */
  #follow(full: Bytes): Bytes | undefined {
    let left = full.split('/').reverse();
    let at = '';
    let links = 0;
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at = at.slice(0, Math.max(0, at.lastIndexOf('/')));
        continue;
      }
      const next = `${at}/${part}`;
      const target = next.startsWith(`${this.#root}/`) ? this.#linkAt(next) : undefined;
      if (target === undefined) {
        at = next;
      } else {
        if (++links > MOST_LINKS) return undefined;
        this.visible.add(next.slice(this.#root.length + 1));
        if (target.startsWith('/')) at = '';
        left = [...left, ...target.split('/').reverse()];
      }
    }
    return at === this.#root || at.startsWith(`${this.#root}/`) ? at : undefined;
  }

  #linkAt(full: Bytes): Bytes | undefined {
    if (this.#links.has(full)) return this.#links.get(full);
    const isLink = kindAt(full) === 'link';
    const target = isLink ? readlinkSync(fsPath(full), 'latin1') : undefined;
    this.#links.set(full, target);
    return target;
  }

  #showAllIn(directory: Bytes): void {
    if (directory !== this.#root) {
      this.visible.add(`${directory.slice(this.#root.length + 1)}/`);
      return;
    }
    for (const entry of readdirSync(fsPath(directory), { withFileTypes: true, encoding: 'latin1' })) {
      if (entry.name === '.git' || entry.name.startsWith(TEMPORARY_PREFIX)) continue;
      this.visible.add(entry.isDirectory() ? `${entry.name}/` : entry.name);
    }
  }
}
