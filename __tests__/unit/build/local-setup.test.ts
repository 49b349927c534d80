import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setUpLocally } from '../../../src/build/local-setup.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;
const PATH = `PATH=${process.env['PATH'] ?? ''}`;

function setUp(given: Partial<Host>, environment: readonly string[] = [], signal = never): Promise<readonly string[]> {
  const address = { name: 'localhost', address: 'localhost', user: undefined, port: undefined };
  const host: Host = { ...HOST_DEFAULTS, ...address, slots: 1, local: true, line: 1, ...given };
  return setUpLocally(host, [PATH, ...environment], signal);
}

describe('what bare localhost sets up on the runner', () => {
  test('nothing', async () => {
    expect(await setUp({})).toEqual([]);
  });

  test('its variables, and what its set-up lines assign, export and unset (L2)', async () => {
    const environment = { A: "it's 1", KEPT: 'new' };
    const setup = 'B="$A $OWN"; export C="two\nlines"; unset GONE; OWN=2\necho heard; PATH=/first:$PATH';
    const changes = await setUp({ environment, setup }, ['OWN=1', 'GONE=1', 'KEPT=old', 'SAME=\xff']);
    expect([...changes].sort()).toEqual(
      ["A=it's 1", "B=it's 1 1", 'C=two\nlines', 'GONE', 'KEPT=new', 'OWN=2', PATH.replace('=', '=/first:')].sort(),
    );
  });

  test("what is make's or ours is left alone", async () => {
    expect(await setUp({ setup: 'MAKEFLAGS=k; DISTMAKE_RUN=x; cd /; A=1' })).toEqual(['A=1']);
  });

  test.each([
    ['false', /^the setup lines failed there$/],
    ['echo no licence >&2; exit 4', /^the setup lines failed there; it said: no licence$/],
    ['exit 0', /^the setup lines failed there$/],
    ['if', /^the setup lines failed there; it said: .*syntax/is],
  ])('lines that fail leave it out: %j', async (setup, words) => {
    await expect(setUp({ setup })).rejects.toThrow(words);
  });

  test('a start-up command comes first, once; what it assigns stays with it (E15)', async () => {
    const log = join(folder, 'log');
    const changes = await setUp({ startup: `echo started >>'${log}'; X=1`, setup: `echo set up >>'${log}'; Y=$X-` });
    expect(readFileSync(log, 'utf8')).toBe('started\nset up\n');
    expect(changes).toEqual(['Y=-']);
  });

  test('a start-up command that fails leaves it out, before any set-up', async () => {
    const setup = `: >'${join(folder, 'set up')}'`;
    await expect(setUp({ startup: 'echo out of order; exit 3', setup })).rejects.toThrow(
      'its start-up command (STARTUP) ended with status 3; it said: out of order',
    );
    expect(existsSync(join(folder, 'set up'))).toBe(false);
  });

  test('no value of a variable is among the words of a process', async () => {
    const seen = join(folder, 'seen');
    await setUp({ environment: { TOKEN: 'hush-hush' }, setup: `cat /proc/$$/cmdline >'${seen}'` });
    expect(readFileSync(seen, 'utf8')).toMatch(/sh\0-c\0/);
    expect(readFileSync(seen, 'utf8')).not.toContain('hush');
  });

  test('the end of the run ends it', async () => {
    const stop = new AbortController();
    const waiting = setUp({ startup: 'sleep 600' }, [], stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow('cancelled');
  });
});
