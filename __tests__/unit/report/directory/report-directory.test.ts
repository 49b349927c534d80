import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { BuildEvent } from '../../../../src/model/event.ts';
import { openDirectory } from '../../../../src/report/directory/open-directory.ts';
import { ReportDirectory } from '../../../../src/report/directory/report-directory.ts';
import { RunRecord } from '../../../../src/report/record/run-record.ts';
import { encode } from '../../../../src/util/bytes.ts';
import { generatedRun } from '../../../fixtures/report/generated-run.ts';
import { failingRun, job, recipe } from '../../../fixtures/report/runs.ts';
import { eventProblems } from '../../../rig/events-schema.ts';

const SECRET = 'sësame';
const TEMPLATE = '<script type="application/json">"@data@"</script>';

let root: string;
let now: number;
const troubles: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'distmake-report-'));
  now = 0;
  troubles.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(): ReportDirectory {
  return new ReportDirectory({
    ...{ path: openDirectory(join(root, 'report')), from: root, secrets: [SECRET], now: () => now, template: TEMPLATE },
    onTrouble: (text) => troubles.push(text),
  });
}

function read(name: string): string {
  return readFileSync(join(root, 'report', name), 'utf8');
}

function types(): unknown[] {
  return read('events.ndjson')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: unknown }).type);
}

test('a run as events, trace and page; the same again takes the place of the first', () => {
  for (const events of [failingRun, failingRun.slice(0, 5)]) {
    const report = open();
    for (const event of events) report.handle(event);
    report.finish();
    report.finish();
    report.handle({ type: 'make-text', text: 'late' });
    expect(readdirSync(join(root, 'report')).sort()).toEqual(['events.ndjson', 'report.html', 'trace.json']);
    expect(types().filter((type) => type !== 'recipe' && type !== 'job')).toEqual([
      'distmake-events',
      ...events.map(({ type }) => type),
    ]);
    expect(eventProblems(read('events.ndjson'))).toEqual([]);
    expect(JSON.parse(read('trace.json'))).toHaveProperty('traceEvents');
    const page = read('report.html').replace(/<[^>]*>/g, '');
    expect(JSON.parse(page)).toMatchObject({ result: events === failingRun ? 'failed' : 'unfinished' });
  }
  expect(troubles).toEqual([]);
});

test('what lies elsewhere goes by its whole path', () => {
  const path = openDirectory(join(root, 'report'));
  const report = new ReportDirectory({
    path,
    from: join(root, 'repo'),
    secrets: [],
    now: () => 0,
    onTrouble: () => undefined,
  });
  expect(report.spool(job(1, recipe(1, 'a')))?.close()).toBe(join(path, 'output/0001-a.txt'));
  report.finish();
});

test('no secret is in any file', () => {
  const report = open();
  const evil = job(1, recipe(1, `t-${encode(SECRET)}`, `/w/${encode(SECRET)}`), `login ${encode(SECRET)}`);
  const events: readonly BuildEvent[] = [
    { type: 'job-queued', job: evil },
    { type: 'job-placed', job: evil, place: undefined, reason: 'not-whitelisted', slots: 1 },
    { type: 'message', level: 'warning', text: `wrong: ${SECRET}` },
  ];
  for (const event of events) report.handle(event);
  const file = report.spool(evil);
  file?.write(`it is ${encode(SECRET)}`);
  report.handle({ type: 'job-text', job: evil, echo: '', output: 'it is', ...{ file: file?.close() } });
  report.finish();
  const names = readdirSync(join(root, 'report'), { recursive: true, withFileTypes: true }).filter((one) =>
    one.isFile(),
  );
  expect(names.map(({ name }) => name).sort()).toEqual(['0001-t-_.txt', 'events.ndjson', 'report.html', 'trace.json']);
  for (const { parentPath, name } of names) {
    const text = readFileSync(join(parentPath, name), 'utf8');
    expect([name, text.includes('***'), text.includes('same')]).toEqual([name, true, false]);
  }
  expect(read('events.ndjson')).toContain('"file":"output/0001-t-_.txt"');
  expect(read('report.html')).toContain('output/0001-t-_.txt');
});

