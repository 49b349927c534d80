import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { hostSetup, withStartup } from '../../../src/build/host-setup.ts';
import type { Lane, LaneSetup } from '../../../src/engine/ports.ts';
import { HOST_DEFAULTS, type Host } from '../../../src/model/host.ts';

const host = (given: Partial<Host>): Host => ({
  ...HOST_DEFAULTS,
  name: 'a',
  address: 'a',
  user: undefined,
  port: undefined,
  slots: 1,
  local: false,
  line: 1,
  ...given,
});

/** As a lane evaluates it; what the jobs then see. */
function evaluate(setup: string, see: string): { status: number | null; stdout: string; stderr: string } {
  const script = `set -e; eval "$1" >&2; set +e; exec sh -c "$2"`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', setup, see], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });
  return { status, stdout, stderr };
}

describe('what a host sets up', () => {
  test('nothing of its own', () => {
    expect(hostSetup(host({}), 'export X=1')).toBe('export X=1');
  });

  test.each([
    ['A=1 B=2', '1 2'],
    ['A=1; B=2;', '1 2'],
    ['A=1\nB="$(echo 2)"', '1 2'],
    ['. /dev/null; export A=1 B=2', '1 2'],
  ])("d1make's %j reaches the jobs (L2)", (setup, expected) => {
    expect(evaluate(hostSetup(host({ setup }), ''), 'echo $A $B')).toMatchObject({
      status: 0,
      stdout: `${expected}\n`,
    });
  });

  test('variables with any value, before what the run sets up', () => {
    const environment = { A: `it's $(false) "x"\n\\`, B: '' };
    const seen = evaluate(
      hostSetup(host({ environment }), 'C=1\nexport D="$A"'),
      'printf "%s|" "$A" "${B-no}" "${C-no}" "$D"',
    );
    expect(seen.stdout).toBe(`${environment.A}||no|${environment.A}|`);
  });

  test('a failing one fails', () => {
    expect(evaluate(hostSetup(host({ setup: 'A=1; false' }), ''), 'echo on')).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('a start-up command (E15)', () => {
  const opened = async (startup: string, create: boolean): Promise<string> => {
    const setups: string[] = [];
    const opener = withStartup(
      {
        open: (setup) => {
          setups.push(setup.setup);
          return Promise.resolve({} as Lane);
        },
      },
      host({ startup }),
    );
    await opener.open({ setup: 'echo setup', create } as LaneSetup);
    return setups.join();
  };

  test('for the first lane alone', async () => {
    expect(await opened('', true)).toBe('echo setup');
    expect(await opened('echo hi', false)).toBe('echo setup');
    expect(evaluate(await opened(`echo it's`.replace("'", '"\'"'), true), 'echo on')).toEqual({
      status: 0,
      stdout: 'on\n',
      stderr: "it's\nsetup\n",
    });
  });

  test('its failure is told', async () => {
    expect(evaluate(await opened('echo why; exit 7', true), 'echo on')).toEqual({
      status: 1,
      stdout: '',
      stderr: 'why\nits start-up command (STARTUP) ended with status 7\n',
    });
  });
});
