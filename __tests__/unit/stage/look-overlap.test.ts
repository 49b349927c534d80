import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Exclusion } from '../../../src/stage/look/exclusion.ts';
import { digestOf } from '../../../src/stage/look/digest.ts';
import { HostTree } from '../../../src/stage/host-tree.ts';
import { ObjectFiles } from '../../../src/stage/object-files.ts';
import { WalkerThread } from '../../../src/stage/look/walker-thread.ts';
import { Walker, type LookEnd } from '../../../src/stage/look/walker.ts';
import { Workspace } from '../../../src/stage/look/workspace.ts';
import type { Bytes } from '../../../src/util/bytes.ts';
import { apply, differences, job, kindAt, look, scratch, sleep } from './tree-copy.ts';

/** What happens while a look is under way. */

const LINK = job('cc *.o -o prog', 'prog');

let root: Bytes;

beforeEach(() => {
  root = scratch();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

function fill(directory: Bytes, files: number): void {
  mkdirSync(`${root}/${directory}`, { recursive: true });
  for (let n = 0; n < files; n++) writeFileSync(`${root}/${directory}/${n}`, 'x');
}

describe('a directory that is replaced while the look is in it', () => {
  /** A whole look; `meanwhile` happens when it has made its first stop. */
  function lookThrough(walker: Walker, meanwhile?: () => void): { found: Set<Bytes>; end: LookEnd } {
    const found = new Set<Bytes>();
    const steps = walker.look(new Map());
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return { found, end: step.value };
      for (const path of step.value?.paths ?? []) found.add(path);
      meanwhile?.();
      meanwhile = undefined;
    }
  }

  test.each<[string, () => void]>([
    ['a link to another', () => symlinkSync('../other', `${root}/top/d`)],
    ['a file', () => writeFileSync(`${root}/top/d`, 'x')],
    ['nothing', () => undefined],
    ['another directory', () => fill('top/d', 3)],
  ])('by %s', (_, replace) => {
    fill('top/d', 1000);
    fill('other', 1000);
    const walker = new Walker(root, new Exclusion(['/other/', '/moved/']));
    const { found, end } = lookThrough(walker, () => {
      renameSync(`${root}/top/d`, `${root}/moved`);
      replace();
    });
    for (const path of end.gone) found.delete(path);
    const there = [...look(root).keys()].filter((path) => path.startsWith('top'));
    expect([...found].sort()).toEqual(there.sort());
    // The next look has nothing to correct.
    const after = lookThrough(walker);
    expect([[...after.found].filter((path) => !end.gone.includes(path)), after.end.gone]).toEqual([[], []]);
  });
});

describe.each([
  ['where we are', Infinity],
  ['in a thread', 0],
])('looks %s:', (_, few) => {
  const newWorkspace = (): Workspace => new Workspace(root, { onSkipped: () => undefined, few });

  test('one that is asked for while another is under way begins later', async () => {
    fill('d', 2000);
    const workspace = newWorkspace();
    const first = workspace.refresh();
    // Whether the look has been there or not: it must be found.
    for (let n = 0; n < 20; n++) {
      await turn();
      writeFileSync(`${root}/d/new-${n}`, 'x');
      writeFileSync(`${root}/a-${n}`, 'x');
      workspace.touch();
      const found = workspace.refresh();
      if (n % 3 === 0) {
        await found;
        expect([workspace.has(`d/new-${n}`), workspace.has(`a-${n}`)]).toEqual([true, true]);
      }
    }
    await first;
    await workspace.refresh();
    expect([...workspace.below('')].sort()).toEqual([...look(root).keys()].sort());
  });

  test('what we note meanwhile is not undone by what the look saw before', async () => {
    fill('d', 2000);
    fill('gone', 10);
    const workspace = newWorkspace();
    await workspace.refresh();
    for (let round = 0; round < 20; round++) {
      for (const path of ['gone', 'theirs']) rmSync(`${root}/${path}`, { recursive: true, force: true });
      writeFileSync(`${root}/d/7`, 'local');
      fill('short', 5);
      workspace.touch();
      const found = workspace.refresh();
      // At one moment of the look or another.
      await (round === 0 ? turn() : sleep(round / 2));
      mkdirSync(`${root}/gone`);
      workspace.note('gone');
      writeFileSync(`${root}/gone/1`, 'ours');
      workspace.note('gone/1', digestOf(Buffer.from('ours')));
      // A recipe on the runner made the directory, we the file.
      mkdirSync(`${root}/theirs`, { recursive: true });
      writeFileSync(`${root}/theirs/1`, 'ours');
      workspace.note('theirs/1', digestOf(Buffer.from('ours')));
      rmSync(`${root}/d/9`, { force: true });
      workspace.note('d/9');
      rmSync(`${root}/short`, { recursive: true });
      workspace.note('short');
      await found;
      expect([workspace.has('short'), workspace.has('short/1')]).toEqual([false, false]);
      expect([workspace.has('gone'), workspace.has('gone/1'), workspace.has('d/9')]).toEqual([true, true, false]);
      expect([workspace.isAsSeen('gone/1'), workspace.has('theirs/1')]).toEqual([true, true]);
      workspace.touch();
      await workspace.refresh();
      expect(['theirs', 'theirs/1'].map((path) => workspace.has(path))).toEqual([true, true]);
    }
    workspace.touch();
    await workspace.refresh();
    expect([...workspace.below('')].sort()).toEqual([...look(root).keys()].sort());
  });

  test('a directory that comes and goes beside what we note is not kept, nor is its mode', async () => {
    fill('d', 2000);
    mkdirSync(`${root}/d/e`);
    const workspace = newWorkspace();
    await workspace.refresh();
    for (let round = 0; round < 20; round++) {
      chmodSync(`${root}/d`, 0o750);
      rmSync(`${root}/d/e`, { recursive: true, force: true });
      workspace.touch();
      const found = workspace.refresh();
      await (round === 0 ? turn() : sleep(round / 2));
      writeFileSync(`${root}/d/7`, String(round));
      workspace.note('d/7');
      workspace.note('d');
      // On the runner, for a moment.
      chmodSync(`${root}/d`, 0o700);
      mkdirSync(`${root}/d/e`, { recursive: true });
      await found;
      rmSync(`${root}/d/e`, { recursive: true });
      chmodSync(`${root}/d`, 0o755);
      workspace.touch();
      await workspace.refresh();
      expect([workspace.has('d/e'), workspace.isAsSeen('d')]).toEqual([false, true]);
      mkdirSync(`${root}/d/e`);
      workspace.touch();
      await workspace.refresh();
    }
  });

  // ---- whatever overlaps: what was there before a refresh was asked for is in the journal after it ----------------

  interface Step {
    readonly do: 'write' | 'edit' | 'remove' | 'replace' | 'mkdir' | 'link';
    readonly path: Bytes;
    /** Written by us, and noted; else by a recipe on the runner. */
    readonly ours: boolean;
    /** Turns of the event loop before it. */
    readonly turns: number;
    /** Whether a job is dispatched behind it. */
    readonly dispatch: boolean;
  }

  const name = fc.constantFrom('a', 'b', 'c');
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom('write', 'write', 'edit', 'edit', 'remove', 'replace', 'mkdir', 'link'),
    path: fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
    ours: fc.boolean(),
    turns: fc.nat(4),
    dispatch: fc.nat(2).map((one) => one === 0),
  });

  /** @returns what has changed, in an order in which it can be noted */
  function perform(one: Step, text: string): Bytes[] {
    const changed: Bytes[] = [];
    const full = `${root}/${one.path}`;
    const parts = one.path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/');
      if (kindAt(`${root}/${parent}`) === 'directory') continue;
      rmSync(`${root}/${parent}`, { force: true });
      mkdirSync(`${root}/${parent}`);
      changed.push(parent);
    }
    const kind = kindAt(full);
    changed.push(one.path);
    if (one.do === 'edit' && kind === 'file') {
      const file = openSync(full, 'r+');
      writeSync(file, text.repeat(statSync(full).size).slice(0, Math.max(statSync(full).size, 1)), 0);
      closeSync(file);
    } else if (one.do === 'replace' && kind === 'file') {
      writeFileSync(`${root}/.distmake-tmp-x`, text);
      renameSync(`${root}/.distmake-tmp-x`, full);
    } else if (one.do === 'mkdir') {
      if (kind !== 'directory') {
        rmSync(full, { force: true });
        mkdirSync(full);
      }
    } else {
      rmSync(full, { recursive: true, force: true });
      if (one.do === 'write') writeFileSync(full, text);
      if (one.do === 'link') symlinkSync(text, full);
    }
    return changed;
  }

  test('a tree that is brought up to date after each of many changes is as the workspace', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const copy = scratch();
        try {
          // So that looks last, and stop on their way.
          fill('bulk', 300);
          const workspace = newWorkspace();
          const tree = new HostTree(workspace, new ObjectFiles());
          await workspace.refresh();
          await apply(
            copy,
            tree.everything(() => undefined),
          );
          let busy: Promise<void> = Promise.resolve();
          for (const [index, one] of steps.entries()) {
            for (let n = 0; n < one.turns; n++) await turn();
            const changed = perform(one, String(index % 10));
            if (one.ours) for (const path of changed) workspace.note(path);
            else workspace.touch();
            const found = workspace.refresh();
            busy = busy.then(() => found);
            if (!one.dispatch) continue;
            await found;
            await apply(copy, tree.missing(LINK));
            expect(differences(look(root), look(copy))).toEqual([]);
          }
          await busy;
          workspace.touch();
          await workspace.refresh();
          await apply(copy, tree.missing(LINK));
          expect(differences(look(root), look(copy))).toEqual([]);
          expect([...workspace.below('')].sort()).toEqual([...look(root).keys()].sort());
        } finally {
          rmSync(copy, { recursive: true, force: true });
          rmSync(root, { recursive: true, force: true });
          mkdirSync(root);
        }
      }),
      { numRuns: process.env['DISTMAKE_FULL'] ? 60 : 3 },
    );
  }, 600_000);
});

