import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { expectNothingLeft, sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot, type Files } from './command-rig.ts';

interface Case {
  readonly files: Files;
  /** Shell commands that put into the workspace what `files` cannot say. */
  readonly prepare?: string;
  readonly goals?: readonly string[];
  /** Further options of the command. */
  readonly own?: readonly string[];
  /** Targets whose recipes run on the runner; all others must run on hosts. */
  readonly local?: readonly string[];
  /** Paths whose content differs from run to run. */
  readonly leaveOut?: RegExp;
  readonly status?: number;
}

/** Every target may leave in all of them: what a host makes must be what the runner makes. */
const CASES: Readonly<Record<string, Case>> = {
  '.ONESHELL': {
    files: {
      Makefile:
        '.ONESHELL:\nall:\n\tcd sub\n\tx="a b"\n\tif true; then\n\t  echo "$$x $$(basename $$PWD)" >../$@\n\tfi\n',
      'sub/': '',
    },
  },
  '.ONESHELL with another language': {
    files: {
      Makefile:
        '.ONESHELL:\nSHELL := /usr/bin/perl\n.SHELLFLAGS := -e\nall:\n\topen my $$f, ">", "$@";\n\tprint $$f 6*7, "\\n";\n',
    },
  },
  'SHELL and .SHELLFLAGS': {
    files: {
      Makefile: `SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
all: process.o pipe.o
process.o: ; diff <(echo a) <(echo a) && echo "$$BASH_VERSION" | cut -c1 >$@
pipe.o: ; if false | true; then echo lenient; else echo strict; fi >$@
`,
    },
  },
  'a failure inside of a pipe': {
    files: {
      Makefile: 'SHELL := /bin/bash\n.SHELLFLAGS := -o pipefail -c\n.DELETE_ON_ERROR:\nall: ; exit 3 | cat >$@\n',
    },
    local: ['all'],
    status: 2,
  },
  'what make writes while it expands a recipe': {
    files: {
      // The second of each must see what the first has left changed, in place and of the same length.
      Makefile: `all: a.o b.o c.o d.o
a.o: ; $(file >list,one)cat list >$@
b.o: a.o ; $(file >list,two)cat list >$@
c.o: b.o ; $(shell mkdir -p made; echo one >made/x)cat made/x >$@
d.o: c.o ; $(shell echo two >made/x)cat made/x >$@
`,
    },
  },
  'lines of a recipe': {
    files: {
      Makefile: `all: a b
a b:
	cd sub && pwd | sed 's,.*/,,' >../$@
	pwd | sed 's,.*/,,' >>$@
	@echo quiet >>$@
	-@exit 3
	+@echo "always; $(words x y)" >>$@
	printf '%s\\n' 'a  b' "\\$$HOME" '#' \\
	  "joined" >>$@
`,
      'sub/': '',
    },
    // The line that fails runs again on the runner, and what follows it.
    local: ['a', 'b'],
  },
  'something in /tmp between two lines of a recipe': {
    files: {
      Makefile:
        'all: 1.o 2.o ; cat 1.o 2.o >$@\n1.o 2.o:\n\techo $@ >/tmp/between-$@\n\tcp /tmp/between-$@ $@\n\trm /tmp/between-$@\n',
    },
  },
  'order-only prerequisites': {
    files: {
      Makefile: `OUT = out/deep
NAMES = $(addprefix $(OUT)/,1.o 2.o 3.o 4.o 5.o 6.o)
all: $(NAMES) ; cat $(NAMES) >$@
$(OUT)/%.o: | $(OUT) ; echo $* >$@
$(OUT): ; mkdir -p $@
`,
    },
  },
  'what recipes on the runner make besides their target': {
    files: {
      Makefile: `all: a.o b.o
a.o: gen ; cat hidden/version.h >$@
gen: ; mkdir hidden; echo 1 >hidden/version.h; touch $@
b.o: a.o again ; cat hidden/version.h data >$@
again: a.o ; echo 2 >hidden/version.h; printf B | dd of=data bs=1 seek=3 conv=notrunc status=none; touch $@
`,
      data: 'aaaaaaaa\n',
    },
    own: ['--local', 'gen', '--local', 'again'],
    local: ['gen', 'again'],
  },
  'a file of the same size, changed again and again': {
    files: {
      Makefile: `all: 9.o
define step
$(1).o: $(1).local ; cat data >$$@
$(1).local: $(2) ; printf $(1) >data; touch $$@
endef
$(foreach n,1 2 3 4 5 6 7 8 9,$(eval $(call step,$(n),$(if $(filter 1,$(n)),,$(shell expr $(n) - 1).o))))
`,
      data: '0',
    },
    own: ['--local', '*.local'],
    local: ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((n) => `${n}.local`),
  },
  'files that go and move, on either side': {
    files: {
      Makefile: `all: 1.o 2.l 3.o 4.l 5.o
1.o: ; rm gone1; mv old1 new1; mv dir1 moved1; rm -r tree1; mkdir tree1; echo x >tree1/only; ls -R >$@
2.l: 1.o ; ls -R >$@; rm gone2; mv old2 new2; mv dir2 moved2; rm -r tree2; echo now-a-file >tree2
3.o: 2.l ; list=$$(ls -R); echo "$$list" >$@; cat new1 new2 moved1/a moved2/a tree1/only tree2 >>$@; rm tree2; mkdir tree2
4.l: 3.o ; ls -R >$@; rm -r moved1; ln -s moved2 moved1
5.o: 4.l ; ls -R >$@; cat moved1/a >>$@; rm moved1; mkdir -p moved1/deeper
`,
      gone1: '',
      gone2: '',
      old1: '1\n',
      old2: '2\n',
      'dir1/a': 'a1\n',
      'dir2/a': 'a2\n',
      'tree1/one/x': '',
      'tree2/two/x': '',
    },
    own: ['--local', '*.l'],
    local: ['2.l', '4.l'],
  },
  'modes, and directories that are read-only': {
    files: {
      Makefile: `all: 1.o 2.l 3.o
1.o: ; cat closed/in/file >$@; chmod 640 $@; mkdir made; echo x >made/x; chmod 400 made/x; chmod 555 made; chmod +x plain
2.l: 1.o ; ./plain >$@; stat -c '%a %n' made made/x 1.o plain closed >>$@; chmod 644 plain; chmod 700 closed; chmod 755 made
3.o: 2.l ; umask 077; stat -c '%a %n' made made/x 1.o plain closed >$@; rm made/x; echo y >made/y
`,
      'closed/in/file': 'closed\n',
      plain: '#!/bin/sh\necho runs\n',
    },
    prepare: 'chmod 444 closed/in/file; chmod 555 closed/in closed',
    own: ['--local', '*.l'],
    local: ['2.l'],
  },
  links: {
    files: {
      Makefile: `all: 1.o 2.o
1.o: ; cat to-file to-dir/f up/target >$@; ls -l dangling | sed 's/.*-> //' >>$@; ls out >>$@; ln -s 1.o made; ln -s ../target sub/made; ln -sf target to-file; rm dangling
2.o: 1.o ; cat made sub/made to-file >$@; rm to-dir; mkdir to-dir; echo d >to-dir/d
`,
      target: 'target\n',
      'dir/f': 'f\n',
      'sub/': '',
    },
    prepare: 'ln -s target to-file; ln -s dir to-dir; ln -s nowhere dangling; ln -s . up; ln -s /etc/ssl out',
  },
  'empty directories': {
    files: {
      Makefile: `all: 1.o 2.l 3.o
1.o: ; rmdir empty1; mkdir -p new/er; ls -d empty* >$@
2.l: 1.o ; rmdir empty2 new/er; mkdir here; ls >$@
3.o: 2.l ; ls >$@; rmdir here new; mkdir last
`,
      'empty1/': '',
      'empty2/': '',
      'empty3/': '',
    },
    own: ['--local', '*.l'],
    local: ['2.l'],
  },
  'names of any bytes': {
    files: {
      Makefile: `all: 1.o 2.o
1.o: ; mkdir copy; cd odd; for f in *; do cp "./$$f" "../copy/$$f"; done; ls | od -c >../$@
2.o: 1.o ; cd copy; for f in *; do mv "./$$f" "./$$f.moved"; done; ls | od -c >../$@; cat ./* >>../$@
`,
      'odd/': '',
    },
    prepare: `cd odd; nl='
'; for f in 'a b' " lead" 'q"q' "it's" '$HOME' '$(x)' 'back\\slash' "new\${nl}line" "$(printf 'latin\\351')" "$(printf 'ut\\303\\251')" '-dash' '*' '%' '#' ':'; do printf '%s' "$f" >"./$f"; done`,
  },
  'targets with odd names': {
    files: {
      Makefile:
        "all: it's.o a\\ b.o sub/$$d.o x\\:y.o ; @:\n%.o: ; mkdir -p sub; echo '$(subst ','\\'',$@)' >\"$(subst $$,\\$$,$@)\"\n",
    },
  },
  'variables that travel': {
    files: {
      Makefile: `define LINES
one
two
endef
export LINES QUOTED = it's "$$(x)" \\ end
export BYTES := $(shell printf 'latin\\351')
export EMPTY =
UNEXPORTED = no
export PATH := $(CURDIR)/tools:$(PATH)
unexport GONE
all: a.o b.o umask.o
a.o: export OWN = target
a.o: ; echo "$$LINES $$QUOTED $$BYTES $$EMPTY$$\{EMPTY-unset} $$UNEXPORTED $$OWN $$GONE $$MAKELEVEL" >$@; tool.sh >>$@
b.o: ; echo "$$OWN$$FROM_COMMAND$(FROM_COMMAND)" >$@
umask.o: ; umask >$@; touch umask.x; mkdir umask.d
`,
      'tools/tool.sh': '#!/bin/sh\necho tool\n',
    },
    goals: ['FROM_COMMAND=it is'],
  },
  'SHELL in recipes': {
    files: {
      Makefile: `X := $(shell echo parsed)
all: ; $(SHELL) script.sh $(X) >$@; echo "$(SHELL) $(shell echo in a recipe) $(MAKE)" >>$@; echo "$$SHELL" | grep -c distmake >>$@ || :
`,
      'script.sh': 'echo "script $1 $0"\n',
    },
    // It names make: it may be a call of it.
    local: ['all'],
  },
  'rules of every kind': {
    files: {
      Makefile: `all: both.a lib.a grouped.x double inter.end here.o stamp
VPATH = sources
%.a %.b: %.in ; cp $< $*.a; cp $< $*.b
lib.a: lib.a(one.o) lib.a(two.o)
lib.a(two.o): lib.a(one.o)
(%.o): %.o ; ar rcD $@ $%
one.o two.o: ; echo $@ >$@
grouped.x grouped.y &: ; echo x >grouped.x; echo y >grouped.y
double:: ; echo 1 >>$@
double:: ; echo 2 >>$@
%.end: %.mid ; cp $< $@
%.mid: %.start ; cp $< $@
here.o: there.c ; cp $< $@
stamp: FORCE ; @echo '$?' >$@; test -e $@
FORCE:
.SECONDARY: one.o two.o
`,
      'both.in': 'both\n',
      'inter.start': 'start\n',
      'sources/there.c': 'there\n',
    },
  },
  'an included makefile that a host makes': {
    files: {
      Makefile: 'include gen.mk\nall: ; echo "$(VALUE)" >$@\ngen.mk: input ; sed "s/^/VALUE = /" input >$@\n',
      input: 'from a host\n',
    },
  },
  'recursive makes': {
    files: {
      Makefile: 'all: a.o\n\t$(MAKE) -C sub X=1\n\t+make -f other.mk\na.o: ; echo a >$@\n',
      'other.mk': 'other.o: ; echo other >$@\n',
      'sub/Makefile': 'all: b.o deep/c.o\nb.o: ; echo "b$(X)" >$@; cat ../a.o >>$@\ndeep/c.o: b.o ; $(MAKE) -C deep\n',
      'sub/deep/Makefile': 'c.o: ; cat ../b.o >$@; pwd | sed "s,.*workspace,," >>$@\n',
    },
    local: ['all', 'deep/c.o'],
  },
  'times that a recipe sets': {
    files: {
      Makefile: `all: old.o copy.o ; stat -c '%n %Y' old.o copy.o source | sort >$@
old.o: ; touch -d '2001-02-03 04:05:06' $@
copy.o: source ; cp -p $< $@
`,
      source: 'source\n',
    },
    prepare: "touch -d '2010-11-12 13:14:15.123456789' source",
  },
  'large files, holes and hard links': {
    files: {
      Makefile: `all: 1.o 2.o
1.o: ; cat large large large >$@; truncate -s 2M hole; ln 1.o hard; printf x >>grows
2.o: 1.o ; cksum 1.o hard hole grows >$@; rm hard; ./made-tool.sh >>$@
1.o: made-tool.sh
made-tool.sh: ; printf '#!/bin/sh\\necho made\\n' >$@; chmod +x $@
`,
      large: Buffer.alloc(1_500_000, 'large\n'),
      grows: 'g',
    },
  },
  'temporary files': {
    files: {
      Makefile:
        'all: ; t=$$(mktemp) && echo x >$$t && mv $$t $@; chmod 644 $@; echo y >/tmp/left-behind.$@; ls -A /tmp | wc -l >$@\n',
    },
    leaveOut: /^all$/,
  },
  'a tool that hosts lack': {
    files: { Makefile: 'all: x.o\nx.o: ; only-here.sh >$@\n' },
    local: ['x.o'],
  },
  'much output': {
    files: { Makefile: 'all: a.o b.o\na.o b.o: ; seq 50000 | sed s/^/$@/; seq 20000 >&2; echo x >$@\n' },
  },
  'a long command, and many prerequisites': {
    files: {
      Makefile: `LIST := $(shell seq 5000)
all: $(LIST:%=in/%) ; echo '$(LIST)' | wc -w >$@; echo $(words $^) >>$@
in/%: ; exit 9
`,
      'in/': '',
    },
    prepare: 'cd in && seq 5000 | xargs touch',
  },
  'keep going': {
    files: {
      Makefile:
        'all: bad.o good.o after.o\nbad.o: ; echo half >$@; exit 4\ngood.o: ; echo good >$@\nafter.o: bad.o ; echo no >$@\n',
    },
    goals: ['-k'],
    local: ['bad.o'],
    status: 2,
  },
  'a recipe that kills itself': {
    files: { Makefile: 'all: ; echo half >$@; kill -TERM $$$$\n' },
    local: ['all'],
    status: 2,
  },
};

