import { afterEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ProcessRest } from '../../../src/make/make-rest.ts';

let child: ChildProcess | undefined;
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

/** A shell in the place of a make. */
function start(script: string): number {
  child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
  return child.pid ?? 0;
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => void setTimeout(resolve, 1));
}

test('it only waits for calls that have come', async () => {
  const pid = start('sleep 60 & wait');
  await until(() => childrenOf(pid).length === 1);
  const calls = new Set(childrenOf(pid));
  await new ProcessRest().atRest(pid, () => calls);
  expect(childrenOf(pid)).toHaveLength(1);
  for (const one of calls) process.kill(one, 'SIGKILL');
});

test('a call that has not come yet: not before it has', async () => {
  const pid = start('sleep 60 & wait');
  await until(() => childrenOf(pid).length === 1);
  const calls = new Set<number>();
  let asked = 0;
  const watched = new ProcessRest().atRest(pid, () => {
    if (++asked === 3) for (const one of childrenOf(pid)) calls.add(one);
    return calls;
  });
  await watched;
  expect(asked).toBeGreaterThanOrEqual(3);
  for (const one of childrenOf(pid)) process.kill(one, 'SIGKILL');
});

test('one that is gone is at rest', async () => {
  const pid = start('exit');
  await new ProcessRest().atRest(pid, () => new Set());
});

test('one that is awake is not, nor one that has been awake meanwhile', async () => {
  const looks = [false, true, false, true, true, true].map((asleep, at) => ({ asleep, sleeps: at < 4 ? '1' : '2' }));
  let at = 0;
  const rest = new ProcessRest(() => ({
    children: '',
    where: 'do_wait',
    ...(looks[at++] ?? { asleep: true, sleeps: '3' }),
  }));
  await rest.atRest(1, () => new Set());
  expect(at).toBe(6);
});

test('one that waits to print is not at rest, whatever its children', async () => {
  let looks = 0;
  const where = ['anon_pipe_write', 'anon_pipe_write', 'fcntl_setlk', 'do_wait', 'do_wait'];
  const rest = new ProcessRest(() => ({
    asleep: true,
    children: '',
    sleeps: '1',
    where: where[looks++] ?? 'do_wait',
  }));
  await rest.atRest(1, () => new Set());
  expect(looks).toBe(4);
});

test('a child of old does not hold it up for ever; without /proc a moment has to do', async () => {
  const look = { asleep: true, children: '5', sleeps: '1', where: '0' };
  await new ProcessRest(() => look).atRest(1, () => new Set());
  await new ProcessRest(() => 'unknown').atRest(1, () => new Set());
});
