import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ActionRig, connectionsTo, expectNothingLeft } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'unprivileged', slots: 1 }] });
});
afterAll(() => sshd.dispose());

/** A machine whose user has a key for the host, and a run for a pull request from a fork. */
function prepare(action: ActionRig): void {
  const folder = join(action.home, '.ssh');
  mkdirSync(folder, { mode: 0o700 });
  copyFileSync(sshd.privateKeyFile, join(folder, 'id_ed25519'));
  writeFileSync(join(folder, 'known_hosts'), sshd.knownHosts);
  const event = join(action.folder, 'event.json');
  const repository = (name: string): unknown => ({ repo: { full_name: name, fork: name !== 'someone/project' } });
  const pull = { number: 7, head: repository('stranger/project'), base: repository('someone/project') };
  writeFileSync(event, JSON.stringify({ action: 'opened', number: 7, pull_request: pull }));
  action.environment = { GITHUB_EVENT_NAME: 'pull_request', GITHUB_EVENT_PATH: event };
}

test("a fork's pull request without a key builds on the runner, whatever keys the machine has", () =>
  ActionRig.use(
    {
      files: { Makefile: 'a.o: ; @hostname >$@\n' },
      inputs: { hosts: sshd.matrix, 'local-jobs': '0', arguments: '-B' },
    },
    async (action) => {
      prepare(action);
      const before = connectionsTo(sshd, 'alpha');
      const built = await action.main();
      expect(built.status).toBe(0);
      expect(built.log.annotations).toMatchObject([{ level: 'notice' }]);
      expect(built.log.annotations[0]?.message).toMatch(/fork stranger\/project.* no ssh-private-key.* on the runner$/);
      expect(action.read('a.o').trim()).toBe(hostname());
      expect(action.outputs).toMatchObject({ remote: 0, local: 1, hosts: [] });
      expect(await action.post()).toMatchObject({ status: 0, text: '' });

      // What the secret held is empty there: that is no mistake of the workflow's.
      expect(await action.main({ hosts: '', group: 'big' })).toMatchObject({ status: 0 });

      action.write({ 'a.o': 'old\n' });
      const never = await action.main({ hosts: sshd.matrix, group: '', fallback: 'never' });
      expect(never.status).toBe(2);
      expect(never.log.annotations).toMatchObject([{ level: 'error' }]);
      expect(never.log.annotations[0]?.message).toMatch(/stranger\/project.*fallback is never: nothing is built/);
      expect(action.read('a.o')).toBe('old\n');
      expect(connectionsTo(sshd, 'alpha')).toBe(before);

      // Whoever gives such runs a key wants them to have it.
      expect(await action.main({ fallback: 'local', 'ssh-private-key': sshd.privateKey })).toMatchObject({ status: 0 });
      expect(action.read('a.o')).toBe('alpha\n');
      await action.post();

      action.environment = { ...action.environment, GITHUB_EVENT_NAME: 'pull_request_target' };
      action.write({ 'a.o': 'old\n' });
      expect(await action.main({ 'ssh-private-key': '' })).toMatchObject({ status: 0 });
      expect(action.read('a.o')).toBe('alpha\n');
      await action.post();
      await expectNothingLeft(sshd);
    },
  ));
