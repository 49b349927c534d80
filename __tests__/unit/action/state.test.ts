import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readRunState, saveRunState } from '../../../src/action/state.ts';
import { isStagingName, stagingDirectory, stagingName } from '../../../src/build/staging-name.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';

const SECRET = '-----BEGIN OPENSSH PRIVATE KEY-----';
const HOST: Host = {
  ...HOST_DEFAULTS,
  ...{ name: 'h', address: '10.0.0.1', user: 'me', port: 22, slots: 2, line: 1, local: false },
  transport: ['rsh', '-x'],
  environment: { TOKEN: 'hush' },
  setup: 'PASSWORD=hush',
  startup: 'login hush',
};
const OTHER: Host = { ...HOST, name: 'other', transport: undefined };
const DIRECTORY = stagingDirectory(stagingName(new Date(0)), HOST);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'state-'));
  writeFileSync(join(folder, 'state'), '');
  process.env['GITHUB_STATE'] = join(folder, 'state');
});
afterEach(() => {
  delete process.env['GITHUB_STATE'];
  rmSync(folder, { recursive: true, force: true });
});

/** What a run has saved last. */
function saved(used: ReadonlyMap<Host, readonly string[]>, secret: string | undefined): string {
  saveRunState(used, secret);
  return readFileSync(join(folder, 'state'), 'utf8').trimEnd().split('\n').at(-2) ?? '';
}

test('post finds what main has saved, and nothing secret in it', () => {
  const text = saved(
    new Map([
      [HOST, [DIRECTORY]],
      [OTHER, []],
    ]),
    SECRET,
  );
  expect(text).not.toContain('hush');
  const state = readRunState(text, SECRET);
  expect(state?.hosts).toHaveLength(1);
  expect(state?.hosts[0]).toMatchObject({ host: { name: 'h', transport: ['rsh', '-x'] }, directories: [DIRECTORY] });
  expect(readRunState(saved(new Map([[HOST, []]]), SECRET), SECRET)).toEqual({ hosts: [] });
});

test('with another secret, or none, it is not what main has saved', () => {
  const text = saved(new Map([[HOST, [DIRECTORY]]]), SECRET);
  expect(readRunState(text, undefined)).toBeUndefined();
  expect(readRunState(text, `${SECRET} `)).toBeUndefined();
  expect(readRunState(saved(new Map([[HOST, [DIRECTORY]]]), undefined), undefined)?.hosts).toHaveLength(1);
});

test('without a secret anybody can seal: no directory but one of a run is taken all the same', () => {
  const bad = [
    '/',
    '/etc',
    `${DIRECTORY}/..`,
    `${DIRECTORY}\n/etc`,
    `${DIRECTORY}; reboot`,
    '/tmp/make-x-$(reboot)',
    '',
  ];
  for (const directory of bad)
    expect([directory, readRunState(saved(new Map([[HOST, [DIRECTORY, directory]]]), undefined), undefined)]).toEqual([
      directory,
      undefined,
    ]);
  const nested = [[DIRECTORY]] as unknown as string[];
  expect(readRunState(saved(new Map([[HOST, nested]]), undefined), undefined)).toBeUndefined();
  const odd = { ...HOST, address: ['x'] } as unknown as Host;
  expect(readRunState(saved(new Map([[odd, [DIRECTORY]]]), undefined), undefined)).toBeUndefined();
});

test('whatever is changed in it, nothing of it is taken', () => {
  const text = saved(new Map([[HOST, [DIRECTORY]]]), SECRET);
  let seed = 4711;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const pieces = ['"', '/', '..', '\\n', '{}', '[]', 'null', ',', ':', '0', 'sh', '-c', ' ', '\0', 'é', text];
  for (let round = 0; round < 3000; round++) {
    const at = random(text.length + 1);
    const piece = pieces[random(pieces.length)] ?? '';
    const changed = text.slice(0, at) + piece + text.slice(at + random(12));
    const state = readRunState(changed, SECRET);
    // Blanks between the words of JSON are no change.
    if (state === undefined) continue;
    expect(JSON.parse(changed)).toEqual(JSON.parse(text));
    expect(state.hosts.every(({ directories }) => directories.every(isStagingName))).toBe(true);
  }
  for (const one of [
    '',
    'null',
    '7',
    '[]',
    '{}',
    '{"hosts":null,"seal":""}',
    '{"hosts":{"length":1},"seal":"00"}',
    '"',
  ])
    expect(readRunState(one, SECRET)).toBeUndefined();
});
