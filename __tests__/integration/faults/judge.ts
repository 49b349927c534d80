import { expect } from '@jest/globals';
import type { CommandResult } from '../command-rig.ts';
import type { EventLog } from './event-log.ts';
import type { Cell } from './matrix.ts';
import { REMOTE } from './project.ts';

/** How late something may be on a machine that has much to do, in seconds. */
const LATE = 8;
/** The input host-timeout where a cell says nothing of it, in seconds: so long where silence would be noticed too late. */
const HOST_TIMEOUT = { 'at once': 15, 'host-timeout': 2 } as const;

/** The input host-timeout of a cell, in seconds. */
export function hostTimeoutOf({ noticed = 'host-timeout', timeout = HOST_TIMEOUT[noticed] }: Cell): number {
  return timeout;
}

/** What a cell took. */
export interface Figures {
  /** From the fault to the word that the host is lost; undefined: it was not. */
  readonly noticed: number | undefined;
  /** Of the whole run. */
  readonly seconds: number;
  /** Runs of jobs that did not count. */
  readonly again: number;
}

/**
 * Holds what a run told against what its cell says.
 *
 * @param struck when the fault was made, in milliseconds since 1970
 */
export function judge(cell: Cell, log: EventLog, struck: number, { seconds, stderr }: CommandResult): Figures {
  const { jobs, host: fate, phase, says, noticed } = cell;
  const turns = log.turns().filter(({ host }) => host === 'victim');
  const lost = turns.find(({ type }) => type === 'host-lost');
  if (phase !== 'cleaning up') expect(lost === undefined).toBe(fate === 'kept');
  if (fate !== 'kept') expect(lost).toMatchObject({ benched: true });
  expect(turns.some(({ returned }) => returned)).toBe(fate === 'back');

  const runs = log.runs().filter(({ target }) => REMOTE.includes(target));
  const outcomes = runs.map(({ outcome }) => outcome);
  const said = [...turns.map(({ reason }) => reason), ...outcomes, ...log.messages(), stderr].join('\n');
  if (says !== undefined) expect(said).toContain(says);
  const final = runs.filter(({ again }) => !again);
  expect(final.map(({ target }) => target).sort()).toEqual([...REMOTE].sort());
  const placesOf = (wanted: (target: string) => boolean): Set<string> =>
    new Set(final.filter(({ target }) => wanted(target)).map(({ place }) => place));
  const first = placesOf((target) => target.startsWith('a'));
  const second = placesOf((target) => target.startsWith('b'));
  if (jobs === 'there') expect(first).toContain('victim');
  if (jobs === 'runner') expect(first).toEqual(new Set(['runner']));
  if (jobs === 'elsewhere') expect(first).not.toContain('runner');
  if (jobs === 'anywhere') expect(first).not.toContain('victim');
  if (fate === 'benched') expect(second).not.toContain('victim');
  if (fate === 'back') expect(second).toContain('victim');

  const tried = runs.filter(({ again }) => again);
  if ((phase === 'running' || phase === 'collecting') && jobs !== 'there') {
    expect(new Set(tried.map(({ place }) => place))).toEqual(new Set(['victim']));
    const again = placesOf((one) => tried.some(({ target }) => target === one));
    if (jobs === 'elsewhere') expect(again).toEqual(new Set(['other']));
  }
  if (phase === 'collecting') expect(log.collecting('victim')).toBeLessThan(struck);
  const isReadyBefore = turns.some(({ type, at }) => type === 'host-ready' && at < struck);
  expect(isReadyBefore).toBe(phase !== 'connecting' && phase !== 'staging');

  const taken = lost && (lost.at - Math.max(struck, log.started)) / 1000;
  const bound = (noticed === 'host-timeout' ? hostTimeoutOf(cell) : 0) + LATE;
  if (taken !== undefined && phase !== 'cleaning up') expect(taken).toBeLessThan(bound);
  return { noticed: taken, seconds, again: tried.length };
}
