import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { MakeRig, TRANSPORTS } from './make-rig.ts';

/** Makefiles that print and exit just as under plain make. */
const CASES: Record<string, { files: Record<string, string>; words?: string[]; remove?: string[] }> = {
  'a plain recipe': { files: { Makefile: 'all:\n\techo one\n\t@echo two; echo err >&2\n\t-false\n\techo three\n' } },
  'bash as shell': {
    files: { Makefile: 'SHELL := /bin/bash\nall:\n\techo $$BASH_VERSION $$0 $(SHELL)\n\t[[ a == a ]]\n' },
  },
  'env and bash as shell': {
    files: { Makefile: 'SHELL := /usr/bin/env bash\nall:\n\techo $$0 $(SHELL); [[ a == a ]]\n' },
  },
  'a shell by its name': { files: { Makefile: 'SHELL = bash\nall:\n\techo $$0 $(SHELL); [[ a == a ]]\n' } },
  'a shell of the project': {
    files: {
      'tools/sh.sh': 'exec /bin/sh "$@"\n',
      Makefile: 'X := $(shell chmod +x tools/sh.sh)\nSHELL = tools/sh.sh\nall:\n\techo hello\n',
    },
  },
  'perl as shell': {
    files: {
      Makefile: 'SHELL = /usr/bin/perl\n.SHELLFLAGS = -e\n.ONESHELL:\nall:\n\t@print "a\\n";\n\tprint "b\\n";\n',
    },
  },
  'a shell by a long way': {
    files: { Makefile: 'SHELL = /.//bin/sh\nexport SHELL\nall:\n\t@echo $$SHELL $(SHELL)\n' },
  },
  'no such shell': { files: { Makefile: 'SHELL = /no/such/sh\nall:\n\techo x\n' } },
  'flags of the shell': {
    files: { Makefile: 'SHELL := /bin/bash\n.SHELLFLAGS := -eu -o pipefail -c\nall:\n\tfalse | true\n' },
  },
  'one shell': { files: { Makefile: '.ONESHELL:\nall:\n\t@x=1\n\t@echo "$$x"\n\tfalse\n\techo end\n' } },
  'one shell with errors on': {
    files: { Makefile: '.ONESHELL:\n.SHELLFLAGS = -ec\nall:\n\t@x=1\n\techo "$$x"\n\tfalse\n\techo end\n' },
  },
  posix: { files: { Makefile: '.POSIX:\nall:\n\tfalse; echo not here\n' } },
  'a recipe prefix': { files: { Makefile: '.RECIPEPREFIX = >\nall:\n>echo $(MAKEFILE_LIST)\n' } },
  'a letter as recipe prefix': { files: { Makefile: '.RECIPEPREFIX = o\nSHELL = $(if $@,)/bin/sh\nall:\noecho hi\n' } },
  'second expansion': { files: { Makefile: '.SECONDEXPANSION:\nall: $$(X)\n\techo $^\nX = y\ny:\n\techo $@\n' } },
  'everything exported': { files: { Makefile: '.EXPORT_ALL_VARIABLES:\nX = $@\nall:\n\techo $$X $$SHELL\n' } },
  'shell exported': {
    files: { Makefile: 'SHELL = /bin/bash\nexport SHELL\nexport Y = $(SHELL) -x\nall:\n\techo $$SHELL $$Y\n' },
  },
  'the directory of the shell': {
    files: { Makefile: 'SHELL = /bin/bash\nall:\n\techo $(dir $(SHELL)) $(notdir $(SHELL)) $(SHELL)x\n' },
  },
  'a shell expanded for each target': {
    files: { Makefile: 'SHELL = $(if $(filter b,$@),/bin/bash,/bin/sh)\nall: a b\na b:\n\techo $@ $$0\n' },
  },
  'a shell on the command line': {
    files: { Makefile: 'all:\n\techo $$0; $(MAKE) x\nx:\n\techo $$0\n' },
    words: ['SHELL=/bin/bash'],
  },
  'a shell of one target': { files: { Makefile: 'all: a b\na: SHELL = /bin/bash\na b:\n\techo $@ $$0\n' } },
  'the list of makefiles': {
    files: {
      'x.mk': 'X := [$(MAKEFILE_LIST)]\n',
      Makefile: 'include x.mk\n-include none.mk\nall:\n\techo "$(X)[$(MAKEFILE_LIST)]" $(lastword $(MAKEFILE_LIST))\n',
    },
  },
  'several makefiles': {
    files: { 'a.mk': 'all:\n\techo $(MAKEFILE_LIST)\n', 'b.mk': 'B=1\n' },
    words: ['-f', 'a.mk', '--file=b.mk', '--', 'all'],
  },
  'a rule for everything': {
    files: { Makefile: 'all: x\n\techo $@ $(.DEFAULT_GOAL)\n%: force\n\techo make $@\nforce: ;\nMakefile: ;\n' },
  },
  'no target at all': { files: { Makefile: 'X = 1\n' } },
  'a default rule': { files: { Makefile: 'all: other\n\techo all\n.DEFAULT:\n\techo default $@\n' } },
  'no makefile': { files: { 'a.c': '' }, words: ['nothing'] },
  'built-in rules alone': { files: { 'hello.sh': 'echo hi\n' }, words: ['hello'], remove: ['hello'] },
  'an included makefile that is made': {
    files: {
      Makefile: 'include gen.mk\nall:\n\techo $(X) $(MAKE_RESTARTS) $(MAKEFILE_LIST)\ngen.mk:\n\techo X=1 >$@\n',
    },
    remove: ['gen.mk'],
  },
  'everything made anew': { files: { Makefile: 'all: a\n\techo $(MAKE_RESTARTS)x\na:\n\techo $@\n' }, words: ['-B'] },
  'dry run with a sub-make': {
    files: { Makefile: 'all:\n\techo no\n\t$(MAKE) -C sub\n\t+echo yes\n', 'sub/Makefile': 'all:\n\techo neither\n' },
    words: ['-n'],
  },
  touch: { files: { Makefile: 'all: a\na:\n\techo $@\n' }, words: ['-t'], remove: ['a', 'all'] },
  'question, not up to date': { files: { Makefile: 'all:\n\techo $@\n' }, words: ['-q'] },
  'question, up to date': { files: { Makefile: 'all: ;\n\n' }, words: ['-q'] },
  silent: { files: { Makefile: 'all:\n\techo $@\n' }, words: ['-s'] },
  'keep going': { files: { Makefile: 'all: a b\na:\n\tfalse\nb:\n\techo $@\n' }, words: ['-k'] },
  'errors ignored': { files: { Makefile: 'all:\n\texit 7\n\techo on\n' }, words: ['-i'] },
  'sub-makes': {
    files: {
      Makefile: 'all:\n\t$(MAKE) -C sub X=1\n\tmake -C sub Y=2\n\tcd sub && ${MAKE} -f other.mk\n',
      'sub/Makefile': 'all:\n\techo $(X)$(Y) $(MAKELEVEL) $(MAKE) $(CURDIR)\n\tfalse\n.IGNORE:\n',
      'sub/other.mk': 'all:\n\techo $(MAKEFILE_LIST)\n\texit 4\n',
    },
  },
  'variables undefined': {
    files: { Makefile: 'all:\n\techo $(NONE)x\n' },
    words: ['--warn-undefined-variables'],
  },
  'without built-ins': { files: { Makefile: 'all: ; echo $(flavor CC)\n' }, words: ['-rR'] },
  'environment first': {
    files: { Makefile: 'HOME = x\nall: ; @echo $(origin HOME); $(MAKE) y\ny: ; @echo $(origin HOME)\n' },
    words: ['-e'],
  },
  'the status of $(shell)': { files: { Makefile: 'X := $(shell exit 3)\nall:\n\techo $(.SHELLSTATUS)\n' } },
  'no $(shell) yet': { files: { Makefile: 'all:\n\techo [$(.SHELLSTATUS)] $(origin .SHELLSTATUS)\n' } },
  '$(shell) in a recipe': {
    files: { Makefile: 'SHELL = /bin/bash\nX = $(shell echo $$0 $(SHELL) $$DISTMAKE_TARGET)\nall:\n\techo $(X)\n' },
  },
  'variables of ours': {
    files: { Makefile: 'all:\n\techo $(filter DIST%,$(filter-out DISTMAKE_TARGET,$(.VARIABLES)))\n' },
  },
  'a command that kills itself': { files: { Makefile: 'all:\n\tkill -KILL $$$$\n' } },
  'a program that is not there': {
    files: {
      Makefile: "X := $(shell no-such-a a)\nall:\n\t-./no-such b\n\t-no-such 'c d' e\\ f\n\t$(MAKE) -C sub\n",
      'sub/Makefile': 'all:\n\tno-such-program\n',
    },
  },
  'a program that the shell has to look for': {
    files: { Makefile: 'all:\n\t-no-such "a"\n\t-x=1 no-such\n\t-no-such; :\n' },
  },
  'a file that is no program': { files: { Makefile: 'all:\n\t-./data\n\t-./sub x\n', data: '', 'sub/x': '' } },
  'commands of the shell alone': { files: { Makefile: 'all:\n\tumask 77\n\tcommand true\n\ttimes=2\n\ttype cd\n' } },
  'question, a recipe that comes to nothing': { files: { Makefile: 'all: ; \\\n $(X)\n' }, words: ['-q'] },
  'more prerequisites for all': { files: { Makefile: '.EXTRA_PREREQS = none\nall: ; @echo hi\n' } },
  'quotes and blanks': { files: { Makefile: `all:\n\techo "a  b" 'c"d' \\\\ \\$$x \\\n\t  more # comment\n` } },
  'not UTF-8': { files: { Makefile: 'all:\n\tprintf "%s" "\\351 \u00e9" | od -c\n' } },
  help: { files: { Makefile: 'all:\n' }, words: ['--version'] },
  'an option that make refuses': { files: { Makefile: 'all:\n' }, words: ['--no-such-thing'] },
  'an option without its argument': { files: { Makefile: 'all:\n' }, words: ['-f'] },
};

