import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { Delta, Homecoming, Stage, StagedTree } from '../../../src/engine/ports.ts';
import type { Output } from '../../../src/model/entry.ts';
import type { Job } from '../../../src/model/job.ts';
import { createStage } from '../../../src/stage/stage.ts';
import { bufferOf, fsPath, type Bytes } from '../../../src/util/bytes.ts';
import {
  apply,
  applyOutputs,
  differences,
  job,
  kindAt,
  look,
  scratch,
  sending,
  sleep,
  type Seen,
} from './tree-copy.ts';

let root: Bytes;
let stage: Stage;

beforeEach(() => {
  root = scratch();
  stage = createStage(root, () => undefined);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const LINK = job('cc *.o -o prog', 'prog');

test.each([
  ['/w', ''],
  ['/w/', ''],
  ['/w/.', ''],
  ['/w/a/b', 'a/b'],
  ['/w//a/./b/', 'a/b'],
  ['/w/a/../b', 'b'],
  ['/x/../w/a', 'a'],
  ['/', undefined],
  ['/wx', undefined],
  ['/w/../x', undefined],
  ['/w/..', undefined],
  ['/x/w', undefined],
  ['', undefined],
])('relative: %j is %j', (path, expected) => {
  expect(createStage('/w', () => undefined).relative(path)).toBe(expected);
});

describe('deltas', () => {
  const words = ({ entries }: Delta): string[] => entries.map(({ kind, path }) => `${kind} ${path}`);
  const state = async (promise: Promise<void>): Promise<string> =>
    Promise.race([
      promise.then(
        () => 'ready',
        (error: Error) => error.message,
      ),
      sleep(5).then(() => 'waiting'),
    ]);
  let tree: StagedTree;

  async function change(path: Bytes): Promise<Delta> {
    writeFileSync(`${root}/${path}`, 'x');
    stage.touch();
    return tree.missing(LINK);
  }

  beforeEach(async () => {
    tree = stage.tree();
    for await (const _ of await tree.everything(() => undefined)) void _;
  });

  test('the sizes of files are reported as they are sent', async () => {
    writeFileSync(`${root}/a`, 'xxx');
    mkdirSync(`${root}/d`);
    stage.touch();
    const sizes: number[] = [];
    const entries = await stage.tree().everything((size) => sizes.push(size));
    expect(sizes).toEqual([]);
    const paths: Bytes[] = [];
    for await (const { path } of entries) paths.push(path);
    expect(paths).toEqual(['a', 'd']);
    expect(sizes).toEqual([3]);
  });

  test('each is ready when all before it have arrived', async () => {
    const first = await change('a');
    const second = await change('b');
    const third = await tree.missing(LINK);
    expect(await state(first.ready)).toBe('ready');
    expect([await state(second.ready), await state(third.ready)]).toEqual(['waiting', 'waiting']);
    second.applied();
    expect(await state(third.ready)).toBe('waiting');
    first.applied();
    expect([await state(second.ready), await state(third.ready)]).toEqual(['ready', 'ready']);
    expect(words(second)).toContain('file b');
  });

  test('one that failed fails all behind it, and nobody else', async () => {
    const first = await change('a');
    const second = await change('b');
    first.failed();
    expect(await state(second.ready)).toBe('bringing its tree up to date failed');
    const third = await change('c');
    second.applied();
    expect(await state(third.ready)).toBe('bringing its tree up to date failed');
    const other = stage.tree();
    for await (const _ of await other.everything(() => undefined)) void _;
    expect(await state((await other.missing(LINK)).ready)).toBe('ready');
  });

  test('failed after applied says nothing', async () => {
    const first = await change('a');
    first.applied();
    first.failed();
    expect(await state((await change('b')).ready)).toBe('ready');
  });
});

describe('outputs', () => {
  let tree: StagedTree;

  const file = (path: Bytes, text: string): Output => ({
    kind: 'file',
    path,
    mode: 0o644,
    time: 0n,
    size: text.length,
    content: Buffer.from(text),
    timeIsSet: false,
  });

  async function sent(): Promise<string[]> {
    return (await tree.missing(LINK)).entries.map(({ kind, path }) => `${kind} ${path}`);
  }

  beforeEach(async () => {
    writeFileSync(`${root}/old`, 'x');
    mkdirSync(`${root}/d`);
    writeFileSync(`${root}/d/f`, 'x');
    await sleep(30);
    tree = stage.tree();
    for await (const _ of await tree.everything(() => undefined)) void _;
  });

  test('wanted: home, and the tree needs their times only', async () => {
    const incoming = stage.incoming(sending());
    await incoming.add(file('new', 'x'));
    expect(await incoming.commit(tree, true)).toEqual({ kind: 'home' });
    incoming.discard();
    expect(kindAt(`${root}/new`)).toBe('file');
    expect(await sent()).toEqual(['time new']);
  });

  test('large ones too, when the workspace is looked at later', async () => {
    async function* content(): AsyncGenerator<Buffer> {
      for (let n = 0; n < 3; n++) yield Buffer.alloc(200_000, 'x');
    }
    const incoming = stage.incoming(sending());
    const large = file('large', '') as Extract<Output, { kind: 'file' }>;
    await incoming.add({ ...large, size: 600_000, content: content() });
    expect(await incoming.commit(tree, true)).toEqual({ kind: 'home' });
    incoming.discard();
    const other = stage.tree();
    for await (const _ of await other.everything(() => undefined)) void _;
    await sleep(30);
    stage.touch();
    expect(await sent()).toEqual(['time large']);
    expect((await other.missing(LINK)).entries).toEqual([]);
    // Changed, however soon after that: sent.
    const handle = openSync(`${root}/large`, 'r+');
    writeSync(handle, 'y');
    closeSync(handle);
    stage.touch();
    expect(await sent()).toEqual(['file large']);
  });

  test('home, while the tree was given something else for another job: which is there is not known', async () => {
    const [mine, another] = [job('one', 'x'), job('two', 'y')];
    const { version } = await tree.missing(mine);
    // Another job has written these, in vain: they are mended for the next.
    const vain = stage.incoming(sending());
    for (const path of ['old', 'd/f']) await vain.add(file(path, 'z'));
    await vain.add({ kind: 'removed', path: 'gone' });
    expect(await vain.commit(tree, false)).toEqual({ kind: 'home' });
    const mended = (await tree.missing(another)).entries.map(({ kind, path }) => `${kind} ${path}`);
    expect(mended).toEqual(['removed gone', 'file d/f', 'file old']);
    const incoming = stage.incoming({ ...sending(), job: mine, version });
    await incoming.add({ kind: 'directory', path: 'gone', mode: 0o755 });
    for (const path of ['gone/x', 'mine', 'old']) await incoming.add(file(path, 'mine'));
    expect(await incoming.commit(tree, true)).toEqual({ kind: 'home' });
    incoming.discard();
    expect(await sent()).toEqual(['directory gone', 'file gone/x', 'file old', 'time mine']);
    expect(await sent()).toEqual([]);
  });

  test('not wanted: nothing is home, and what the tree has of them is made undone', async () => {
    const incoming = stage.incoming(sending());
    await incoming.add(file('new', 'x'));
    await incoming.add(file('old', 'y'));
    await incoming.add({ kind: 'removed', path: 'd' });
    expect(await incoming.commit(tree, false)).toEqual({ kind: 'home' });
    incoming.discard();
    expect([...look(root).keys()].sort()).toEqual(['d', 'd/f', 'old']);
    expect(await sent()).toEqual(['removed new', 'directory d', 'file d/f', 'file old']);
    expect(await sent()).toEqual([]);
  });

  test('refused: why, nothing is home, and what the tree has of all of them is made undone', async () => {
    const incoming = stage.incoming(sending());
    await incoming.add(file('new', 'x'));
    await incoming.add({ kind: 'special', path: 'fifo' });
    await incoming.add({ kind: 'removed', path: 'd' });
    expect(await incoming.commit(tree, true)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('fifo is not a file'),
    });
    incoming.discard();
    expect([...look(root).keys()].sort()).toEqual(['d', 'd/f', 'old']);
    expect(await sent()).toEqual(['removed fifo', 'removed new', 'directory d', 'file d/f']);
  });

  test('refused at the end, too', async () => {
    symlinkSync('/', `${root}/l`);
    stage.touch();
    await sent();
    const incoming = stage.incoming(sending());
    await incoming.add(file('a', 'x'));
    await incoming.add(file('l/x', 'x'));
    expect(await incoming.commit(tree, true)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('a link here'),
    });
    expect([...look(root).keys()].sort()).toEqual(['d', 'd/f', 'l', 'old']);
    expect(await sent()).toContain('removed a');
  });

  test('a path that leads out is refused, and nothing is sent or removed for it', async () => {
    for (const path of ['../x', '/etc/passwd', '.git/config']) {
      const incoming = stage.incoming(sending());
      await incoming.add(file(path, 'x'));
      expect(await incoming.commit(tree, true)).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('is not a path that a job may write'),
      });
      expect(await sent()).toEqual([]);
    }
  });

  test('what the host does not know any more is sent again, also after a failure', async () => {
    const incoming = stage.incoming(sending());
    await incoming.add({ kind: 'unknown', path: 'old' });
    expect(await incoming.commit(tree, false)).toEqual({ kind: 'home' });
    expect(await sent()).toEqual(['file old']);
  });

  test('what is refused is read to its end all the same', async () => {
    let read = 0;
    async function* content(): AsyncGenerator<Buffer> {
      for (; read < 5; read++) yield Buffer.from('/tmp/foreign');
    }
    const large: Output = { ...(file('large', '') as Extract<Output, { kind: 'file' }>), size: 60, content: content() };
    for (const before of [[], [file('../x', 'x')]]) {
      read = 0;
      const incoming = stage.incoming(sending('/tmp/foreign'));
      for (const output of before) await incoming.add(output);
      await incoming.add({ ...large, content: content() });
      expect(read).toBe(5);
      expect(await incoming.commit(tree, true)).toMatchObject({ kind: 'refused' });
      incoming.discard();
    }
    expect([...look(root).keys()].sort()).toEqual(['d', 'd/f', 'old']);
  });

  test("a stream that broke off is the host's fault, not the output's", async () => {
    class EndOfStream extends Error {
      override readonly name = 'EndOfStream';
    }
    async function* content(): AsyncGenerator<Buffer> {
      yield Buffer.from('x');
      throw new EndOfStream('the connection was closed');
    }
    const incoming = stage.incoming(sending());
    const large = { ...(file('large', '') as Extract<Output, { kind: 'file' }>), size: 2, content: content() };
    await expect(incoming.add(large)).rejects.toThrow('the connection was closed');
    incoming.discard();
    expect([...look(root).keys()].sort()).toEqual(['d', 'd/f', 'old']);
  });
});

