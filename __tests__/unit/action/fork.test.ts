import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeFork, forkOf } from '../../../src/action/fork.ts';

/** A repository as it stands in a payload, with some of its other fields. */
function repository(name: string, fork: boolean): unknown {
  const [owner = '', short = ''] = name.split('/');
  return {
    id: 186853002,
    name: short,
    full_name: name,
    private: false,
    owner: { login: owner, id: 21031067, type: 'User', site_admin: false },
    fork,
    default_branch: 'main',
  };
}

function pullRequest(head: unknown, base: unknown = repository('someone/project', false)): unknown {
  return {
    action: 'synchronize',
    number: 2,
    pull_request: {
      number: 2,
      state: 'open',
      title: 'Update the README with new information.',
      user: { login: 'stranger', id: 77, type: 'User' },
      head: { label: 'stranger:changes', ref: 'changes', sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821', repo: head },
      base: { label: 'someone:main', ref: 'main', sha: 'f95f852bd8fca8fcc58a9a2d6c842781e32a215e', repo: base },
      author_association: 'NONE',
      maintainer_can_modify: true,
    },
    repository: base,
    sender: { login: 'stranger', id: 77 },
  };
}

describe('a payload', () => {
  test.each([
    ['a branch of the repository itself', pullRequest(repository('someone/project', false)), undefined],
    ['the same in other letters', pullRequest(repository('Someone/Project', false)), undefined],
    // Its pull requests within itself are nobody else's.
    [
      'a branch of a repository that is a fork of another',
      pullRequest(repository('me/fork', true), repository('me/fork', true)),
      undefined,
    ],
    ['a fork', pullRequest(repository('stranger/project', true)), 'a pull request from the fork stranger/project'],
    // Two repositories of one history need not be forks to GitHub.
    [
      'another repository that is no fork',
      pullRequest(repository('stranger/copy', false)),
      'a pull request from the fork stranger/copy',
    ],
    ['a fork that was deleted', pullRequest(null), 'a pull request from a fork that is gone'],
    ['no pull request', { ref: 'refs/heads/main' }, 'a pull request whose event does not say where it comes from'],
    ['nothing', undefined, 'a pull request whose event does not say where it comes from'],
    ['a text', 'pull_request', 'a pull request whose event does not say where it comes from'],
    [
      'names that are none',
      { pull_request: { head: { repo: { full_name: 7 } }, base: { repo: { full_name: {} } } } },
      'a pull request whose event does not say where it comes from',
    ],
  ])('with %s', (_, payload, expected) => {
    expect(describeFork(payload)).toBe(expected);
  });
});

describe('an event', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fork-'));
    writeFileSync(join(folder, 'fork'), JSON.stringify(pullRequest(repository('stranger/project', true))));
    writeFileSync(join(folder, 'own'), JSON.stringify(pullRequest(repository('someone/project', false))));
    writeFileSync(join(folder, 'broken'), '{"pull_request":');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const of = (name: string, file: string): string | undefined =>
    forkOf({ GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: join(folder, file) });

  test.each(['pull_request', 'pull_request_review', 'pull_request_review_comment'])('%s', (name) => {
    expect(of(name, 'fork')).toContain('stranger/project');
    expect(of(name, 'own')).toBeUndefined();
    for (const file of ['broken', 'missing', '.']) expect(of(name, file)).toContain('does not say');
    expect(forkOf({ GITHUB_EVENT_NAME: name })).toContain('does not say');
  });

  test.each(['pull_request_target', 'push', 'merge_group', 'workflow_dispatch', 'schedule', 'issue_comment', ''])(
    '%s runs what the repository itself has',
    (name) => expect(of(name, 'fork')).toBeUndefined(),
  );
  test('none: not in a workflow', () => expect(forkOf({})).toBeUndefined());
});
