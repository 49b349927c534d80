import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { BuildEvent } from '../../../src/model/event.ts';
import { escapeMarkdown } from '../../../src/report/markdown.ts';
import { renderSummary } from '../../../src/report/summary.ts';
import { build1, ended, exited, failingRun, host, job, over, passingRun, recipe } from '../../fixtures/report/runs.ts';

describe('recorded runs', () => {
  test.each<[string, readonly BuildEvent[]]>([
    ['passing-summary', passingRun],
    ['failing-summary', failingRun],
  ])('%s', (name, events) => {
    const golden = readFileSync(new URL(`../../fixtures/report/${name}.md`, import.meta.url), 'utf8');
    expect(renderSummary(events)).toBe(golden);
  });
});

test('a run that was cut short says so', () => {
  expect(renderSummary(passingRun.slice(0, 10))).toMatch(/^## distmake: not finished\n/);
});

test('stays far below 1 MiB, whatever fails', () => {
  const long = '&'.repeat(5000);
  const events: BuildEvent[] = [];
  const hosts = Array.from({ length: 300 }, (_, index) => host(`${index}${long}`));
  events.push({ type: 'run-started', hosts, jobs: 1, localJobs: 1, processors: 2, time: 0 });
  for (const one of hosts) events.push({ type: 'host-lost', host: one, reason: long });
  for (let id = 0; id < 1000; id += 1) {
    const one = recipe(id, `${id}${long}`);
    const line = job(id, one);
    events.push(ended(line, build1, exited(1), 1, true), ended(line, undefined, exited(1), id));
    events.push(over(one, 'local', { job: line, outcome: exited(1), place: undefined }));
    events.push({ type: 'message', level: 'warning', text: long });
  }
  const summary = renderSummary(events);
  expect(Buffer.byteLength(summary)).toBeLessThan(512 * 1024);
  expect(summary).toContain('950 more not shown');
  expect(summary.match(/^\| 99\d/gm)).toHaveLength(10);
});

describe('names in Markdown', () => {
  test.each([
    ['foo.o', 'foo.o'],
    ['<img src=x>', '&#60;img src=x&#62;'],
    ['a|b\nc', 'a&#124;b c'],
    ['[x](https://y)', '&#91;x&#93;&#40;https&#58;//y&#41;'],
    ['@user #1 `x` **b**', '&#64;user &#35;1 &#96;x&#96; &#42;&#42;b&#42;&#42;'],
    ['\x1b[31mred\x1b[0m', 'red'],
  ])('%j', (name, escaped) => {
    expect(escapeMarkdown(name)).toBe(escaped);
  });

  test('nothing with a meaning is left', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(escapeMarkdown(name).replace(/&#\d+;/g, '')).not.toMatch(/[<>"'`*_{}[\]()#!|\\~@$&\r\n]|:\/\//);
      }),
    );
  });
});
