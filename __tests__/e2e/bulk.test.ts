import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ActionRig, inputsFor, sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'root', slots: 2 }] });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

test('a bulk build: what failed and what was skipped for it is in log and summary; the mark decides whether it is tried again', () =>
  ActionRig.use(
    {
      files: { Makefile: 'all: a b c\na b c: ; @test ! -e bad.$@ && echo $@ >>made && touch $@\nb: c\n', 'bad.c': '' },
      inputs: { ...inputsFor(sshd), bulk: 'state', arguments: '-k', targets: 'all', dist: '*' },
    },
    async (action) => {
      const first = await action.main();
      const report = 'bulk build: 1 built, 1 failed, 1 skipped';
      expect(first.status).toBe(2);
      expect(first.log.outside.join('\n')).toContain(report);
      expect(first.log.outside).toContain('skipped: b: because of c');
      expect(action.summary).toContain('because of c');
      expect(action.read('made')).toBe('a\n');

      rmSync(join(action.workspace, 'bad.c'));
      expect((await action.main()).status).toBe(2);
      expect(action.read('made')).toBe('a\n');

      rmSync(join(action.workspace, 'state/locks/c'));
      expect((await action.main()).status).toBe(0);
      expect(action.read('made')).toBe('a\nc\nb\n');
      expect(readFileSync(join(action.workspace, 'state/report'), 'utf8')).toMatch(/^c built /m);
      expect(existsSync(join(action.workspace, 'state/done'))).toBe(false);
      await action.post();
    },
  ));