/** What a shell script cannot know, that a status above 128 was a signal; what it does not do, run a command without a shell. */
const NOT_BY_SCRIPT = new Set([
  'a command that kills itself',
  'a program that is not there',
  'a file that is no program',
]);

describe.each(TRANSPORTS)('as plain make, %s', (transport) => {
  test.each(Object.entries(CASES))('%s', async (name, { files, words = [], remove = [] }) => {
    const rig = await MakeRig.create(transport, files);
    try {
      const plain = rig.plainMake(words);
      for (const file of remove) rmSync(join(rig.directory, file), { force: true });
      const ours = rig.restored(await rig.runMake(words));
      if (transport === 'script' && NOT_BY_SCRIPT.has(name)) expect(ours.outcome).toEqual(plain.outcome);
      else expect(ours).toEqual(plain);
    } finally {
      await rig.close();
    }
  });

  test('standard input as makefile', async () => {
    const rig = await MakeRig.create(transport, { 'in.mk': 'all:\n\techo $(words $(MAKEFILE_LIST))\n' });
    try {
      rig.write({ Makefile: 'all:\n\t@$(MAKE) -f - <in.mk\n' });
      expect(await rig.runMake([])).toEqual(rig.plainMake([]));
      expect(rig.seen.map(({ target }) => target)).toEqual(['all', 'all']);
    } finally {
      await rig.close();
    }
  });
});