test.each<[string, Output[]]>([
  ['at once', []],
  ['behind something else that is refused', [{ kind: 'special', path: 'fifo' }]],
])('a file without an end is not waited for, and gives the host up: %s', async (_, before) => {
  async function* content(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(65536);
  }
  const incoming = stage.incoming(sending());
  for (const output of before) await incoming.add(output);
  const endless = { path: 'd/huge', mode: 0o644, time: 0n, size: 2 ** 50, content: content(), timeIsSet: false };
  await expect(incoming.add({ kind: 'file', ...endless })).rejects.toThrow(
    `d/huge is announced to have ${2 ** 50} bytes`,
  );
  incoming.discard();
  expect([...look(root).keys()]).toEqual([]);
});

test("an output that names the host's own directory is said to be that", async () => {
  const tree = stage.tree();
  const incoming = stage.incoming(sending('/tmp/make-x'));
  const data = Buffer.from('at /tmp/make-x/tree');
  const file = { path: 'f', mode: 0o644, time: 0n, size: data.length, content: data, timeIsSet: false };
  await incoming.add({ kind: 'file', ...file });
  const reason = 'f names a directory of that host';
  expect(await incoming.commit(tree, true)).toEqual({ kind: 'refused', reason, foreign: true });
});

// ---- whatever happens, a copy that has applied what it lacked is as the workspace ----------------------------------

