import { beforeEach, expect, test } from '@jest/globals';
import { GroupGate } from '../../../src/engine/group-gate.ts';
import { GateRig, TestRest } from './gate-rig.ts';
import { exited, settled } from './rig.ts';

let rest: TestRest;
let gate: GroupGate;
let rig: GateRig;
beforeEach(() => {
  rest = new TestRest();
  gate = new GroupGate(rest.atRest);
  rig = new GateRig(gate);
  gate.parsed(rig.make, [
    ['a', 'b', 'c'],
    ['d', 'e'],
  ]);
});

test('the first member runs; each line of the others takes over how its line ended', async () => {
  rig.come('b');
  rig.come('a');
  rig.come('d');
  rig.come('other');
  await settled();
  expect(rig.story.sort()).toEqual(['b0', 'd0', 'other0']);
  rig.end('b');
  await settled();
  expect(rig.story.slice(3)).toEqual(['a0 exited 0']);
  rig.come('a', 1);
  rig.come('b', 1);
  await settled();
  rest.rest();
  rig.end('b', 1, exited(3));
  await settled();
  expect(rig.story.slice(4)).toEqual(['b1', 'a1 exited 3']);
});

test('one that comes when all is over takes it from memory', async () => {
  rig.come('a');
  rig.end('a', 0, exited(2));
  await settled();
  rig.come('c');
  await settled();
  expect(rig.story).toEqual(['a0', 'c0 exited 2']);
});

test('a recipe that runs has fewer lines: the others end well as soon as it is over', async () => {
  rig.come('a');
  rig.come('b', 1);
  await settled();
  rig.end('a');
  await settled();
  expect(rig.story).toEqual(['a0']);
  rest.rest();
  await settled();
  expect(rig.story).toEqual(['a0', 'b1 exited 0']);
});

test('the sign itself is nothing to be made, where there are groups', async () => {
  rig.come('+');
  const plain = new GateRig(gate, 78);
  plain.come('+');
  await settled();
  expect([rig.story, plain.story]).toEqual([['+0 exited 0'], ['+0']]);
});

test('what is gone waits no longer; a make that reads its makefiles anew starts anew', async () => {
  rig.come('a');
  rig.come('b');
  await settled();
  rig.abort('b');
  await settled();
  gate.parsed(rig.make, [['a', 'b']]);
  rig.come('b');
  await settled();
  expect(rig.story).toEqual(['a0', 'b0 cancelled', 'b0']);
});
