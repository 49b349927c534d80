import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Page } from 'playwright-core';
import { gantt, ganttText } from '../../src/report/summary/gantt.ts';
import { generatedRun, type GeneratedRunOptions } from '../fixtures/report/generated-run.ts';
import { summaryOf } from '../fixtures/report/summary-of.ts';
import { Browser } from '../rig/browser.ts';
import { drawDiagrams, githubPage } from '../rig/github-page.ts';

/** The job summary in a real browser: its tables by marked, its timeline by Mermaid. */

const ROOT = '/home/runner/app';
const PICTURES = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));
const README = fileURLToPath(new URL('../../docs/images/', import.meta.url));

let browser: Browser;
beforeAll(async () => {
  browser = await Browser.start();
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
});

interface Shown {
  readonly page: Page;
  readonly errors: readonly string[];
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

async function show(markdown: string, theme?: 'dark'): Promise<Shown> {
  const { page, requests, complaints } = await browser.open(await githubPage(markdown, theme), {
    width: 964,
    height: 800,
  });
  const errors = await drawDiagrams(page, theme);
  return { page, errors, complaints, requests };
}

/** How many elements there are below the page's diagrams. */
const count = (page: Page, selector: string): Promise<number> => page.locator(`.mermaid svg ${selector}`).count();

const bars = (markdown: string): number => [...markdown.matchAll(/^.+ :(?:\w+, )*\d+, \d+$/gm)].length;

const evil = (target: string): string => `section <img src=x onerror=alert(1)>\n\`\`\`;%%{init}%% "'|#35;${target}`;

const RUNS: readonly (readonly [name: string, options: GeneratedRunOptions, theme?: 'dark'])[] = [
  ['summary-10', { jobs: 10 }],
  ['summary', { jobs: 64, hosts: 3, slots: 4, fails: true, losesHost: false }],
  ['summary-1000', { jobs: 1000 }],
  ['summary-20000', { jobs: 20_000, hosts: 40, rename: evil }],
  ['summary-dark', { jobs: 28, rename: evil }, 'dark'],
];

/** The upper part, which is what people see at first. */
async function pictureForReadme(page: Page): Promise<void> {
  const below = await page.locator('h3', { hasText: 'Slowest targets' }).boundingBox();
  mkdirSync(README, { recursive: true });
  const clip = { x: 0, y: 0, width: 964, height: below?.y ?? 1000 };
  await page.screenshot({ path: `${README}summary.png`, fullPage: true, clip });
}

describe.each(RUNS)('%s', (name, options, theme) => {
  test('all of it is drawn, and every text has its place', async () => {
    const markdown = summaryOf(generatedRun(options), ROOT);
    const { page, errors, complaints, requests } = await show(markdown, theme);
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage: true });
    if (name === 'summary' && process.env['DISTMAKE_SCREENSHOTS'] === '1') await pictureForReadme(page);

    expect({ errors, complaints, requests }).toEqual({ errors: [], complaints: [], requests: [] });
    expect(bars(markdown)).toBeGreaterThan(5);
    expect(await count(page, 'rect.task')).toBe(bars(markdown));
    // In a packed diagram such a text would stand in the next bar.
    const outside = await page.locator('.taskTextOutsideRight, .taskTextOutsideLeft').allTextContents();
    if (markdown.includes('displayMode: compact'))
      expect(outside.filter((text) => /[^\s\u200b]/.test(text))).toEqual([]);
    expect(await page.locator('img, script[src]').count()).toBe(0);
    expect(await page.locator('h3').allTextContents()).toContain('Why on the runner');
    expect(await page.locator('table').count()).toBeGreaterThan(2);
    await page.close();
  });
});

test('any name at all is drawn as the text that was meant', async () => {
  const names = fc.sample(fc.string({ unit: 'binary', maxLength: 30 }), { numRuns: 150, seed: 1 });
  const words =
    'gantt section title dateFormat axisFormat tickInterval excludes includes todayMarker click call href'.split(' ');
  words.push(
    ...'inclusiveEndDates topAxis weekday weekend accTitle accDescr vert done active crit milestone monday after'.split(
      ' ',
    ),
  );
  const all = [
    ...names,
    ...words,
    ...words.map((word) => `${word} x`),
    ...words.map((word) => `${word}: x`),
    '__proto__',
    '---',
    '%%',
    '%%{',
    '#59;',
    '2026-01-01',
  ];
  const diagram = gantt(
    all.map((name, at) => ({ name, bars: [{ text: name, kind: 'usual', from: at, to: at + 1 }] })),
    { seconds: all.length, packed: false },
  );
  const { page, errors } = await show(diagram);
  expect(errors).toEqual([]);
  const texts = await page.locator('.mermaid svg text[class*=taskText]').allTextContents();
  expect(texts.map((text) => text.trim())).toEqual(all.map((name) => ganttText(name, 48)));
  await page.close();
});
