import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MaskedEvents } from '../../../../src/report/directory/masked-events.ts';
import { secretLines, Secrets } from '../../../../src/report/directory/secrets.ts';
import { HOST_DEFAULTS } from '../../../../src/model/host.ts';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { encode } from '../../../../src/util/bytes.ts';
import { exited, host, job, recipe } from '../../../fixtures/report/runs.ts';

test('the lines of a key are secrets, its frame and short lines are not', () => {
  const key = '-----BEGIN KEY-----\nAAAAB3Nz\r\nzz=\n  c2VjcmV0  \n-----END KEY-----\n';
  expect(secretLines([key, undefined, 'one\\ntwo2', 'AAAAB3Nz'])).toEqual(['AAAAB3Nz', 'c2VjcmV0', 'two2']);
});

test('the longest secret counts, characters of patterns mean themselves, bytes are those of UTF-8', () => {
  const secrets = new Secrets(['pass', 'password', 'a.c(1)', 'geheimnß']);
  expect(secrets.maskText('password pass abc(1) a.c(1) geheimnß')).toBe('*** *** abc(1) *** ***');
  expect(secrets.mask(encode('x=geheimnß;'))).toBe('x=***;');
});

describe('a text in pieces', () => {
  const words = ['abab', 'ababa', 'bbbbb', 'aaab'];
  const secrets = new Secrets(words);

  test('gives the same however it is cut', () => {
    const letters = fc.array(fc.constantFrom('a', 'b', '\n'), { maxLength: 60 }).map((all) => all.join(''));
    fc.assert(
      fc.property(letters, fc.array(fc.nat(9), { maxLength: 30 }), (text, sizes) => {
        const stream = secrets.stream();
        let [out, rest] = ['', text];
        for (const size of sizes) {
          out += stream.push(rest.slice(0, size));
          rest = rest.slice(size);
        }
        expect(out + stream.push(rest) + stream.end()).toBe(secrets.mask(text));
      }),
      { numRuns: 500 },
    );
  });

  test('without secrets nothing is held back', () => {
    expect(new Secrets([]).stream().push('x')).toBe('x');
  });
});

describe('events', () => {
  const SECRET = 'hunter2-schlüssel';
  const masked = new MaskedEvents(new Secrets([SECRET]));
  const place = { ...HOST_DEFAULTS, ...host(`h-${SECRET}`) };
  const other = host(`h-***`);
  const bytes = encode(SECRET);
  const one = job(1, recipe(1, `t-${bytes}`, `/w/${bytes}`), `login ${bytes}`);
  const lost = { kind: 'host-lost', reason: `${SECRET} refused` } as const;
  const figures = { name: place.name, jobs: 1, busySeconds: 1, sent: 1, received: 1, losses: 0 };
  const size = { files: 1, bytes: 1 };
  const counts = { remote: 1, retried: 0, local: 0, recursive: 0 };
  const report = { built: [], upToDate: [], failed: [], skipped: [], notReached: [] };
  const events: readonly BuildEvent[] = [
    { type: 'run-started', hosts: [place, other], jobs: 1, localJobs: 1, processors: 1, time: 0 },
    { type: 'work-known', targets: [one.recipe.target] },
    { type: 'workspace-surveyed', ...size, directories: [{ path: SECRET, ...size }] },
    { type: 'staging-progress', host: place, seconds: 1, ...size, of: size },
    {
      type: 'host-ready',
      host: place,
      seconds: 1,
      ...size,
      sandbox: 'tree',
      slots: 1,
      staging: `/tmp/${SECRET}`,
      returned: false,
    },
    { type: 'host-lost', host: place, reason: SECRET, benched: false },
    { type: 'job-queued', job: one },
    { type: 'job-placed', job: one, place, reason: 'follows', slots: 1 },
    { type: 'job-turned-away', job: one, place },
    { type: 'job-started', job: one, place },
    { type: 'job-waits', job: one },
    { type: 'job-collecting', job: one, place },
    { type: 'job-finished', job: one, place, outcome: lost, seconds: 1, again: true },
    { type: 'recipe-finished', recipe: one.recipe, class: 'remote', failed: { job: one, outcome: lost, place } },
    { type: 'message', level: 'notice', text: `a ${SECRET}` },
    { type: 'bulk-finished', report, file: `/w/${SECRET}` },
    { type: 'run-finished', outcome: exited(0), seconds: 1, counts, failedTargets: [SECRET], hosts: [figures] },
  ];

  test.each(events.map((event) => [event.type, event] as const))('%s', (_, event) => {
    const text = JSON.stringify(masked.mask(event));
    expect(text).toContain('***');
    expect(text).not.toContain('hunter2');
  });

  test('hosts whose names differ in a secret alone are two still', () => {
    const started = masked.mask(events[0] as BuildEvent);
    expect(started.type === 'run-started' && started.hosts.map(({ name }) => name)).toEqual(['h-***', 'h-*** (2)']);
  });
});
