import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makefilesBelow } from '../../../src/make/makefiles-below.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'makefiles-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

test('what looks like a makefile, nearest first; not what is hidden, or no file', () => {
  write('d/e/GNUmakefile', 'three');
  write('Makefile', 'one');
  write('d/rules.mk', 'two');
  write('.git/Makefile', 'hidden');
  write('node_modules/x/Makefile', 'foreign');
  write('main.c', 'source');
  mkdirSync(join(folder, 'makefile.d'));
  expect(makefilesBelow(folder)).toBe('one\ntwo\nthree\n');
  expect(makefilesBelow(join(folder, 'none'))).toBe('');
});

test('a large tree is looked at in part', () => {
  for (let at = 0; at < 310; at++) write(`d${at}/Makefile`, 'x');
  expect(makefilesBelow(folder)).toBe('x\n'.repeat(300));
});
