import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { Entry } from '../../../src/model/entry.ts';
import type { PerlLane } from '../../../src/lane/perl-lane.ts';
import { eventually, file, LaneRig, linkTools, NOW, type Variant } from './lane-rig.ts';

const PIECE = 65536;

/** Lets this many bytes per second through towards the lane; counts them, and can break off. */
class SlowLink {
  readonly rate: number;
  passed = 0;
  #stream: Duplex | undefined;
  #breakAt = Infinity;
  #breakWord = '';
  #breakBytes = 0;

  constructor(rate: number) {
    this.rate = rate;
  }

  /** Breaks so many bytes behind this word. */
  breakBehind(word: string, bytes: number): void {
    this.#breakWord = word;
    this.#breakBytes = bytes;
  }

  wrap(inner: Duplex): Duplex {
    const pass = (chunk: Buffer): Promise<void> => this.#pass(inner, chunk);
    const outer = new Duplex({
      writableHighWaterMark: PIECE,
      read: () => void inner.resume(),
      write(chunk: Buffer, _encoding, done) {
        void pass(chunk).then(() => done(), done);
      },
      final(done) {
        inner.end(done);
      },
      destroy(error, done) {
        inner.destroy();
        done(error);
      },
    });
    inner.on('data', (chunk: Buffer) => {
      if (!outer.push(chunk)) inner.pause();
    });
    inner.on('end', () => outer.push(null));
    inner.on('error', () => outer.destroy());
    this.#stream = outer;
    return outer;
  }

  #drained(inner: Duplex): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        inner.off('drain', done).off('close', done);
        resolve();
      };
      inner.once('drain', done).once('close', done);
    });
  }

  async #pass(inner: Duplex, chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      this.passed += piece.length;
      if (this.#breakWord !== '' && piece.includes(this.#breakWord)) this.#breakAt = this.passed + this.#breakBytes;
      if (this.passed >= this.#breakAt) this.#stream?.destroy();
      if (!inner.write(piece)) await this.#drained(inner);
      await new Promise((resolve) => setTimeout(resolve, (piece.length / this.rate) * 1000));
    }
  }
}

const perl: Variant = { name: '', kind: 'perl', sandbox: 'overlay', shell: '/bin/dash' };

/** About `count` times 64 KiB of text, with directories, links and a file that is read while it is sent. */
function* tree(count: number): Generator<Entry> {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 16; i++) yield await Promise.resolve(Buffer.alloc(PIECE, `piece ${i}\n`));
  }
  for (let i = 0; i < count; i++) {
    yield { kind: 'directory', path: `d${i}`, mode: 0o755 };
    yield file(`d${i}/f`, text(i), i % 2 ? 0o644 : 0o755);
    yield { kind: 'link', path: `d${i}/l`, time: NOW, target: 'f' };
  }
  yield { kind: 'file', path: 'big', mode: 0o644, time: NOW, size: 16 * PIECE, content: pieces() };
}

