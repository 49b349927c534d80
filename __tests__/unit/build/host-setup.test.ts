import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { hostSetup } from '../../../src/build/host-setup.ts';
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