/** Runs a case by plain make and by the command, in the same place. */
async function compare(sshd: SshdRig, given: Case, setUp: (rig: CommandRig) => void = () => undefined): Promise<void> {
  const { files, prepare = ':', goals = [], own = [], local = [], leaveOut, status = 0 } = given;
  await CommandRig.use(sshd, files, async (rig) => {
    execFileSync('bash', ['-c', prepare], { cwd: rig.workspace });
    rig.write({ '../tools/only-here.sh': '#!/bin/sh\necho here\n' });
    rig.path = `${rig.folder}/tools:${rig.path}`;
    setUp(rig);
    const original = rig.save('original');
    const expected = await rig.make(['-j4', '-O', ...goals]);
    expect(expected).toMatchObject({ status });
    const tree = snapshot(rig.workspace, leaveOut);
    const question = await rig.make(['-q', ...goals]);

    rig.restore(original);
    const result = await rig.runFolded(['--dist', '*', '--local-jobs', '0', ...own, '-j4', ...goals]);
    expect(snapshot(rig.workspace, leaveOut)).toEqual(tree);
    expect([result.status, result.stderr]).toEqual([status, '']);
    const places = result.log.titles.map(({ target, place }) => [target, place] as const);
    const here = places.filter(([target, place]) => place === 'local' && !local.includes(target));
    expect(here).toEqual([]);
    if (status === 0) expect(places.length).toBeGreaterThan(0);
    expect(await rig.make(['-q', ...goals])).toMatchObject({ status: question.status });
    expect(rig.processes()).toEqual([]);
    await expectNothingLeft(sshd);
  });
}

describe('everything may leave', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2 },
        { name: 'beta', user: 'root', slots: 2 },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test.each(Object.keys(CASES))('%s', (name) => compare(sshd, CASES[name] as Case));

  test.each([
    '.ONESHELL',
    'lines of a recipe',
    'variables that travel',
    ...(process.env['DISTMAKE_FULL'] === undefined ? [] : ['files that go and move, on either side', 'much output']),
  ])('no compiler on the runner: %s', (name) =>
    compare(sshd, CASES[name] as Case, (rig) => (rig.path = rig.withoutCompilers())),
  );
});

describe('everything may leave, and hosts refuse namespaces', () => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 2, noUserNamespaces: true },
        { name: 'beta', user: 'root', slots: 2, noUserNamespaces: true },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test.each([
    'what recipes on the runner make besides their target',
    'a file of the same size, changed again and again',
    'files that go and move, on either side',
    'modes, and directories that are read-only',
    'links',
    'empty directories',
    'names of any bytes',
    'large files, holes and hard links',
    'keep going',
  ])('%s', (name) => compare(sshd, CASES[name] as Case));
});