interface Change {
  readonly do: 'create' | 'edit' | 'replace' | 'rename' | 'delete' | 'chmod' | 'link' | 'mkdir';
  readonly path: Bytes;
  readonly other: Bytes;
  readonly text: string;
  readonly mode: number;
}

const name = fc.constantFrom('a', 'b', 'x.o', 'y.o', '\xe9\xff');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const change: fc.Arbitrary<Change> = fc.record({
  do: fc.constantFrom('create', 'create', 'edit', 'edit', 'replace', 'rename', 'delete', 'chmod', 'link', 'mkdir'),
  path,
  other: path,
  text: fc.string({ minLength: 1, maxLength: 3 }),
  mode: fc.constantFrom(0o644, 0o755, 0o600, 0o444),
});

/** A clear place for something new. */
function makeRoom(full: Bytes): void {
  const parts = full.split('/');
  for (let at = parts.length - 1; at > 1; at--) {
    const parent = parts.slice(0, -at + 1).join('/');
    if (parent !== '' && kindAt(parent) !== 'directory') {
      rmSync(fsPath(parent), { force: true });
      mkdirSync(fsPath(parent));
    }
  }
  rmSync(fsPath(full), { recursive: true, force: true });
}

/** A link that stays inside whatever the names are. */
const targetOf = ({ path: from, other }: Change): Bytes => '../'.repeat(from.split('/').length - 1) + other;

