import { copyFileSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { layOut } from '../../page/layout.ts';
import { Run, type Leg } from '../../page/run.ts';
import { number } from '../../page/words.ts';
import { pageTemplate } from '../../scripts/page.mjs';
import { pageData } from '../../src/report/page/encode-page.ts';
import type { PageData } from '../../src/report/page/page-data.ts';
import { renderPage } from '../../src/report/page/render-page.ts';
import { faulty } from '../fixtures/report/faulty-run.ts';
import { generatedRun, recordOf } from '../fixtures/report/generated-run.ts';
import { passingRun } from '../fixtures/report/runs.ts';
import { Browser, type OpenPage } from '../rig/browser.ts';

const root = resolve(import.meta.dirname, '../..');
const screenshots = join(root, 'build', 'screenshots');

/** Height of the axis above the rows. */
const AXIS = 24;

let browser: Browser;
let template: string;

beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true });
  template = pageTemplate();
  browser = await Browser.start();
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
});

/** A page of a run, looked at from outside. */
class Report {
  readonly run: Run;
  readonly page: Page;
  readonly #open: OpenPage;

  constructor(data: PageData, open: OpenPage) {
    this.run = new Run(data);
    this.page = open.page;
    this.#open = open;
  }

  static async of(data: PageData, size?: { width: number; height: number }): Promise<Report> {
    return new Report(data, await browser.open(renderPage(data, template), size));
  }

  get canvas() {
    return this.page.locator('#timeline-canvas');
  }

  text(selector: string): Promise<string> {
    return this.page.locator(selector).innerText();
  }

  /** How many jobs the filter has left, as the page says it. */
  async found(): Promise<string> {
    return this.text('.found');
  }

  /** First and last second in sight. */
  async shown(): Promise<string> {
    return this.text('#shown');
  }

  targets(table: string): Promise<string[]> {
    return this.page.locator(`${table} tbody th button`).allInnerTexts();
  }

  /** Where the middle of a leg's bar is on the screen, while all of the run is shown. */
  async middle(leg: Leg): Promise<{ x: number; y: number }> {
    const row = layOut(this.run).rows.find(({ bars }) => bars.some((bar) => bar.leg === leg && !bar.waiting));
    const box = await this.canvas.boundingBox();
    if (!row || !box) throw new Error('the leg has no bar');
    const scrolled = await this.page.locator('.timeline-frame').evaluate((frame) => frame.scrollTop);
    const time = (leg.placed + (leg.ended ?? this.run.seconds)) / 2;
    return { x: box.x + (time / this.run.seconds) * box.width, y: box.y + AXIS + row.y - scrolled + row.height / 2 };
  }

  /** The colour at a place of the screen, in the canvas: red, green, blue. */
  async colour({ x, y }: { x: number; y: number }): Promise<number[]> {
    const box = await this.canvas.boundingBox();
    const at = [x - (box?.x ?? 0), y - (box?.y ?? 0)] as const;
    return this.page.evaluate<number[]>(`{
      const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      const canvas = document.getElementById('timeline-canvas');
      [copy.canvas.width, copy.canvas.height] = [canvas.width, canvas.height];
      copy.drawImage(canvas, 0, 0);
      [...copy.getImageData(${at[0]}, ${at[1]}, 1, 1).data].slice(0, 3);
    }`);
  }

  async theme(name: string): Promise<void> {
    await this.page.getByLabel('Theme').selectOption(name);
    // The canvas follows with the next frame.
    await this.page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
  }

