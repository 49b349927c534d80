import { readFileSync } from 'node:fs';

/** Events whose run takes the code, and may take the workflow, from the head of a pull request. */
const EVENTS = new Set(['pull_request', 'pull_request_review', 'pull_request_review_comment']);

/**
 * Whether this run builds what a fork's pull request brings, whose makefile and host matrix are a stranger's; and why, for
 * people. GitHub gives such runs no secrets (Events that trigger workflows, "Workflows in forked repositories").
 * `pull_request_target` runs what the base repository has, and is none.
 *
 * @param env GITHUB_EVENT_NAME and GITHUB_EVENT_PATH, the file with the event's payload
 * @returns undefined: it is not. Where the payload cannot tell, it is taken for one
 */
export function forkOf(env: NodeJS.ProcessEnv): string | undefined {
  if (!EVENTS.has(env['GITHUB_EVENT_NAME'] ?? '')) return undefined;
  return describeFork(readPayload(env['GITHUB_EVENT_PATH'] ?? ''));
}

/**
 * @param payload of an event of a pull request, as GitHub sends it
 * @returns why it is a fork's, as what follows "this run is for "; undefined: it is not
 */
export function describeFork(payload: unknown): string | undefined {
  const pull = field(payload, 'pull_request');
  const base = nameOf(field(pull, 'base'));
  const head = nameOf(field(pull, 'head'));
  if (base === undefined) return 'a pull request whose event does not say where it comes from';
  // GitHub has no repository there once the fork is deleted.
  if (head === undefined) return 'a pull request from a fork that is gone';
  // Names of repositories are the same in either case.
  return head.toLowerCase() === base.toLowerCase() ? undefined : `a pull request from the fork ${head}`;
}

/** `owner/name` of the repository of one side; undefined where there is none. */
function nameOf(side: unknown): string | undefined {
  const name = field(field(side, 'repo'), 'full_name');
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function field(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[name] : undefined;
}

function readPayload(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}