function perform(at: Bytes, one: Change): void {
  const full = `${at}/${one.path}`;
  const kind = kindAt(full);
  switch (one.do) {
    case 'create':
      makeRoom(full);
      writeFileSync(fsPath(full), one.text, { mode: one.mode });
      break;
    case 'edit':
      if (kind === 'file') {
        // Of the same size, in the same file.
        const size = statSync(fsPath(full)).size;
        const handle = openSync(fsPath(full), 'r+');
        writeSync(handle, one.text.repeat(size).slice(0, size));
        closeSync(handle);
      }
      break;
    case 'replace':
      if (kind === 'file') {
        writeFileSync(`${at}/.replacing`, one.text);
        renameSync(`${at}/.replacing`, fsPath(full));
      }
      break;
    case 'rename':
      if (
        kind !== undefined &&
        !`${one.other}/`.startsWith(`${one.path}/`) &&
        !`${one.path}/`.startsWith(`${one.other}/`)
      ) {
        makeRoom(`${at}/${one.other}`);
        // Making room may have removed it.
        if (kindAt(full) !== undefined) renameSync(fsPath(full), fsPath(`${at}/${one.other}`));
      }
      break;
    case 'delete':
      if (kindAt(full) !== undefined) rmSync(fsPath(full), { recursive: true });
      break;
    case 'chmod':
      if (kind === 'file' || kind === 'directory')
        chmodSync(fsPath(full), one.mode | (kind === 'directory' ? 0o700 : 0));
      break;
    case 'link':
      makeRoom(full);
      symlinkSync(bufferOf(targetOf(one)), fsPath(full));
      break;
    case 'mkdir':
      if (kind !== 'directory') {
        makeRoom(full);
        mkdirSync(fsPath(full));
      }
      break;
  }
}

/** What a lane reports after a job: every path that differs, what is gone or has become another kind first. */
function outputsOf(before: ReadonlyMap<Bytes, Seen>, after: ReadonlyMap<Bytes, Seen>, large: boolean): Output[] {
  const outputs: Output[] = [];
  for (const [path, was] of [...before].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const is = after.get(path);
    if (!is || (is.kind === 'directory') !== (was.kind === 'directory')) outputs.push({ kind: 'removed', path });
  }
  for (const [path, is] of [...after].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const was = before.get(path);
    if (was && was.kind === is.kind && was.mode === is.mode && was.text === is.text && was.time === is.time) continue;
    if (is.kind === 'directory') outputs.push({ kind: 'directory', path, mode: is.mode });
    else if (is.kind === 'link') outputs.push({ kind: 'link', path, time: is.time, target: is.text });
    else {
      const bytes = bufferOf(is.text);
      async function* content(): AsyncGenerator<Buffer> {
        for (const byte of bytes) yield Buffer.from([byte]);
      }
      outputs.push({
        kind: 'file',
        path,
        mode: is.mode,
        time: is.time * 1000n,
        size: bytes.length,
        content: large ? content() : bytes,
        timeIsSet: false,
      });
    }
  }
  return outputs;
}

