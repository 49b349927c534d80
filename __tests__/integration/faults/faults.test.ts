import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SshdRig } from '../../rig/sshd-rig.ts';
import { runCell, type Stand } from './cell-run.ts';
import type { Figures } from './judge.ts';
import { MATRIX, nameOf, type Cell } from './matrix.ts';

const FULL = process.env['DISTMAKE_FULL'] !== undefined;
/** Cells at one time: each mostly waits. */
const SIDE_BY_SIDE = 4;

/** Those whose name holds DISTMAKE_CELL, or all of this run. */
const wanted = process.env['DISTMAKE_CELL'];
const cells = MATRIX.filter((cell) => (wanted === undefined ? FULL || cell.always : nameOf(cell).includes(wanted)));

describe('a host fails', () => {
  let sshd: SshdRig | undefined;
  const results = new Map<Cell, Promise<Figures>>();
  const figures = new Map<Cell, Figures>();

  beforeAll(async () => {
    const numbers = Array.from({ length: SIDE_BY_SIDE }, (_, at) => at);
    const hosts = numbers.flatMap((at) => [
      { name: `victim${at}`, slots: 2 },
      { name: `other${at}`, slots: 2 },
    ]);
    const rig = await SshdRig.start({ hosts });
    sshd = rig;
    const stands = numbers.map((at): Stand => ({
      sshd: rig,
      victim: rig.host(`victim${at}`),
      other: rig.host(`other${at}`),
    }));
    let free: Promise<unknown>[] = stands.map(() => Promise.resolve());
    cells.forEach((cell, at) => {
      const stand = stands[at % stands.length] as Stand;
      const before = free[at % stands.length];
      const result = (before ?? Promise.resolve()).then(() => runCell(cell, stand));
      const settled = result.then(
        (one) => void figures.set(cell, one),
        () => undefined,
      );
      free = free.with(at % stands.length, settled);
      results.set(cell, result);
    });
  });

  afterAll(async () => {
    await Promise.allSettled(results.values());
    await sshd?.dispose();
    const number = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(1));
    const rows = [...figures].map(
      ([cell, { noticed, seconds, again }]) =>
        `${number(noticed).padStart(7)} ${number(seconds).padStart(7)} ${`${again}`.padStart(5)}  ${nameOf(cell)}`,
    );
    console.log(['noticed seconds again  fault', ...rows].join('\n'));
  });

  test.each(cells.map((cell): [string, Cell] => [nameOf(cell), cell]))(
    '%s',
    async (_name, cell) => {
      const { seconds } = (await results.get(cell)) as Figures;
      expect(seconds).toBeLessThan(90);
    },
    cells.length * 60_000,
  );
});
