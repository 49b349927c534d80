import { expect, test } from '@jest/globals';
import { SecondChance } from '../../../src/engine/second-chance.ts';
import type { Homecoming } from '../../../src/engine/ports.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import { exited, hostOf, OK } from './rig.ts';

const A = hostOf('a');
const B = hostOf('b');
const LOST: Outcome = { kind: 'host-lost', reason: 'gone' };
const LATE: Outcome = { kind: 'timed-out', limit: 'time', seconds: 600 };
const HOME = { kind: 'home' } as Homecoming;
const CONFLICT: Homecoming = { kind: 'conflict', path: 'x', other: undefined };
const REFUSED: Homecoming = { kind: 'refused', reason: 'a device' };

const end = (outcome: Outcome, homecoming = HOME, begun = true) => ({ outcome, homecoming, begun });

test('what has succeeded, or was cancelled, counts', () => {
  for (const fallback of ['local', 'never'] as const) {
    const chance = new SecondChance(fallback, false, false);
    expect(chance.after(end(OK), A)).toBeUndefined();
    expect(chance.after(end({ kind: 'cancelled' }), A)).toBeUndefined();
  }
});

test('what failed on a host runs on the runner, if that may take it', () => {
  expect(new SecondChance('local', false, false).after(end(exited(1)), A)).toEqual({ onRunner: 'failed-there' });
  expect(new SecondChance('local', false, false).after(end(OK, REFUSED), A)).toEqual({ onRunner: 'not-taken' });
  expect(new SecondChance('never', false, false).after(end(exited(1)), A)).toBeUndefined();
  expect(new SecondChance('never', false, false).after(end(OK, CONFLICT), A)).toBe('again');
});

test('a job that takes two hosts with it goes to the runner, or is given up after five', () => {
  const local = new SecondChance('local', false, false);
  expect([local.after(end(LOST), A), local.after(end(LOST), B)]).toEqual(['again', { onRunner: 'hosts-failed' }]);
  const never = new SecondChance('never', false, false);
  for (let n = 0; n < 4; n++) expect(never.after(end(LOST), A)).toBe('again');
  expect(never.after(end(LOST), B)).toBeUndefined();
  expect(never.lastWords('x.o', end(LOST), B)).toBe(
    'hosts were lost 5 times while they ran x.o, the last was b (gone): it is given up',
  );
});

test('a job that takes too long gets one more time, elsewhere', () => {
  const chance = new SecondChance('local', false, false);
  expect(chance.avoided).toBe('nowhere');
  expect(chance.after(end(LATE), A)).toBe('again');
  expect(chance.avoided).toBe(A);
  expect(chance.after(end(LATE), B)).toBeUndefined();
  expect(chance.lastWords('x.o', end(LATE), B)).toBe(
    'x.o on b: killed after 600 s (job-timeout), as on a before; raise job-timeout if it needs longer',
  );
});

test('what must not run twice fails instead, unless it cannot have begun', () => {
  const chance = new SecondChance('local', true, false);
  expect(chance.after(end(LOST, HOME, false), A)).toBe('again');
  expect(chance.after(end(LOST), A)).toBeUndefined();
  expect(chance.lastWords('push', end(LOST), A)).toBe(
    'a was lost while it ran push (gone): no-retry forbids to run that again, look whether it has had its effect',
  );
  expect(chance.after(end(exited(1)), A)).toBeUndefined();
  expect(chance.lastWords('push', end(exited(1)), A)).toBe(
    'push failed on a (status 1): no-retry forbids to run it again on the runner',
  );
  expect(chance.after(end(LATE), A)).toBeUndefined();
  expect(chance.afterTimeout(undefined)).toBeUndefined();
  expect(chance.after(end(OK, REFUSED), A)).toBeUndefined();
  expect(chance.lastWords('push', end(OK, REFUSED), A)).toContain('was not taken, and no-retry forbids');
});

test('where hosts work in the very workspace a lost job is not run beside itself', () => {
  const chance = new SecondChance('local', false, true);
  expect(chance.after(end(LOST, HOME, false), A)).toBe('again');
  expect(chance.after(end(LOST), A)).toBeUndefined();
  expect(chance.lastWords('x.o', end(LOST), A)).toContain('with staging none it may still be writing there');
  expect(new SecondChance('local', false, true).after(end(exited(1)), A)).toEqual({ onRunner: 'failed-there' });
});