type Step =
  | { readonly kind: 'local'; readonly changes: readonly Change[] }
  | {
      readonly kind: 'job';
      readonly host: number;
      readonly changes: readonly Change[];
      /** What happens on the runner while the job runs. */
      readonly meanwhile: readonly Change[];
      readonly fate: 'home' | 'unwanted' | 'refused' | 'unknown';
      readonly large: boolean;
    }
  | { readonly kind: 'compile'; readonly host: number; readonly name: string };

const few = fc.array(change, { minLength: 1, maxLength: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('local' as const), changes: few }),
  fc.record({
    kind: fc.constant('job' as const),
    host: fc.nat(1),
    changes: few,
    meanwhile: fc.oneof(fc.constant([]), fc.constant([]), few),
    fate: fc.constantFrom(
      'home' as const,
      'home' as const,
      'home' as const,
      'unwanted' as const,
      'refused' as const,
      'unknown' as const,
    ),
    large: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('compile' as const), host: fc.nat(1), name: fc.constantFrom('x', 'y', 'z') }),
);

class Copy {
  readonly root = scratch();
  readonly tree: StagedTree;

  constructor(tree: StagedTree) {
    this.tree = tree;
  }

  async start(): Promise<void> {
    await apply(this.root, await this.tree.everything(() => undefined));
  }

  async bringUp(for_: Job): Promise<void> {
    const delta = await this.tree.missing(for_);
    await delta.ready;
    await apply(this.root, delta.entries);
    delta.applied();
  }
}

/** A directory that was renamed may have had a link in it that led inside from where it stood, and no longer does. */
function leadsOut(homecoming: Homecoming): boolean {
  return homecoming.kind === 'refused' && homecoming.reason.endsWith('leads out of the workspace');
}

async function runJob(copy: Copy, one: Extract<Step, { kind: 'job' }>): Promise<void> {
  const before = look(copy.root);
  for (const each of one.changes) perform(copy.root, each);
  const outputs = outputsOf(before, look(copy.root), one.large);
  stage.writerStarted(LINK);
  for (const each of one.meanwhile) perform(root, each);
  const incoming = stage.incoming(sending());
  if (one.fate === 'unknown') {
    for (const { path } of outputs) await incoming.add({ kind: 'unknown', path });
  } else {
    for (const output of outputs) await incoming.add(output);
    if (one.fate === 'refused') await incoming.add({ kind: 'special', path: 'fifo' });
  }
  const home = look(root);
  const homecoming = await incoming.commit(copy.tree, one.fate === 'home');
  const { kind } = homecoming;
  incoming.discard();
  stage.writerEnded(LINK);
  if (one.fate === 'home' && one.meanwhile.length === 0 && !leadsOut(homecoming)) {
    expect(homecoming).toEqual({ kind: 'home' });
    // Times are the runner's.
    expect(differences(look(root), look(copy.root)).filter((said) => !said.includes(': time '))).toEqual([]);
  } else if (one.fate !== 'home' || kind !== 'home') {
    expect(look(root)).toEqual(home);
  }
}

const isObject = (one: Bytes): boolean => one.endsWith('.o');

async function runCompile(copy: Copy, of: string): Promise<void> {
  await copy.bringUp(job(`cc -c ${of}.c -o ${of}.o`, `${of}.o`));
  const [home, there] = [look(root), look(copy.root)];
  const isLate = (one: Bytes): boolean =>
    isObject(one) && !one.endsWith(`${of}.o`) && there.get(one) === undefined && home.get(one)?.kind !== 'directory';
  // What is there is right; only objects that it does not name may be missing.
  expect(differences(new Map([...home].filter(([one]) => !isLate(one))), there)).toEqual([]);
}

