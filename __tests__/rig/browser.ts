import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser as Chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.mjs';

const QUIET = [
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A page from a file, and what went wrong on it. */
export interface OpenPage {
  readonly page: Page;
  /** What it asked for besides itself. */
  readonly requests: readonly string[];
  /** Errors and warnings of its console, exceptions, and what its policy stopped. */
  readonly complaints: readonly string[];
}

/** A real browser without a window; one is enough for a test file. */
export class Browser implements AsyncDisposable {
  readonly #browser: Chromium;
  readonly #folder = mkdtempSync(join(tmpdir(), 'distmake-page-'));
  #pages = 0;

  private constructor(browser: Chromium) {
    this.#browser = browser;
  }

  static async start(): Promise<Browser> {
    const executablePath = findBrowser();
    if (executablePath === undefined) throw new Error('there is no browser: install chromium, or Chrome');
    return new Browser(await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...QUIET] }));
  }

  /** Opens a page as people do who have downloaded it: from a file. */
  async open(html: string, size = { width: 1400, height: 900 }): Promise<OpenPage> {
    const file = join(this.#folder, `page-${++this.#pages}.html`);
    writeFileSync(file, html);
    const context = await this.#browser.newContext({ viewport: size, colorScheme: 'light' });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    const url = pathToFileURL(file).href;
    page.on('request', (request) => {
      if (request.url() !== url) requests.push(request.url());
    });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    return { page, requests, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