test('when its thread is lost in the middle of a look, the workspace is looked at all the same', async () => {
  fill('d', 3000);
  const workspace = new Workspace(root, { onSkipped: () => undefined, few: 0 });
  await workspace.refresh();
  rmSync(`${root}/d/17`);
  writeFileSync(`${root}/d/new`, 'x');
  workspace.touch();
  const found = workspace.refresh();
  await turn();
  // An order that nobody gives: the program of the thread ends over it.
  const broken = WalkerThread.shared().look({ walker: -1, root, exclude: 7 as never, suspects: new Map() });
  await expect(broken.next()).rejects.toThrow();
  await found;
  for (let n = 0; n < 2; n++) {
    expect([...workspace.below('')].sort()).toEqual([...look(root).keys()].sort());
    writeFileSync(`${root}/d/later`, 'x');
    rmSync(`${root}/d/new`, { force: true });
    workspace.touch();
    await workspace.refresh();
  }
});

test('what went while the thread took over is not kept', async () => {
  fill('d', 6000);
  const workspace = new Workspace(root, { onSkipped: () => undefined, few: 4000 });
  const found = workspace.refresh();
  while (workspace.version === 0) await turn();
  const early = workspace.changesSince(0).filter((path) => workspace.hasFile(path));
  for (const path of early) rmSync(`${root}/${path}`);
  await found;
  workspace.touch();
  await workspace.refresh();
  expect(early.length).toBeGreaterThan(100);
  expect([...workspace.below('')].sort()).toEqual([...look(root).keys()].sort());
});

