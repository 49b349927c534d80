import { afterEach, describe, expect, test } from '@jest/globals';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry } from '../../../src/model/entry.ts';
import { file, LaneRig, NOW, type Ran, type Variant } from './lane-rig.ts';

const DONE = { kind: 'exited', status: 0 };

function directory(path: string, mode = 0o755): Entry {
  return { kind: 'directory', path, mode };
}

/** All directories of a tree by name and mode. */
function directories(top: string, at = ''): string[] {
  return readdirSync(join(top, at), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = at === '' ? name : `${at}/${name}`;
      return [`${path} ${(statSync(join(top, path)).mode & 0o777).toString(8)}`, ...directories(top, path)];
    })
    .sort();
}

function came(ran: Ran): string[] {
  return ran.outputs.map((output) => `${output.path}: ${output.kind === 'file' ? output.text : output.kind}`).sort();
}

for (const unprivileged of [false, true]) {
  const variant: Variant = {
    name: unprivileged ? 'for an ordinary user' : '',
    kind: 'perl',
    sandbox: 'overlay',
    shell: '/bin/dash',
    unprivileged,
  };

  describe(`a job that sees a part of the tree ${variant.name}`, () => {
    const rigs: LaneRig[] = [];
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.dispose();
    });

    async function open(...entries: Entry[]): Promise<LaneRig> {
      const rig = await LaneRig.open(variant, { partial: true });
      rigs.push(rig);
      await rig.lane.sync(entries);
      return rig;
    }

    /** Another lane on the same tree. */
    async function beside(first: LaneRig): Promise<LaneRig> {
      const setup = { partial: true, create: false, number: 2, staging: join(first.directory, 'staging') };
      const rig = await LaneRig.open(variant, setup);
      rigs.unshift(rig);
      return rig;
    }

    function copyOfDirectories(rig: LaneRig): string {
      return join(rig.directory, 'staging/dirs');
    }

    function expectInStep(rig: LaneRig): void {
      expect(directories(copyOfDirectories(rig))).toEqual(directories(rig.tree));
      const others = readdirSync(copyOfDirectories(rig), { recursive: true, withFileTypes: true });
      expect(others.filter((entry) => !entry.isDirectory())).toEqual([]);
    }

    test('finds what it names and all directories, and nothing else', async () => {
      const rig = await open(
        directory('d'),
        directory('d/e', 0o711),
        directory('empty'),
        file('d/named.h', 'named'),
        file('d/hidden.h', 'hidden'),
        file('d/e/script', '#!/bin/sh\necho ran\n', 0o755),
        file('top', 'top'),
        file('line\nend', 'odd'),
        { kind: 'link', path: 'd/link', time: NOW, target: 'named.h' },
        { kind: 'link', path: 'other', time: NOW, target: 'top' },
      );
      const visible = ['d/named.h', 'd/link', 'd/e/script', 'line\nend', 'not/there', 'd/nor this'];
      const ran = await rig.run(
        'find . -type d | sort; echo; find . ! -type d | LC_ALL=C sort; cat d/link; d/e/script; cat d/hidden.h top; test -e other || test -h other || echo none; stat -c %a d/e',
        { visible },
      );
      expect(ran.stdout).toBe(
        '.\n./d\n./d/e\n./empty\n\n./d/e/script\n./d/link\n./d/named.h\n./line\nend\nnamedran\nnone\n711\n',
      );
      expect(ran.stderr).toMatch(/d\/hidden\.h: No such file.*top: No such file/s);
      expect(came(ran)).toEqual([]);
      expect((await rig.run('cat d/hidden.h top')).stdout).toBe('hiddentop');
      expect((await rig.run('find . ! -type d', { visible: [] })).stdout).toBe('');
    });

    test('finds all that is below a directory with a slash behind it', async () => {
      const rig = await open(
        directory('d'),
        directory('d/e'),
        file('d/e/f', 'x'),
        file('d/g', 'x'),
        file('dd', 'x'),
        file('h', 'x'),
      );
      const seen = async (...visible: string[]): Promise<string> =>
        (await rig.run('find . ! -type d | sort', { visible })).stdout;
      expect(await seen('d/')).toBe('./d/e/f\n./d/g\n');
      expect(await seen('d/', 'h', 'd/g')).toBe('./d/e/f\n./d/g\n./h\n');
      expect(await seen('d')).toBe('');
      expect(await seen('/')).toBe('./d/e/f\n./d/g\n./dd\n./h\n');
    });

    test('is not led out of the tree by its names', async () => {
      const rig = await open(directory('d'));
      const outside = join(rig.directory, 'outside');
      mkdirSync(outside);
      await rig.lane.sync([
        { kind: 'link', path: 'door', time: NOW, target: outside },
        { kind: 'link', path: 'd/etc', time: NOW, target: '/etc' },
      ]);
      const ran = await rig.run('find . ! -type d', { visible: ['door/', 'd/etc/passwd', 'door/x', 'd/'] });
      expect(ran.stdout.split('\n').sort()).toEqual(['', './d/etc', './door']);
    });

    test('does not find what it would remove or rename', async () => {
      const rig = await open(directory('d'), file('d/hidden', 'kept'), file('seen', 'x'));
      const ran = await rig.run('rm d/hidden; mv d/hidden elsewhere; rm seen', { visible: ['seen'] });
      expect(ran.stderr.match(/No such file/g)).toHaveLength(2);
      expect(came(ran)).toEqual(['seen: removed']);
      expect(readFileSync(join(rig.tree, 'd/hidden'), 'latin1')).toBe('kept');
      expect(existsSync(join(rig.tree, 'seen'))).toBe(false);
    });

    test('writes into the one tree, also where something stands that it does not see', async () => {
      const rig = await open(
        directory('d'),
        file('d/hidden', 'old'),
        file('same', 'same'),
        file('f', 'x'),
        file('in', 'in'),
      );
      const ran = await rig.run(
        'cat in >d/hidden; echo new >d/new; mkdir made made/below; mkdir f; echo >f/g; printf add >>in; chmod 700 d',
        { visible: ['in'] },
      );
      expect(ran.outcome).toEqual(DONE);
      expect(came(ran)).toEqual([
        'd/hidden: in',
        'd/new: new\n',
        'd: directory',
        'f/g: \n',
        'f: directory',
        'f: removed',
        'in: inadd',
        'made/below: directory',
        'made: directory',
      ]);
      expect(readFileSync(join(rig.tree, 'd/hidden'), 'latin1')).toBe('in');
      expect(readFileSync(join(rig.tree, 'in'), 'latin1')).toBe('inadd');
      expectInStep(rig);
      const other = await beside(rig);
      expect((await other.run('cat d/new d/hidden; ls', { visible: ['d/new'] })).stdout).toBe('new\nd\nf\nmade\n');
      expect((await other.run('cat same d/hidden')).stdout).toBe('samein');
    });

    test('says so when it removes a directory in which it sees nothing', async () => {
      const rig = await open(directory('d'), file('d/hidden', 'x'), directory('e'), file('e/hidden', 'x'));
      const ran = await rig.run('rmdir d; rm -rf e; mkdir e; echo >e/new', { visible: [] });
      expect(came(ran)).toEqual(['d: removed', 'e/new: \n', 'e: directory', 'e: removed']);
      expectInStep(rig);
    });

    test('leaves nothing of its view behind, and nothing in the tree when it fails', async () => {
      const rig = await open(directory('d'), file('d/f', 'x'), file('g', 'x'));
      const ran = await rig.run('echo >d/f; mkdir e; exit 1', { visible: ['d/f', 'g'] });
      expect(came(ran)).toEqual([]);
      await rig.run('true', { visible: ['d/f'] });
      expect(readFileSync(join(rig.tree, 'd/f'), 'latin1')).toBe('x');
      expectInStep(rig);
      await rig.close();
      expect(readdirSync(join(rig.directory, 'staging/l1')).sort()).toEqual(['pid', 'root', 'tmp']);
      expect(lstatSync(join(rig.tree, 'd/f')).nlink).toBe(1);
    });

    test('has the directories of the moment, whatever changed them', async () => {
      const rig = await open(directory('a'), directory('a/b'), file('f', 'x'), directory('m'), directory('l'));
      await rig.run('mkdir n n/o; rm -r a; mv m moved; chmod 711 n');
      expectInStep(rig);
      await rig.run('true', {
        entries: [
          directory('n', 0o750),
          { kind: 'removed', path: 'n/o' },
          directory('f'),
          file('moved', 'a file now'),
          { kind: 'link', path: 'l', time: NOW, target: 'f' },
          directory('new'),
          directory('new/er'),
        ],
      });
      expectInStep(rig);
      expect((await rig.run('ls', { visible: ['l', 'moved'] })).stdout).toBe('f\nl\nmoved\nn\nnew\n');
    });

    test('is not for a lane that was not told of it', async () => {
      const rig = await LaneRig.open(variant);
      rigs.push(rig);
      await expect(rig.run('true', { visible: [] })).rejects.toThrow('it was not told that jobs see parts of the tree');
    });
  });
}
