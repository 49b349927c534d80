import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { ESLint, Linter } from 'eslint';
import { layers, rule } from '../../../scripts/eslint-layers.js';

const root = resolve(import.meta.dirname, '../../..');
const eslint = new ESLint({
  cwd: root,
  // With CI set the parser would look at the file on disk, once, instead of the texts here.
  overrideConfig: { languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } } },
});

/** The rules that a text breaks as the content of a file of src/ (an existing one: the type checker must know it). */
async function broken(file: string, text: string): Promise<(string | null)[]> {
  const results = await eslint.lintText(text, { filePath: resolve(root, 'src', file) });
  return results.flatMap(({ messages }) => messages.map(({ ruleId }) => ruleId));
}

test.each([
  ['engine/ports.ts', "import '../make/make.ts';"],
  ['engine/ports.ts', "import '../main.ts';"],
  ['model/job.ts', "import type { Slot } from '../engine/ports.ts';\nexport type Other = Slot;"],
  ['model/job.ts', "export { other } from '../action/run.ts';"],
  ['model/job.ts', "export * from '../engine/ports.ts';"],
  ['util/bytes.ts', "export const other = import('../model/job.ts');"],
  ['util/bytes.ts', "export type Other = import('../model/job.ts').Job;"],
  ['util/bytes.ts', "import '../nowhere/nothing.ts';"],
])('an import that goes up is refused: %s, %s', async (file, text) => {
  expect(await broken(file, text)).toContain('distmake/layers');
});

test('the middle layers do not import each other', () => {
  const middle = layers.find((names) => names.includes('ssh')) ?? [];
  expect(middle).toEqual(expect.arrayContaining(['make', 'ssh', 'stage', 'report', 'hosts', 'cache']));
  const linter = new Linter({ cwd: root });
  const config: Linter.Config = {
    plugins: { own: { rules: { layers: rule } } },
    rules: { 'own/layers': ['error', `${root}/src`] },
  };
  for (const from of middle) {
    for (const to of [...middle, 'engine', 'model', 'util', 'build', 'action']) {
      const text = `import '../${to}/thing.js';`;
      const messages = linter.verify(text, config, { filename: `${root}/src/${from}/thing.js` });
      expect({ from, to, refused: messages.length }).toEqual({
        from,
        to,
        refused: to !== from && [...middle, 'build', 'action'].includes(to) ? 1 : 0,
      });
    }
  }
});

test.each([
  ['engine/ports.ts', "import '../model/job.ts';\nimport '../util/bytes.ts';"],
  ['engine/ports.ts', "import './ports.ts';\nimport 'node:fs';"],
])('an import that goes down or stays is not: %s', async (file, text) => {
  expect(await broken(file, text)).not.toContain('distmake/layers');
});

test('@actions/core, the console and new URL(…, import.meta.url) have their places', async () => {
  expect(await broken('engine/ports.ts', "import '@actions/core';")).toContain('no-restricted-imports');
  expect(await broken('engine/ports.ts', "console.log('hello');")).toContain('no-console');
  expect(await broken('engine/ports.ts', "export const u = new URL('../assets/x', import.meta.url);")).toContain(
    'no-restricted-syntax',
  );
});
