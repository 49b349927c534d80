import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
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
import type { Delta, Stage, StagedTree } from '../../../src/engine/ports.ts';
import type { Output } from '../../../src/model/entry.ts';
import type { Job } from '../../../src/model/job.ts';
import { createStage } from '../../../src/stage/stage.ts';
import { bufferOf, fsPath, type Bytes } from '../../../src/util/bytes.ts';
import { apply, differences, job, kindAt, look, scratch, sending, sleep, type Seen } from './tree-copy.ts';

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
  const { kind } = await incoming.commit(copy.tree, one.fate === 'home');
  incoming.discard();
  stage.writerEnded(LINK);
  if (one.fate === 'home' && one.meanwhile.length === 0) {
    expect(kind).toBe('home');
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
