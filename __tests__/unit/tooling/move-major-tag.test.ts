import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const script = resolve(import.meta.dirname, '../../../scripts/move-major-tag.sh');
let folder: string;
let clone: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'major-tag-'));
  clone = join(folder, 'clone');
  execFileSync('git', ['init', '--quiet', '--bare', join(folder, 'origin')]);
  execFileSync('git', ['clone', '--quiet', join(folder, 'origin'), clone], { stdio: 'ignore' });
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function git(...args: string[]): string {
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', '-c', 'tag.gpgSign=false'];
  return execFileSync('git', [...who, '-c', 'commit.gpgSign=false', ...args], { cwd: clone, encoding: 'utf8' }).trim();
}

/** Commits and tags a release; the commit. */
function release(version: string, { tag = `v${version}` } = {}): string {
  writeFileSync(join(clone, 'package.json'), `${JSON.stringify({ name: 'x', version, type: 'module' }, null, 2)}\n`);
  git('add', '.');
  git('commit', '--quiet', '-m', version);
  git('tag', '-m', tag, tag);
  return git('rev-parse', 'HEAD');
}

function move(tag: string) {
  const { status, stdout, stderr } = spawnSync(script, [tag], { cwd: clone, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

/** The commit of a tag at origin, undefined where there is none. */
function atOrigin(tag: string): string | undefined {
  return git('ls-remote', 'origin', `refs/tags/${tag}`).split('\t')[0] || undefined;
}

test('the major tag follows the releases', () => {
  const first = release('1.9.0');
  expect(move('v1.9.0').status).toBe(0);
  expect(atOrigin('v1')).toBe(first);
  const second = release('1.10.0');
  expect(move('v1.10.0').status).toBe(0);
  expect(atOrigin('v1')).toBe(second);
  const other = release('2.0.0');
  expect(move('v2.0.0').status).toBe(0);
  expect([atOrigin('v1'), atOrigin('v2')]).toEqual([second, other]);
});

test('neither an older release nor a pre-release moves it', () => {
  const newest = release('1.10.0');
  move('v1.10.0');
  release('1.9.1');
  release('1.11.0-rc.1');
  for (const tag of ['v1.9.1', 'v1.11.0-rc.1', 'v1']) {
    expect(move(tag).status).toBe(0);
    expect(atOrigin('v1')).toBe(newest);
  }
});

test('a tag that is not there, or not the version of package.json, is an error', () => {
  release('1.0.0', { tag: 'v1.0.1' });
  expect(move('v1.0.1')).toEqual({ status: 1, said: expect.stringContaining('package.json says 1.0.0') });
  expect(move('v1.5.0')).toEqual({ status: 1, said: expect.stringContaining('no tag v1.5.0') });
  expect(atOrigin('v1')).toBeUndefined();
});
