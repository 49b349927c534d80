import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { joinSections } from '../../../../src/report/summary/sections.ts';
import { generatedRun, recordOf } from '../../../fixtures/report/generated-run.ts';
import { ended, exited, host, job, over, recipe } from '../../../fixtures/report/runs.ts';
import { summaryOf } from '../../../fixtures/report/summary-of.ts';
import {
  at,
  collecting,
  failing,
  here,
  inOrder,
  passing,
  placed,
  queued,
  ready,
  start,
  started,
  there,
} from '../../../fixtures/report/summary-runs.ts';
import { build1 } from '../../../fixtures/report/runs.ts';
import { whyHere } from '../../../../src/report/summary/why-here.ts';

const ROOT = '/home/runner/app';
const line = (id: number): ReturnType<typeof job> => job(id, recipe(id, `t${id}`));

describe('recorded runs', () => {
  test.each([
    ['passing-summary', passing],
    ['failing-summary', failing],
  ])('%s', (name, events) => {
    const golden = readFileSync(new URL(`../../../fixtures/report/${name}.md`, import.meta.url), 'utf8');
    expect(summaryOf(events)).toBe(golden);
  });
});

test('a run that was cut short says so, and what there is of it', () => {
  const summary = summaryOf(generatedRun({ jobs: 64, hosts: 3, slots: 4, until: 3 }), ROOT);
  expect(summary).toMatch(/^## distmake: not finished after \d\.\d s\n/);
  expect(summary).toMatch(/^\| build1 \| 4 \| \d+ \| \d+&nbsp;% \| 18\d&nbsp;MB \|/m);
  expect(summary).toMatch(/^\d+ targets: .*\d+ not finished/m);
  expect(summaryOf([])).toBe('## distmake: not finished\n');
});

test('many hosts are folded away; one that was not ready, and one that turned jobs away, say so', () => {
  const hosts = Array.from({ length: 120 }, (_, index) => host(`h${index}`));
  const summary = summaryOf([
    { ...start, hosts } as BuildEvent,
    { type: 'host-lost', host: hosts[3]!, reason: 'refused', benched: false },
  ]);
  expect(summary).toContain('<details><summary>120 hosts, 480 slots, 1 lost</summary>\n\n| Host |');
  expect(summary).toContain('20 hosts more');
  expect(summary).toMatch(/^\| h0 .* was not ready by the end \|$/m);
  expect(summary).toMatch(/^\| h3 .* not used: refused \|$/m);

  const away = inOrder(
    at(0, start),
    at(1, placed(line(1), build1), { type: 'job-turned-away', job: line(1), place: build1 }),
  );
  expect(summaryOf(away)).toMatch(/^\| build1 \| 4 \| 0 \|.* 1 job turned away/m);
});

test('where nothing left there is nothing to compare, and no host is listed but the runner', () => {
  const summary = summaryOf(
    inOrder(
      at(0, { ...start, hosts: [] } as BuildEvent),
      here(line(1), 'no-hosts', 1, 2),
      at(3, over(recipe(1, 't1'), 'local')),
    ),
  );
  expect(summary).not.toContain('runner alone');
  expect(summary).toContain('| no hosts in the matrix | 1 | 100 % |');
});

/** The end of a run at that time. */
const finish = (seconds: number, status = 0): ReturnType<typeof at> => {
  const counts = { remote: 0, retried: 0, local: 0, recursive: 0 };
  return at(seconds, {
    type: 'run-finished',
    outcome: exited(status),
    seconds,
    counts,
    failedTargets: [],
    hosts: [],
  });
};

test.each([
  ['About as fast as the runner alone', [there(line(1), build1, 0, 9.9)]],
  ['About 1.5 times as fast as the runner alone', [1, 2, 3].map((id) => there(line(id), build1, 0, 9.9))],
  ['Slower than the runner alone', [there(line(1), build1, 5, 4.9)]],
])('%s', (words, parts) => {
  expect(summaryOf(inOrder(at(0, start), ...parts, finish(10.1)))).toContain(`**${words}`);
});

test.each([
  ['a run that failed', [there(line(1), build1, 0, 9), finish(10, 2)]],
  ['one that was cut short', [there(line(1), build1, 0, 9)]],
  ['less than a second', [there(line(1), build1, 0, 0.9), finish(10)]],
])('%s is not compared with the runner alone', (_, parts) => {
  expect(summaryOf(inOrder(at(0, start), ...parts))).not.toContain('runner alone');
});

describe('what a job did whose end nobody heard', () => {
  test.each([
    ['its host was lost', { kind: 'host-lost', reason: 'gone' } as const, true],
    ['it was stopped', { kind: 'cancelled' } as const, false],
  ])('%s: the time from its start on', (_, outcome, again) => {
    const of = line(1);
    const summary = summaryOf(
      inOrder(
        at(0, start, ready(build1, 0)),
        at(1, queued(of), placed(of, build1)),
        at(2, started(of, build1)),
        at(6, ended(of, build1, outcome, 0, again)),
        finish(8, 2),
      ),
    );
    expect(summary).toMatch(/^\| build1 \| 4 \| 1 \| 13&nbsp;% \|/m);
    expect(summary).toMatch(/^\| t1 \| build1 \| 4\.0 s \|/m);
  });

  test('without what it took to fetch what it wrote; none where it had not begun', () => {
    const [late, early] = [line(1), line(2)];
    const lost = { kind: 'host-lost', reason: 'gone' } as const;
    const summary = summaryOf(
      inOrder(
        at(0, start, ready(build1, 0)),
        at(1, placed(late, build1), placed(early, build1), started(late, build1)),
        at(3, collecting(late, build1)),
        at(7, ended(late, build1, lost, 0, true), ended(early, build1, lost, 0, true)),
        finish(8, 2),
      ),
    );
    expect(summary).toMatch(/^\| t1 \| build1 \| 2\.0 s \|/m);
    expect(summary).toMatch(/^\| t2 \| build1 \| 0\.0 s \|/m);
  });
});

test('what failed since no host was left is not counted as the runner’s, and the reason is named', () => {
  const [first, lost, never, here1] = [line(1), line(2), line(3), line(4)];
  const fails = (of: typeof first): BuildEvent =>
    over(of.recipe, 'local', { job: of, outcome: exited(2), place: undefined });
  const summary = summaryOf(
    inOrder(
      at(0, start, ready(build1, 0)),
      there(first, build1, 1, 1),
      at(2.3, over(first.recipe, 'remote')),
      at(2, queued(lost), placed(lost, build1), started(lost, build1), queued(never)),
      at(4, ended(lost, build1, { kind: 'host-lost', reason: 'gone' }, 0, true)),
      at(4.1, ended(lost, undefined, exited(2), 0), fails(lost), ended(never, undefined, exited(2), 0), fails(never)),
      here(here1, 'not-whitelisted', 4.2, 1, 2),
      at(5.3, fails(here1)),
      finish(6, 2),
    ),
  );
  expect(summary).toContain('4 targets: 1 on hosts, 1 on the runner, 2 not run as no host was left.\n');
  expect(summary).toContain(
    [
      '### Failed targets\n',
      '- t2: not run, no host was left for it and fallback is never',
      '- t3: not run, no host was left for it and fallback is never',
      '- t4: status 2\n',
    ].join('\n'),
  );
});

test('what a local host of the matrix took was no miss', () => {
  const bare = { ...host('localhost'), local: true };
  expect(whyHere(recordOf(inOrder(at(0, start), there(line(1), bare, 1, 1))))).toBe('');
});

test('a reason that keeps little on the runner gives no advice', () => {
  const much = there(line(1), build1, 1, 100);
  const text = whyHere(recordOf(inOrder(at(0, start), much, here(line(2), 'hosts-full', 1, 1))));
  expect(text).toContain('| hosts full | 1 | < 1 % |');
  expect(text).not.toContain('local-jobs');
});

describe('size', () => {
  test('20 000 jobs with long evil names stay far below 1 MiB', () => {
    const rename = (target: string): string => `<img src=x>|&\n\`\`\`${'&|<'.repeat(600)}${target}`;
    const summary = summaryOf(generatedRun({ jobs: 20_000, hosts: 40, rename, fails: true }), ROOT);
    expect(Buffer.byteLength(summary)).toBeLessThan(256 * 1024);
    expect(summary).not.toContain('<img');
    expect(summary.match(/^```/gm)).toHaveLength(2);
  });

  test('nor do failures, warnings and hosts without end', () => {
    const long = '&'.repeat(5000);
    const hosts = Array.from({ length: 300 }, (_, index) => host(`${index}${long}`));
    const events: BuildEvent[] = [{ ...start, hosts } as BuildEvent];
    for (const one of hosts) events.push({ type: 'host-lost', host: one, reason: long, benched: false });
    for (let id = 0; id < 1000; id++) {
      const one = recipe(id, `${id}${long}`);
      const of = job(id, one);
      events.push(placed(of, hosts[0]), started(of, hosts[0]), ended(of, hosts[0], exited(1), 1, true));
      events.push(placed(of, undefined, 'failed-there'), ended(of, undefined, exited(1), id));
      events.push(over(one, 'local', { job: of, outcome: exited(1), place: undefined }));
      events.push({ type: 'message', level: 'warning', text: long });
    }
    const summary = summaryOf(events);
    expect(Buffer.byteLength(summary)).toBeLessThan(512 * 1024);
    expect(summary).toContain('950 more not shown');
    expect(summary).toContain('980 more not shown');
    expect(summary.match(/^\| 99\d/gm)).toHaveLength(10);
  });

  test('sections are left out whole, the last first', () => {
    const sections = ['## a', '', 'é'.repeat(300_000), 'c'.repeat(400_000)];
    expect(joinSections(['## a', '', 'c'], 0)).toBe('## a\n\nc\n');
    expect(joinSections(sections, 0)).toMatch(/^## a\n\né{300000}\n\nParts of this summary were left out/);
    expect(joinSections(sections, 400_000)).toMatch(/^\n\n## a\n\nParts of this summary/);
    expect(joinSections(sections, 899_990)).toBe('');
  });

  test('what the step has written before counts too', () => {
    expect(summaryOf(passing, '/w/repo', 1000)).toMatch(/^\n\n## distmake: succeeded/);
    expect(summaryOf(passing, '/w/repo', 899_000)).toMatch(
      /Parts of this summary were left out: GitHub shows no more than 1 MiB for a step\.\n$/,
    );
  });
});