test('what may have changed in the same tick is listed again, also where we write in its neighbourhood meanwhile', async () => {
  const workspace = new Workspace(root, { onSkipped: () => undefined, few: 0 });
  mkdirSync(`${root}/d`);
  await workspace.refresh();
  let listed = 0;
  // Not at all, where the machine was so slow that the change is old by now.
  for (let n = 0; n < 50 && listed === 0; n++) {
    writeFileSync(`${root}/d/f`, String(n));
    workspace.touch();
    await workspace.refresh();
    const { version } = workspace;
    const changed = workspace.changedAt('d/f');
    workspace.touch();
    const found = workspace.refresh();
    await turn();
    const early = workspace.version === version;
    if (early) workspace.note('d');
    await found;
    if (!early) continue;
    if (workspace.changesSince(version).includes('d/f')) listed++;
    expect(workspace.changedAt('d/f')).toBe(changed);
  }
  expect(listed).toBe(1);
});

test('a small workspace that becomes large goes over to the thread', async () => {
  const workspace = new Workspace(root, { onSkipped: () => undefined, few: 500 });
  fill('small', 100);
  await workspace.refresh();
  rmSync(`${root}/small/1`);
  fill('large', 2000);
  workspace.touch();
  await workspace.refresh();
  expect([...workspace.below('')].sort()).toEqual([...look(root).keys()].sort());
});