/** Whether a process has this directory in its environment: every one that a lane starts. */
function runsFrom(directory: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/environ`, 'latin1').includes(directory);
    } catch {
      return false;
    }
  });
}

interface Child {
  readonly id: string;
  readonly command: string;
}

function children(parent: string): Child[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'latin1')
    .split(' ')
    .filter((id) => id !== '')
    .map((id) => ({ id, command: readFileSync(`/proc/${id}/cmdline`, 'latin1') }));
}

function text(i: number): string {
  return `int line_of_${i};\n`.repeat(PIECE / 15 + 1).slice(0, PIECE);
}

jest.setTimeout(30_000);

describe('the first staging', () => {
  const rigs: LaneRig[] = [];
  afterEach(async () => {
    for (const rig of rigs.splice(0)) await rig.dispose();
  });

  async function open(link?: SlowLink, variant = perl): Promise<{ rig: LaneRig; lane: PerlLane }> {
    const rig = await LaneRig.open(variant, {}, link ? { link: (inner: Duplex) => link.wrap(inner) } : {});
    rigs.push(rig);
    return { rig, lane: rig.lane as PerlLane };
  }

  function expectAll(rig: LaneRig, count: number): void {
    expect(readdirSync(rig.tree)).toHaveLength(count + 1);
    for (let i = 0; i < count; i++) expect(readFileSync(join(rig.tree, `d${i}/l`), 'latin1')).toBe(text(i));
    const pieces = Array.from({ length: 16 }, (_, i) => Buffer.alloc(PIECE, `piece ${i}\n`));
    expect(readFileSync(join(rig.tree, 'big')).equals(Buffer.concat(pieces))).toBe(true);
  }

  test('goes on compressed when the link is slow', async () => {
    const link = new SlowLink(3e6);
    const { rig, lane } = await open(link);
    const before = link.passed;
    const traffic = await lane.sync(tree(200));
    expectAll(rig, 200);
    expect(traffic.compressed).toBe(true);
    expect(traffic.sent).toBe(link.passed - before);
    expect(traffic.sent).toBeLessThan(200 * PIECE);
    expect((await rig.run('cat d7/f | wc -c')).stdout.trim()).toBe(`${PIECE}`);
    expect((await rig.run('cat new', { entries: [file('new', 'plain again')] })).stdout).toBe('plain again');
  });

  test('stays as it is when the link is fast', async () => {
    const { rig, lane } = await open();
    const traffic = await lane.sync(tree(400));
    expectAll(rig, 400);
    expect(traffic.compressed).toBe(false);
    expect(traffic.sent).toBeGreaterThan(400 * PIECE);
  });

  test('stays as it is on a host without gzip', async () => {
    const tools = (directory: string): void => linkTools(directory, ['perl', 'cat']);
    const { rig, lane } = await open(new SlowLink(4e6), { ...perl, tools });
    const traffic = await lane.sync(tree(90));
    expectAll(rig, 90);
    expect(traffic.compressed).toBe(false);
  });

  for (const [when, word] of [
    ['before it is compressed', 'd1/f'],
    ['when it is compressed', 'compressed\n'],
  ] as const) {
    test(`ends when the link breaks ${when}, and leaves no process`, async () => {
      const link = new SlowLink(3e6);
      const { rig, lane } = await open(link);
      link.breakBehind(word, 200_000);
      await expect(lane.sync(tree(2000))).rejects.toThrow();
      await rig.close();
      await eventually(() => !runsFrom(rig.directory));
    });
  }

  for (const [who, message, find] of [
    ['gzip', /gzip|connection was closed/, (_lane: string, child: Child) => child.command.startsWith('gzip')],
    [
      'what hands the pieces to gzip',
      /gzip|connection was closed/,
      (lane: string, child: Child) => child.id !== lane && child.command.startsWith('distmake-lane'),
    ],
    ['the lane itself', /connection was closed/, (lane: string, child: Child) => child.id === lane],
  ] as const) {
    test(`ends when ${who} dies, and leaves no process`, async () => {
      const link = new SlowLink(3e6);
      const { rig, lane } = await open(link);
      const lanesId = `${rig.ids.lane}`;
      const endless = function* (): Generator<Entry> {
        for (;;) yield* tree(50);
      };
      const filling = expect(lane.sync(endless())).rejects.toThrow(message);
      const among = (): Child[] => [...children(lanesId), { id: lanesId, command: '' }];
      await eventually(() => children(lanesId).filter(({ command }) => command.startsWith('gzip')).length === 1);
      await eventually(() => children(lanesId).length === 2);
      for (const child of among().filter((one) => find(lanesId, one))) process.kill(Number(child.id), 'SIGKILL');
      await filling;
      await rig.close();
      await eventually(() => !runsFrom(rig.directory));
    });
  }

  test('tells what went wrong behind the compressed link too', async () => {
    const { rig, lane } = await open(new SlowLink(3e6));
    function* entries(): Generator<Entry> {
      yield { kind: 'link', path: 'door', time: NOW, target: '/' };
      yield* tree(200);
      yield file('door/f', 'x');
    }
    await expect(lane.sync(entries())).rejects.toThrow(
      'staging failed there: door/f: what is above it is no directory',
    );
    expect((await rig.run('cat d199/f | wc -c')).stdout.trim()).toBe(`${PIECE}`);
  });

  test('fails when what is to be sent cannot be read', async () => {
    const { lane } = await open(new SlowLink(3e6));
    function* entries(): Generator<Entry> {
      yield* tree(200);
      throw new Error('it is gone');
    }
    await expect(lane.sync(entries())).rejects.toThrow('it is gone');
  });
});
