import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { KnownMakes } from '../../../src/build/known-makes.ts';
import { FirstMakefile } from '../../../src/make/first-makefile.ts';
import { findMake, type RealMake } from '../../../src/make/real-make.ts';
import { encode } from '../../../src/util/bytes.ts';

let make: RealMake;
let child: ChildProcess;
let pid: number;
beforeEach(async () => {
  make = await findMake('make', encode(process.env['PATH'] ?? ''));
  // It waits for its makefile.
  child = spawn('make', ['-f', '-', 'a', '.WAIT', 'b'], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(child, 'spawn');
  pid = child.pid ?? 0;
});
afterEach(() => {
  child.kill('SIGKILL');
});

const first = Object.create(FirstMakefile.prototype) as FirstMakefile;

test('a make that came through the wrapper, and one that was called by its path', async () => {
  const makes = new KnownMakes(make, ['first'], first);
  expect(makes.met(pid)).toBe(true);
  expect(makes.met(pid)).toBe(false);
  const words = ['-f', '-', 'a', '.WAIT', 'b'];
  expect(await makes.parsing({ make: pid })).toEqual({ arguments: words, byPath: true, make, goals: [['a'], ['b']] });
  makes.called({ pid, argv: ['make', 'x'] });
  expect(await makes.parsing({ make: pid })).toMatchObject({ arguments: ['x'], byPath: false, goals: undefined });
});

test('without a command every other make is the first one', () => {
  const makes = new KnownMakes(make, ['first'], undefined);
  expect([makes.met(pid), makes.isInitial(pid), makes.argumentsOf(pid)]).toEqual([false, true, ['first']]);
});

test('one that starts itself again keeps its goals in their segments', async () => {
  const makes = new KnownMakes(make, [], first);
  makes.called({ pid, argv: ['make', 'a', '.WAIT', 'b'] });
  await makes.parsing({ make: pid });
  makes.called({ pid, argv: ['make', 'a', 'b'] });
  expect(await makes.parsing({ make: pid })).toMatchObject({ arguments: ['a', 'b'], goals: [['a'], ['b']] });
  makes.called({ pid, argv: ['make', 'b'] });
  expect(await makes.parsing({ make: pid })).toMatchObject({ goals: undefined });
});

test('what is known of a process is not taken for a later one with its pid', async () => {
  const makes = new KnownMakes(make, ['first'], first);
  makes.called({ pid, argv: ['make', 'x'] });
  expect(makes.argumentsOf(pid)).toEqual(['x']);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(makes.argumentsOf(pid)).toEqual(['first']);
});

test('the program is what runs in the process, whatever make the run has', async () => {
  const other = { ...make, path: '/bin/sh', version: '4.9' };
  const makes = new KnownMakes(other, [], first);
  makes.met(pid);
  expect((await makes.parsing({ make: pid })).make).toMatchObject({ kind: 'gnu', version: make.version });
  makes.called({ pid, argv: [other.name] });
  expect((await makes.parsing({ make: pid })).make).toBe(other);
});