test('after whatever changes here and on hosts, each copy that has applied what it lacked is as the workspace', async () => {
  await fc.assert(
    fc.asyncProperty(few, fc.array(step, { minLength: 1, maxLength: 12 }), async (initial, steps) => {
      for (const each of initial) perform(root, each);
      const copies = [new Copy(stage.tree()), new Copy(stage.tree())];
      try {
        for (const copy of copies) await copy.start();
        for (const each of steps) {
          const copy = copies[each.kind === 'local' ? 0 : each.host] as Copy;
          if (each.kind === 'local') {
            for (const one of each.changes) perform(root, one);
            stage.touch();
          } else if (each.kind === 'compile') {
            await runCompile(copy, each.name);
          } else {
            await copy.bringUp(LINK);
            expect(differences(look(root), look(copy.root))).toEqual([]);
            await runJob(copy, each);
          }
        }
        // One that comes late is told everything in an order that works.
        const late = new Copy(stage.tree());
        copies.push(late);
        await late.start();
        for (const copy of copies) {
          await copy.bringUp(LINK);
          expect(differences(look(root), look(copy.root))).toEqual([]);
        }
      } finally {
        for (const copy of copies) rmSync(copy.root, { recursive: true, force: true });
        rmSync(root, { recursive: true, force: true });
        mkdirSync(root);
        stage = createStage(root, () => undefined);
      }
    }),
    { numRuns: 120 },
  );
}, 60_000);

// ---- several jobs at the same time, on several trees, whose outputs overlap ----------------------------------------

type Turn =
  | { readonly kind: 'local'; readonly changes: readonly Change[]; readonly isNoticed: boolean }
  | { readonly kind: 'begin'; readonly host: number; readonly changes: readonly Change[]; readonly large: boolean }
  | { readonly kind: 'end'; readonly which: number };

const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({ kind: fc.constant('local' as const), changes: few, isNoticed: fc.boolean() }),
  ...[1, 2, 3].map(() =>
    fc.record({ kind: fc.constant('begin' as const), host: fc.nat(1), changes: few, large: fc.boolean() }),
  ),
  ...[1, 2, 3].map(() => fc.record({ kind: fc.constant('end' as const), which: fc.nat(9) })),
);

/** A job that runs on a copy, in a layer of its own. */
interface Flight {
  readonly copy: Copy;
  readonly job: Job;
  readonly delta: Delta;
  readonly outputs: readonly Output[];
  /** The same, as the host has it. */
  readonly upper: readonly Output[];
  /** The turn in which it began. */
  readonly began: number;
}

/** When each path was last written, by turns. */
class Writes {
  readonly #at = new Map<Bytes, number>();

  add(paths: Iterable<Bytes>, at: number): void {
    for (const path of paths) this.#at.set(path, at);
  }