describe('what cannot be written is told once, and the rest is written', () => {
  test('the page', () => {
    const report = open();
    mkdirSync(join(root, 'report/report.html'));
    report.finish();
    report.finish();
    expect(troubles).toEqual([expect.stringMatching(/^report: report\/report.html could not be written: EISDIR/)]);
    expect(readdirSync(join(root, 'report')).sort()).toEqual(['events.ndjson', 'report.html', 'trace.json']);
  });

  test('anything, on a full disk', () => {
    const source = pathToFileURL(
      join(import.meta.dirname, '../../../../src/report/directory/report-directory.ts'),
    ).href;
    const program = `
      import { ReportDirectory } from '${source}';
      import { mkdirSync } from 'node:fs';
      mkdirSync('${root}/report');
      const troubles = [];
      const onTrouble = (text) => troubles.push(text.replace(/:[^:]*$/, ''));
      const options = { path: '${root}/report', from: '${root}', secrets: [], now: () => 0, template: '"@data@"' };
      const report = new ReportDirectory({ ...options, onTrouble });
      const recipe = { id: 1, make: 1, target: 't', directory: '/' };
      const file = report.spool({ id: 1, recipe, directory: '/', command: '' });
      file.write('x'.repeat(500_000));
      if (file.close() !== undefined) troubles.push('not whole');
      for (let at = 0; at < 5000; at++) report.handle({ type: 'message', level: 'notice', text: 'a message' });
      await new Promise((done) => setTimeout(done, 1));
      for (let at = 0; at < 5000; at++) report.handle({ type: 'message', level: 'notice', text: 'a message' });
      report.finish();
      console.log(JSON.stringify(troubles));`;
    const mount = `mount -t tmpfs -o size=64k tmpfs '${root}' && exec "$0" --input-type=module -e "$1"`;
    const words = [process.getuid?.() === 0 ? '-m' : '-rm', 'sh', '-c', mount, process.execPath, program];
    const { stdout, stderr, status } = spawnSync('unshare', words, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual([
      'report: long outputs cannot be kept in report/output: ENOSPC',
      'report: report/events.ndjson could not be written: ENOSPC',
      'report: report/trace.json could not be written: ENOSPC',
      'report: report/report.html could not be written: ENOSPC',
    ]);
  });

  test('a directory that the build has removed is made again, for what comes at the end', () => {
    const report = open();
    rmSync(join(root, 'report'), { recursive: true });
    report.finish();
    expect(readdirSync(join(root, 'report')).sort()).toEqual(['report.html', 'trace.json']);
    expect(troubles).toEqual(['report: report/events.ndjson is gone: something has removed it while the build ran']);
  });
});

test('of a long command only the beginning is kept, and told how much is missing', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const report = open();
  const record = new RunRecord(() => 0);
  gc();
  const before = process.memoryUsage();
  for (let id = 1; id <= 60; id++) {
    const command = Buffer.alloc(900_000, `${SECRET} ${id} `).toString('latin1');
    const event: BuildEvent = { type: 'job-queued', job: job(id, recipe(id, 'a'), command) };
    for (const one of [report, record]) one.handle(event);
  }
  gc();
  const after = process.memoryUsage();
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(20e6);
  report.finish();
  const line = read('events.ndjson')
    .split('\n')
    .find((one) => one.includes('"type":"job",'));
  const { command, cut } = JSON.parse(line ?? '') as { command: string; cut: number };
  const whole = Buffer.alloc(900_000, `${SECRET} 1 `).toString().replaceAll(SECRET, '***');
  expect([command, cut]).toEqual([whole.slice(0, 2000), whole.length - 2000]);
  expect(record.job(1)?.command).toHaveLength(Buffer.alloc(2000, `${SECRET} 1 `).toString().length);
});

test('thousands of jobs: some hundred bytes of events and of trace each', () => {
  const jobs = process.env['DISTMAKE_FULL'] ? 20_000 : 2000;
  const report = open();
  for (const { at, event } of generatedRun({ jobs, hosts: 8, slots: 8 })) {
    now = at;
    report.handle(event);
  }
  report.finish();
  expect(troubles).toEqual([]);
  expect(read('events.ndjson').length).toBeLessThan(1200 * jobs);
  // Besides the counters, which are as many for a run of any length.
  expect(read('trace.json').length).toBeLessThan(700 * jobs + 1_000_000);
});