  /** What is wrong for people who do not see, or see or point otherwise. */
  async barriers(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
      'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)',
    );
    return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ''} ${nodes[0]?.failureSummary ?? ''}`);
  }

  /** Nothing was asked for, nothing was complained about. */
  expectQuiet(): void {
    expect(this.#open.requests).toEqual([]);
    expect(this.#open.complaints).toEqual([]);
  }
}

const dataOf = (jobs: number, fails = false): PageData => pageData(recordOf(generatedRun({ jobs, fails })));

describe.each([10, 1000, 20_000])('%i jobs', (jobs) => {
  const data = dataOf(jobs, jobs === 1000);
  let report: Report;

  beforeAll(async () => {
    report = await Report.of(data);
  });

  afterAll(async () => {
    await report.page.context().close();
  });

  test('says what became of the run, and lists its jobs', async () => {
    expect(await report.text('h1')).toMatch(jobs === 1000 ? /^distmake: failed in / : /^distmake: succeeded in /);
    expect(await report.page.title()).toBe(await report.text('h1'));
    const { length } = report.run.jobs;
    expect(await report.found()).toBe(number(length, 'job'));
    expect((await report.targets('#jobs')).length).toBe(Math.min(50, length));
    if (length > 50) {
      await report.page.locator('#jobs').getByRole('button', { name: 'Next' }).click();
      expect((await report.targets('#jobs'))[0]).toBe(report.run.jobs[50]?.recipe.target);
    }
    expect((await report.targets('#path'))[0]).toBe(report.run.steps[0]?.job?.recipe.target);
  });

  test('a click on a bar shows its job; the mouse over it says what it is', async () => {
    const place = report.run.places.find(({ name }) => name === 'build1');
    const [leg] = [...(place?.legs ?? [])]
      .filter(({ state }) => state === 'remote')
      .sort((a, b) => (b.ended ?? 0) - b.placed - ((a.ended ?? 0) - a.placed));
    if (!leg) throw new Error('nothing ran on build1');
    await report.canvas.scrollIntoViewIfNeeded();
    const middle = await report.middle(leg);
    await report.page.mouse.move(middle.x, middle.y);
    await report.page.locator('.tooltip').waitFor({ state: 'visible' });
    expect(await report.text('.tooltip strong')).toBe(leg.job.recipe.target);
    await report.page.mouse.click(middle.x, middle.y);
    expect(await report.text('.details h3')).toBe(leg.job.recipe.target);
    const details = await report.text('.details');
    expect(details).toContain(leg.job.command);
    expect(details).toContain(`build1, slot ${leg.slot}`);
    expect(details).toContain('least loaded');
  });

  test('search and filters leave the same jobs in the table and in the picture', async () => {
    const { page, run } = report;
    const total = number(run.jobs.length, 'job');
    const count = async (wanted: (job: Run['jobs'][number]) => boolean): Promise<void> => {
      const left = run.jobs.filter(wanted);
      expect(await report.found()).toBe(`${number(left.length)} of ${total}`);
      expect(await report.targets('#jobs')).toEqual(left.slice(0, 50).map(({ recipe }) => recipe.target));
    };
    await page.getByLabel('Search', { exact: true }).fill('/^(table|index)/');
    await count(({ recipe }) => /^(table|index)/.test(recipe.target));
    await page.getByLabel('Search', { exact: true }).fill('/(/');
    expect(await report.found()).toBe('This is no regular expression.');
    await page.getByLabel('Search', { exact: true }).fill('');
    await page.getByLabel('Host', { exact: true }).selectOption('build2');
    await count((job) => job.legs.some(({ place }) => place.name === 'build2'));
    await page.getByLabel('State', { exact: true }).selectOption('on a host');
    await count((job) => job.legs.some(({ place, state }) => place.name === 'build2' && state === 'remote'));
    await page.getByLabel('Host', { exact: true }).selectOption('');
    await page.getByLabel('State', { exact: true }).selectOption('');
    await page.getByLabel('critical path only').check();
    await count((job) => job.onPath);
    await page.getByLabel('critical path only').uncheck();
    await page.locator('#reasons').getByRole('button', { name: 'calls make' }).click();
    await count((job) => job.legs.some(({ reason }) => reason === 'calls make'));
    await page.getByLabel('Reason', { exact: true }).selectOption('');
    expect(await report.found()).toBe(total);
  });

  test('zoom and movement by keys, wheel and buttons', async () => {
    const { page } = report;
    const all = await report.shown();
    expect(all).toMatch(/^all /);
    await report.canvas.focus();
    await page.keyboard.press('+');
    const nearer = await report.shown();
    expect(nearer).not.toBe(all);
    await page.keyboard.press('End');
    expect(await report.shown()).not.toBe(nearer);
    await page.keyboard.press('0');
    expect(await report.shown()).toBe(all);
    const box = await report.canvas.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 300, (box?.y ?? 0) + 80);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -240);
    await page.keyboard.up('Control');
    await page.locator('#shown', { hasText: ' of ' }).waitFor();
    const zoomed = await report.shown();
    await page.mouse.down();
    await page.mouse.move((box?.x ?? 0) + 200, (box?.y ?? 0) + 80, { steps: 3 });
    await page.mouse.up();
    expect(await report.shown()).not.toBe(zoomed);
    await page.getByRole('button', { name: 'Whole run' }).click();
    expect(await report.shown()).toBe(all);
  });

  test('the arrow keys go from job to job and say each; Enter shows it', async () => {
    const { page, run } = report;
    await report.canvas.focus();
    const said = new Set<string>();
    for (const key of ['ArrowDown', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowLeft']) {
      await page.keyboard.press(key);
      const text = await report.text('.said');
      said.add(text);
      expect(run.jobs.some(({ recipe }) => text.startsWith(`${recipe.target}: `))).toBe(true);
    }
    expect(said.size).toBeGreaterThan(1);
    await page.keyboard.press('Enter');
    const title = await page.evaluate<string>('document.activeElement.textContent');
    expect((await report.text('.said')).startsWith(`${title}: `)).toBe(true);
    await page.keyboard.press('Escape');
  });

  test.each(['light', 'dark'])('%s: coloured by state, no barriers', async (theme) => {
    const { page, run } = report;
    await report.theme(theme);
    const [background] = await report.colour(
      await report.canvas.boundingBox().then((box) => ({ x: (box?.x ?? 0) + 1, y: (box?.y ?? 0) + 1 })),
    );
    if (theme === 'dark') expect(background).toBeLessThan(40);
    else expect(background).toBeGreaterThan(230);
    const longest = [...(run.places[0]?.legs ?? [])]
      .filter(({ state }) => state === 'remote')
      .sort((a, b) => (b.collecting ?? 0) - (b.started ?? 0) - ((a.collecting ?? 0) - (a.started ?? 0)))[0];
    if (!longest) throw new Error('nothing ran on the first host');
    const { x, y } = await report.middle(longest);
    const [red = 0, , blue = 0] = await report.colour({ x, y: y + 4 });
    expect(blue).toBeGreaterThan(red + 60);
    expect(await report.barriers()).toEqual([]);
    await page.evaluate('scrollTo(0, 0)');
    await page.screenshot({ path: join(screenshots, `report-${jobs}-${theme}.png`) });
    if (jobs === 1000 && theme === 'light' && process.env['DISTMAKE_SCREENSHOTS'] === '1') {
      mkdirSync(join(root, 'docs', 'images'), { recursive: true });
      copyFileSync(join(screenshots, 'report-1000-light.png'), join(root, 'docs', 'images', 'report.png'));
    }
    report.expectQuiet();
  });
});

test('tables sort by their headings, and say so', async () => {
  const report = await Report.of(dataOf(300));
  const { page } = report;
  const heading = page.locator('#jobs').getByRole('columnheader', { name: 'Running' });
  await heading.getByRole('button').press('Enter');
  expect(await heading.getAttribute('aria-sort')).toBe('descending');
  const [first] = await report.targets('#slowest');
  // What calls make runs longer than all that is in it; the slowest are listed without those.
  await page.getByLabel('State', { exact: true }).selectOption('on a host');
  const targets = await report.targets('#jobs');
  expect(targets).toContain(first);
  await heading.getByRole('button').press('Enter');
  expect(await heading.getAttribute('aria-sort')).toBe('ascending');
  expect((await report.targets('#jobs'))[0]).not.toBe(targets[0]);
  await page.locator('#slowest tbody th button').first().click();
  expect(await report.text('.details h3')).toBe(first);
  report.expectQuiet();
});

test('a host that was away: its rows are shaded for so long, its losses can be listed', async () => {
  const report = await Report.of(pageData(recordOf(faulty)));
  const row = layOut(report.run).rows.filter(({ place, kind }) => place.name === 'build2' && kind === 'slot')[3];
  const box = await report.canvas.boundingBox();
  if (!row || !box) throw new Error('build2 has no fourth slot');
  /** How many colours there are in the middle of that row, from one second to another. */
  const colours = async (from: number, to: number): Promise<number> => {
    const x = (time: number): number => Math.round(box.x + (time / report.run.seconds) * box.width);
    const y = Math.round(box.y + AXIS + row.y + row.height / 2);
    const found = new Set<string>();
    for (let at = x(from); at < x(to); at++) found.add((await report.colour({ x: at, y })).join());
    return found.size;
  };
  expect(await colours(4.1, 4.4)).toBeGreaterThan(2);
  // A line of the grid, perhaps.
  expect(await colours(7.1, 7.4)).toBeLessThanOrEqual(2);
  const losses = report.page.locator('#hosts details');
  await losses.locator('summary').press('Enter');
  expect(await losses.locator('li').allInnerTexts()).toEqual([
    'lost at 3.00 s for 2.00 s: it has said nothing for 15 s',
    'lost at 13.0 s for 1.00 s: the link is dead',
    'lost at 15.0 s: it has said nothing for 15 s; left out: its make is another one',
  ]);
  expect(await report.barriers()).toEqual([]);
  report.expectQuiet();
  await report.page.context().close();
});

test('everything is reached with the Tab key', async () => {
  const report = await Report.of(dataOf(10));
  const reached = new Set<string>();
  for (let presses = 0; presses < 90; presses++) {
    await report.page.keyboard.press('Tab');
    reached.add(
      await report.page.evaluate<string>(
        '(({ id, textContent, labels, tagName }) => id || (labels?.length ? labels[0].textContent : textContent) || tagName)(document.activeElement)',
      ),
    );
  }
  const wanted = [
    'Skip to the timeline',
    'timeline-canvas',
    'Zoom in',
    'mark the critical path',
    'critical path only',
    'Running',
  ];
  expect([...reached]).toEqual(expect.arrayContaining(wanted));
  report.expectQuiet();
});

test.each([
  ['320 pixels', { width: 320, height: 640 }],
  ['200 % of 1280', { width: 640, height: 400 }],
])('%s: nothing is cut off, no barriers', async (_name, size) => {
  const report = await Report.of(dataOf(300, true), size);
  await report.canvas.focus();
  await report.page.keyboard.press('ArrowDown');
  await report.page.keyboard.press('Enter');
  expect(await report.page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(size.width);
  expect((await report.canvas.boundingBox())?.width).toBeGreaterThan(size.width * 0.8);
  expect(await report.barriers()).toEqual([]);
  await report.page.screenshot({ path: join(screenshots, `report-${size.width}.png`), fullPage: true });
});

test('names are shown, never understood', async () => {
  const names = [
    '</script><script>evil=1</script>',
    '<img src=x onerror=evil=1>',
    '"><svg onload=evil=1>',
    'a\nb',
    '\u202egpj.exe',
    '{{evil}}',
    '<!--',
  ];
  let next = 0;
  const record = recordOf(generatedRun({ jobs: 40, rename: (target) => `${names[next++ % names.length]}${target}` }));
  for (const job of record.jobs) Object.assign(job, { command: `</pre><script>evil=1</script> ${names.join(' ')}` });
  const outputs = new Map(record.jobs.map(({ id }) => [id, 'javascript:evil=1//<b>']));
  const report = await Report.of(pageData(record, outputs));
  const { page } = report;
  await page.locator('#jobs tbody th button').nth(3).click();
  const place = await page.locator('.details a').getAttribute('href');
  expect(place).toMatch(/^\.\/javascript%3A/);
  await report.canvas.focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
  const shown = await report.targets('#jobs');
  expect(shown.some((text) => text.includes('<img src=x onerror=evil=1>'))).toBe(true);
  expect(await page.evaluate('typeof evil')).toBe('undefined');
  expect(await page.locator('img, svg, b').count()).toBe(0);
  expect(await page.locator('script').count()).toBe(2);
  report.expectQuiet();
});

test('what gets past all that may still not run or load anything', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { page, complaints } = await browser.open(renderPage(dataOf(10), template));
  await page.evaluate(`{
    const script = document.createElement('script');
    script.textContent = 'evil = 1';
    const image = document.createElement('img');
    image.src = 'http://127.0.0.1:${port}/x.png';
    const stopped = new Promise((resolve) => (image.onerror = resolve));
    document.body.append(script, image);
    stopped;
  }`);
  const fetched = page.evaluate(`fetch('http://127.0.0.1:${port}/y').then(() => 'fetched', () => 'stopped')`);
  expect(await fetched).toBe('stopped');
  expect(await page.evaluate('typeof evil')).toBe('undefined');
  expect(complaints.filter((text) => text.includes('Content Security Policy')).length).toBeGreaterThanOrEqual(3);
  expect(asked).toEqual([]);
  await new Promise((resolve) => server.close(resolve));
});

test.each([
  ['cut short', pageData(recordOf(generatedRun({ jobs: 300, until: 6 })))],
  ['without a job', pageData(recordOf([{ at: 1, event: passingRun[0]! }]))],
  ['without times', pageData(recordOf(passingRun.map((event) => ({ at: 0, event }))))],
])('a run %s has its page too', async (name, data) => {
  const report = await Report.of(data);
  expect(await report.text('h1')).toMatch(
    name === 'without times' ? /succeeded in 1 min 15 s/ : /^distmake: not finished in /,
  );
  await report.canvas.focus();
  for (const key of ['ArrowDown', 'ArrowRight', '+', 'Enter']) await report.page.keyboard.press(key);
  expect(await report.barriers()).toEqual([]);
  report.expectQuiet();
});