  isSince(path: Bytes, turn: number): boolean {
    return (this.#at.get(path) ?? -1) > turn;
  }

  /** Whether anything on the way to a path or below it was written. */
  isNearSince(path: Bytes, turn: number): boolean {
    const near = ([one]: [Bytes, number]): boolean => `${path}/`.startsWith(`${one}/`) || one.startsWith(`${path}/`);
    return [...this.#at].some((one) => one[1] > turn && near(one));
  }
}

/** Paths that outputs write, with all that goes with a directory. */
function written(outputs: readonly Output[], before: ReadonlyMap<Bytes, Seen>): Bytes[] {
  return outputs.flatMap(({ kind, path }) =>
    kind === 'directory' ? [] : [path, ...(kind === 'removed' ? below(path, before) : [])],
  );
}

const below = (path: Bytes, tree: ReadonlyMap<Bytes, Seen>): Bytes[] =>
  [...tree.keys()].filter((one) => one.startsWith(`${path}/`));

async function begin(copy: Copy, turn: Extract<Turn, { kind: 'begin' }>, number: number): Promise<Flight> {
  const one = { ...LINK, id: number, recipe: { ...LINK.recipe, id: number } };
  const delta = await copy.tree.missing(one);
  await delta.ready;
  await apply(copy.root, delta.entries);
  delta.applied();
  const layer = `${scratch()}/layer`;
  execFileSync('cp', ['-a', copy.root, layer]);
  const before = look(layer);
  for (const each of turn.changes) perform(layer, each);
  const after = look(layer);
  rmSync(layer.slice(0, -'/layer'.length), { recursive: true });
  const [outputs, upper] = [outputsOf(before, after, turn.large), outputsOf(before, after, false)];
  return { copy, job: one, delta, outputs, upper, began: number };
}

test('of jobs that run at the same time those that wrote the same are in conflict, and the others all come home', async () => {
  let [homes, conflicts] = [0, 0];
  await fc.assert(
    fc.asyncProperty(few, fc.array(turn, { minLength: 4, maxLength: 14 }), async (initial, turns) => {
      for (const each of initial) perform(root, each);
      const copies = [new Copy(stage.tree()), new Copy(stage.tree())];
      /** Conflicts in a tree, which may spoil what others saw there. */
      const spoilt = new Map<Copy, number>();
      const flights: Flight[] = [];
      const sure = new Writes();
      const perhaps = new Writes();
      const end = async (flight: Flight, now: number): Promise<void> => {
        const { copy, outputs, began } = flight;
        const { version, visible } = flight.delta;
        const incoming = stage.incoming({ job: flight.job, version, visible, foreign: undefined });
        // The host has it in its tree before anything is home.
        await applyOutputs(copy.root, flight.upper);
        for (const output of outputs) await incoming.add(output);
        const before = look(root);
        const homecoming = await incoming.commit(copy.tree, true);
        incoming.discard();
        const after = look(root);
        const lost = outputs.filter(({ kind, path, ...rest }) => {
          if (kind === 'directory') return false;
          const there = before.get(path);
          if (kind === 'removed') {
            return there && [path, ...below(path, before)].some((one) => before.has(one) && sure.isSince(one, began));
          }
          if (kind === 'link' && there?.kind === 'link' && 'target' in rest && rest.target === there.text) return false;
          return sure.isSince(path, began);
        });
        if (homecoming.kind === 'home') {
          homes++;
          expect(lost).toEqual([]);
          // As if it had run alone, now.
          for (const output of outputs) {
            const found = after.get(output.path);
            if (output.kind === 'removed') continue;
            expect([output.path, found?.kind]).toEqual([output.path, output.kind]);
          }
          const touched = new Set(outputs.map(({ path }) => path));
          const isTouched = (one: Bytes): boolean =>
            touched.has(one) || outputs.some(({ kind, path }) => kind === 'removed' && one.startsWith(`${path}/`));
          for (const one of new Set([...before.keys(), ...after.keys()])) {
            if (!isTouched(one)) expect([one, after.get(one)]).toEqual([one, before.get(one)]);
          }
          sure.add(written(outputs, before), now);
          perhaps.add([...written(outputs, before), ...outputs.map(({ path }) => path)], now);
        } else {
          expect(after).toEqual(before);
          if (leadsOut(homecoming)) return;
          expect(homecoming).toMatchObject({ kind: 'conflict' });
          conflicts++;
          const path = homecoming.kind === 'conflict' ? homecoming.path : '';
          const isExcused = (spoilt.get(copy) ?? -1) > began;
          if (!isExcused) expect([path, perhaps.isNearSince(path, began)]).toEqual([path, true]);
          spoilt.set(copy, now);
        }
      };
      try {
        for (const copy of copies) await copy.start();
        for (const [now, each] of turns.entries()) {
          if (each.kind === 'local') {
            const before = look(root);
            for (const one of each.changes) perform(root, one);
            const changed = outputsOf(before, look(root), false);
            sure.add(written(changed, before), now);
            perhaps.add(
              [...changed.map(({ path }) => path), ...each.changes.flatMap((one) => [one.path, one.other])],
              now,
            );
            if (each.isNoticed) stage.touch();
          } else if (each.kind === 'begin') {
            // Whatever ran on the runner has ended by now.
            stage.touch();
            const copy = copies[each.host] as Copy;
            flights.push(await begin(copy, each, now));
            expect(differences(look(root), look(copy.root))).toEqual([]);
          } else {
            const [flight] = flights.splice(each.which % Math.max(1, flights.length), 1);
            if (flight) await end(flight, now);
          }
        }
        for (const [index, flight] of flights.entries()) await end(flight, turns.length + index);
        stage.touch();
        for (const copy of copies) {
          await copy.bringUp(LINK);
          expect(differences(look(root), look(copy.root))).toEqual([]);
        }
      } finally {
        for (const copy of copies) rmSync(copy.root, { recursive: true, force: true });
        rmSync(root, { recursive: true, force: true });
        mkdirSync(root);
        stage = createStage(root, () => undefined);
      }
    }),
    { numRuns: 80 },
  );
  // Both have been tried.
  expect(Math.min(homes, conflicts)).toBeGreaterThan(10);
}, 60_000);
