import { expect, test } from '@jest/globals';
import { summarize } from '../../../src/build/run-summary.ts';
import { RecipeState } from '../../../src/engine/recipe-book.ts';
import { exited, job, recipe } from '../../fixtures/report/runs.ts';

const FIRST = '/w/repo/app';

/** A recipe that failed on the runner. */
function failed(target: string, directory: string): RecipeState {
  const of = recipe(1, target, directory);
  const state = new RecipeState(of);
  state.ran(job(1, of), exited(1), undefined, false);
  return state;
}

test.each([
  ['of the first make: as it names it', 'a.o', FIRST, 'a.o'],
  ['further down: by its path', 'x.o', `${FIRST}/lib/sub`, 'lib/sub/x.o'],
  ['outside: as its make names it', '/opt/x.o', `${FIRST}/lib`, '/opt/x.o'],
  ['in letters of its own', '\xc3\xa4.o', `${FIRST}/\xc3\xb6`, 'ö/ä.o'],
])('a failed target %s', (_, target, directory, name) => {
  expect(summarize([failed(target, directory)], [], [], FIRST, exited(2))).toMatchObject({
    counts: { local: 1 },
    failedTargets: [name],
  });
});
