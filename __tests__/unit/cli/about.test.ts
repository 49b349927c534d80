import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { tellAbout } from '../../../src/cli/about.ts';
import { USAGE } from '../../../src/cli/usage.ts';
import { VERSION } from '../../../src/cli/version.ts';
import { encode } from '../../../src/util/bytes.ts';

async function about(what: 'help' | 'version', make: string): Promise<{ out: string; err: string }> {
  let [out, err] = ['', ''];
  const outcome = await tellAbout(
    what,
    make,
    (text) => (out += text),
    (text) => (err += text),
  );
  expect(outcome).toEqual({ kind: 'exited', status: 0 });
  return { out, err };
}

const said = (program: string, option: string): string => execFileSync(program, [option], { encoding: 'latin1' });

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(VERSION).toBe(version);
});

test("--version begins with make's own words and ends with ours", async () => {
  const own = said('make', '--version');
  expect(own).toMatch(/^GNU Make \d/);
  expect(await about('version', 'make')).toEqual({ out: `${own}distmake ${VERSION}\n`, err: '' });
});

test("--help has our options and make's", async () => {
  const { out } = await about('help', 'make');
  expect(out).toBe(`${encode(USAGE)}\n\n${said('make', '--help')}`);
  expect(out).toContain('--output-sync');
  expect(out).toContain('--check');
});

test('a bmake, which has neither, is named with its version', async () => {
  expect((await about('version', 'bmake')).out).toMatch(new RegExp(`^bmake \\d{8}\\ndistmake ${VERSION}\\n$`));
  expect((await about('help', 'bmake')).out.startsWith(encode(USAGE))).toBe(true);
});

test('without a make there are still our words', async () => {
  const { out, err } = await about('version', 'no-such-make');
  expect(out).toBe(`distmake ${VERSION}\n`);
  expect(err).toMatch(/^distmake: make: no-such-make is not on PATH/);
  expect((await about('help', 'no-such-make')).out).toBe(`${encode(USAGE)}\n\n`);
});
