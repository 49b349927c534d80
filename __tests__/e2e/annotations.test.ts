import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ActionRig, inputsFor, sweepHosts, type Inputs, type StepResult } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';

const CXX = resolve(fileURLToPath(import.meta.url), '../../fixtures/report/cxx');

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({
    hosts: [
      { name: 'alpha', user: 'root', slots: 2 },
      // Its jobs see the workspace at a path of that host, which compilers print.
      { name: 'elsewhere', user: 'unprivileged', slots: 2, noUserNamespaces: true },
    ],
  });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

function cxxFiles(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of ['Makefile', 'include', 'src', 'tools']) {
    const paths = name === 'Makefile' ? [name] : readdirSync(join(CXX, name)).map((file) => `${name}/${file}`);
    for (const path of paths) files[path] = readFileSync(join(CXX, path), 'utf8');
  }
  return files;
}

/** Main and post; then `check`. */
function build(files: Record<string, string>, inputs: Inputs, check: (main: StepResult) => void): Promise<void> {
  return ActionRig.use({ files, inputs: { ...inputsFor(sshd), ...inputs } }, async (action) => {
    const main = await action.main();
    await action.post();
    check(main);
  });
}

/** `title FILE:LINE`, sorted: parallel recipes end in any order. */
function places(log: StepResult['log'], level: 'error' | 'warning'): string[] {
  return log
    .of(level)
    .map(({ title, file, line }) => `${title ?? '-'} ${file ?? '-'}:${line ?? '-'}`)
    .sort();
}

test('a C++ build that fails in templates, at the link and in a sub-directory', () =>
  build(cxxFiles(), { targets: 'all check', arguments: '-k' }, ({ status, log }) => {
    expect(status).toBe(2);
    expect(places(log, 'error')).toEqual([
      'check failed tools/check.cpp:3',
      'src/shapes.o failed include/area.hpp:7',
      'src/sort.o failed src/sort.cpp:13',
      'src/sort.o failed src/sort.cpp:14',
      'tools/report failed src/first.cpp:-',
      'tools/report failed src/second.cpp:-',
    ]);
    // The first of each target comes before the second of any.
    const first = log.of('error').slice(0, 4);
    expect(new Set(first.map(({ title }) => title)).size).toBe(4);
    const shapes = log.of('error').find(({ file }) => file === 'include/area.hpp');
    expect(shapes?.message).toMatch(/has no member named .area.\nfrom src\/shapes\.cpp:9\nsrc\/shapes\.o: status 1$/);
    expect(places(log, 'warning')).toEqual(['- include/area.hpp:18']);
    expect(log.of('warning')[0]?.message).toMatch(/signedness.*\nand 4 more times$/);
  }));

test('files of a host that has the workspace elsewhere, by its own paths', () =>
  build(
    {
      Makefile: 'all: src/a.o\nsrc/a.o: src/a.c\n\tcc -c -o $@ "$$PWD/$<"\n',
      'src/a.c': 'int f(void) { return nothing; }\n',
    },
    { hosts: sshd.host('elsewhere').matrixLine(), fallback: 'never' },
    ({ log }) => {
      expect(log.shown.join('\n')).toMatch(/\/tmp\/make-\S+\/tree\/src\/a\.c:1:22: error/);
      expect(places(log, 'error')).toEqual(['src/a.o failed src/a.c:1']);
    },
  ));

test('makes in sub-directories: the line is that of their own makefile, or none', () =>
  build(
    {
      Makefile: 'all: a b c\na c:\n\t$(MAKE) -C $@\nb:\n\t$(MAKE) -C b -f rules.mk\n.PHONY: all a b c\n',
      'a/Makefile': '$(warning whose)\nx.o:\n\t@exit 3\n',
      'b/rules.mk': '$(warning here)\nall: ; @:\n',
      'c/Makefile': 'all:\n\n\n\n\n\n\n\nno separator\n',
    },
    { arguments: '-k' },
    ({ status, log }) => {
      expect(status).toBe(2);
      expect(places(log, 'error')).toEqual(['a/x.o failed a/Makefile:3', 'make c/Makefile:9']);
      expect(places(log, 'warning')).toEqual(['make -:-', 'make b/rules.mk:1']);
      expect(log.of('warning').find(({ file }) => file === undefined)?.message).toBe('Makefile:1: whose');
    },
  ));

test('what a problem matcher finds, and make’s own words', () => {
  const pattern = [
    { regexp: '^(.+): line (\\d+), (Error|Warning) - (.+)$', file: 1, line: 2, severity: 3, message: 4 },
  ];
  return build(
    {
      Makefile:
        "$(warning look here)\nall: lint\n\t@exit 3\nlint:\n\t@cd web && echo 'a.js: line 7, Warning - unused'\n.PHONY: all lint\n",
      'web/a.js': 'x\n',
      '.github/lint.json': JSON.stringify({ problemMatcher: [{ owner: 'lint', pattern }] }),
    },
    { 'problem-matchers': '.github/lint.json' },
    ({ status, log }) => {
      expect(status).toBe(2);
      expect(places(log, 'warning')).toEqual(['lint web/a.js:7', 'make Makefile:1']);
      expect(places(log, 'error')).toEqual(['all failed Makefile:3']);
    },
  );
});
