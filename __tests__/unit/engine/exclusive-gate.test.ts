import { beforeEach, expect, test } from '@jest/globals';
import { ExclusiveGate } from '../../../src/engine/exclusive-gate.ts';
import { GateRig, TestRest } from './gate-rig.ts';
import { settled } from './rig.ts';

let rest: TestRest;
let gate: ExclusiveGate;
let rig: GateRig;

/** Targets that begin with an x run alone; those with a dot are none of its business. */
beforeEach(() => {
  rest = new TestRest();
  gate = new ExclusiveGate({
    alone: ({ job }) => (job.recipe.target.startsWith('.') ? undefined : job.recipe.target.startsWith('x')),
    atRest: rest.atRest,
  });
  rig = new GateRig(gate);
});

test('it starts when no other recipe is between its first and its last line; what comes later waits', async () => {
  for (const target of ['a', 'b', 'x', 'c', '.d']) rig.come(target);
  await settled();
  expect([...rig.story].sort()).toEqual(['.d0', 'a0', 'b0']);
  rig.end('a');
  await settled();
  // The other one still runs: there is nothing to be found out yet.
  expect(rest.watched).toBe(0);
  rig.end('b');
  rig.come('a', 1);
  await settled();
  rest.rest();
  await settled();
  expect(rig.story.slice(3)).toEqual(['a1']);
  rig.end('a', 1);
  await settled();
  rest.rest();
  await settled();
  expect(rig.story.slice(4)).toEqual(['x0']);
  rig.end('x');
  rig.come('x', 1);
  await settled();
  rest.rest();
  await settled();
  rig.end('x', 1);
  rest.rest();
  await settled();
  expect(rig.story.slice(5)).toEqual(['x1', 'c0']);
});

test('make at rest while a line runs means nothing for that recipe', async () => {
  rig.come('a');
  rig.come('x');
  await settled();
  rig.end('a');
  await settled();
  rig.come('a', 1);
  await settled();
  rest.rest();
  await settled();
  expect(rig.story).toEqual(['a0', 'a1']);
});

test('two that run alone follow one another; a make does not hold up others', async () => {
  const other = new GateRig(gate, 78);
  rig.come('x1');
  rig.come('x2');
  other.come('x3');
  await settled();
  expect([rig.story, other.story]).toEqual([['x10'], ['x30']]);
  rig.end('x1');
  rest.rest();
  await settled();
  expect(rig.story).toEqual(['x10', 'x20']);
});

test("one whose shim is gone is in nobody's way; a make that starts anew neither", async () => {
  for (const target of ['a', 'x', 'b']) rig.come(target);
  await settled();
  rig.abort('x');
  await settled();
  expect(rig.story).toEqual(['a0', 'x0', 'b0']);
  rig.end('x');
  gate.forget(rig.make);
  rig.come('x');
  await settled();
  expect(rig.story.at(-1)).toBe('x0');
});
