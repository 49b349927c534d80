import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ActionRig, type Inputs } from '../rig/action-rig.ts';

/** Takes connections and only counts them: nothing may be started before the inputs are known to be good. */
let server: Server;
let connections = 0;
let good = '';
beforeAll(async () => {
  server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  good = `builder@127.0.0.1:${(server.address() as AddressInfo).port} 2`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const FILES = {
  Makefile: '$(shell touch was-read)\na.o:\n\techo >$@\n',
  'sub/README': 'no makefile\n',
  'matrix.bad': '\n# hosts\nbuild1 2\nbuild2 two\n',
};
const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n';

describe('bad input is one clear error before anything is started', () => {
  test.each<[string, Inputs, RegExp]>([
    ['a matrix line without capacity', { hosts: 'build1' }, /^input hosts.*hosts-format/],
    ['capacity 0', { hosts: '\nbuild1 0' }, /^input hosts, line 2, column \d+: .*zero/],
    ['negative capacity', { hosts: 'GOOD\nbuild1 -2\n' }, /^input hosts, line 2, column \d+: .*negative/],
    [
      'capacity that is no number',
      { hosts: 'GOOD\r\n# x\r\nbuild1 many\r\n' },
      /^input hosts, line 3, column \d+: .*not a number/,
    ],
    ['a bad port', { hosts: 'build1:65536 2' }, /^input hosts, line 1, column \d+: .*port.*65536/],
    ['a port that is no number', { hosts: 'root@build1:ssh 2' }, /^input hosts, line 1, column \d+: .*port.*ssh/],
    ['an empty matrix', { hosts: '# nothing\n' }, /^input hosts: there is no host/],
    [
      'a bad line in base64',
      { hosts: Buffer.from('build1 2\nbuild2 0\n').toString('base64') },
      /^input hosts .*base64.*, line 2, column \d+: .*zero/,
    ],
    [
      'a bad line in a file',
      { hosts: '', 'hosts-file': 'matrix.bad' },
      /hosts-file.*matrix\.bad, line 4, column \d+: .*two/,
    ],
    ['no such file', { hosts: '', 'hosts-file': 'matrix.gone' }, /^input hosts-file: .*matrix\.gone/],
    ['hosts and hosts-file', { 'hosts-file': 'matrix.bad' }, /^input hosts: .*hosts-file/],
    ['a malformed key', { 'ssh-private-key': KEY }, /ssh-private-key.*damaged/s],
    ['no key at all in the input', { 'ssh-private-key': 'secret' }, /ssh-private-key.*no private key/s],
    ['a missing makefile', { makefile: 'none.mk' }, /^input makefile: there is no file .*none\.mk/],
    ['no makefile where make goes', { arguments: '-C sub' }, /^input makefile: there is no GNUmakefile.* in .*\/sub,/],
    ['a missing directory', { 'working-directory': 'none' }, /^input working-directory: there is no directory .*none/],
    ['a directory outside', { 'working-directory': '..' }, /^input working-directory: .*outside/],
    ['an unknown fallback', { fallback: 'locale' }, /^input fallback: .*"local" or "never".*did you mean "local"/],
    ['an unknown log', { log: 'all' }, /^input log: must be "fold" or "failures" or "plain", not "?all/],
    ['an unknown truth', { summary: 'yes' }, /^input summary: must be true or false/],
    ['an unknown cache', { cache: 'perhaps' }, /^input cache: must be true or false/],
    ['jobs: 0', { jobs: '0' }, /^input jobs: /],
    ['negative local-jobs', { 'local-jobs': '-1' }, /^input local-jobs: /],
    ['-j and jobs', { jobs: '2', arguments: '-k -j3' }, /^input arguments: .*-j.*jobs/],
    ['--jobs and jobs', { jobs: '2', arguments: '--jobs=3' }, /^input arguments: .*-j.*jobs/],
    ['an open quote', { arguments: 'CFLAGS="-O2' }, /^input arguments: /],
    ['an option among the targets', { targets: 'all -k' }, /^input targets: .*-k.*arguments/],
    ['two patterns on a line', { dist: 'a.o b.o' }, /^input dist: line 1: /],
    ['a value in environment', { environment: 'TOKEN=hunter2' }, /^input environment: (?!.*hunter2).*TOKEN/],
    ['no such make', { make: 'no-such-make' }, /^make: no-such-make is not on PATH/],
    ['a make that is none', { make: '/bin/true' }, /^make: \/bin\/true is no make: /],
  ])('%s', async (_, given, message) => {
    const inputs = { ...given, hosts: (given['hosts'] ?? 'GOOD').replace('GOOD', good) };
    connections = 0;
    await ActionRig.use({ files: FILES, inputs }, async (action) => {
      const main = await action.main();
      expect(main).toMatchObject({ status: 2, signal: null });
      expect(main.log.annotations).toHaveLength(1);
      expect(main.log.annotations[0]).toMatchObject({ level: 'error' });
      expect(main.log.annotations[0]?.message).toMatch(message);
      expect(main.log.outside).toEqual([]);
      expect(main.log.groups).toEqual([]);
      expect(action.state.size).toBe(0);
      expect(action.exists('was-read')).toBe(false);
      expect(action.leftovers()).toEqual([]);
      expect(await action.post()).toMatchObject({ status: 0, text: '' });
      expect(connections).toBe(0);
    });
  });

  test('all of it at once', () =>
    ActionRig.use({ files: FILES, inputs: { fallback: 'x', log: 'y', hosts: good } }, async (action) => {
      const main = await action.main();
      expect(main.status).toBe(2);
      expect(main.log.annotations).toHaveLength(1);
      expect(main.log.annotations[0]?.message).toMatch(/^input fallback: .*\ninput log: /);
    }));
});
