import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sweepHosts } from '../rig/action-rig.ts';
import { RunnerLog } from '../rig/runner-log.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { expectAlike, expectAlikeByAction, isObject, MINUTES, placesOf, Tree, type Project } from './project-tree.ts';

/** CMake names sources, headers and directories by absolute paths, and has a make for each library and program. */
const configure = (...more: readonly string[]): string[] => [
  'cmake',
  ...['-S', '.', '-B', 'build', '-G', 'Unix Makefiles'],
  '-DCMAKE_BUILD_TYPE=Debug',
  ...more,
];
/** C: a shared library and some of the programs that use it, most of them with a static one too. */
const CJSON: Project = {
  source: 'cjson',
  configure: configure('-Wno-dev'),
  words: ['-C', 'build', 'cJSON_test', 'misc_tests', 'compare_tests', 'parse_hex4'],
};
/** C++. */
const CONVERSION: Project = { source: 'double-conversion', configure: configure(), words: ['-C', 'build'] };

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'unprivileged', slots: 4 },
      { name: 'beta', user: 'root', slots: 4 },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

test(
  'what CMake generates builds as by plain make, from scratch and after a header has changed',
  () =>
    Tree.use(
      CJSON,
      async (tree) => {
        expect(Object.keys(tree.expected)).toContain('build/CMakeFiles/cjson.dir/cJSON.c.o.d');
        await expectAlike(tree, sshd);

        const header = join(tree.action.workspace, 'tests/unity/src/unity.h');
        // Assertions have their line numbers in the objects; of the programs only those with unity are made again.
        const edit = (): void => writeFileSync(header, `\n${readFileSync(header, 'utf8')}#define CHANGED 1\n`);
        const plain = await tree.plainRebuild(edit);
        let log = new RunnerLog('');
        const ours = await tree.rebuild(edit, () => {
          log = new RunnerLog(tree.command(sshd, ['--log', 'fold']));
        });
        expect(ours).toEqual(plain);
        const objects = plain.written.filter(isObject);
        expect(objects.length).toBeGreaterThan(2);
        expect(objects.length).toBeLessThan(tree.objects);
        const made = log.titles.filter(({ place }) => placesOf(sshd).includes(place));
        expect(made).toHaveLength(objects.length);
        expect(new Set(made.map(({ place }) => place))).toEqual(new Set(placesOf(sshd)));
      },
      homedir(),
    ),
  3 * MINUTES,
);

if (process.env['DISTMAKE_FULL'] !== undefined) {
  test('a C++ library of CMake', () => Tree.use(CONVERSION, (tree) => expectAlikeByAction(tree, sshd)), 2 * MINUTES);
}
