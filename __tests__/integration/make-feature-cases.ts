import type { Files } from './command-rig.ts';

/** A feature of makefiles or of make's command line, in a directory of its own. */
export interface Feature {
  /** Without any: no Makefile at all. */
  readonly files: Files;
  /** For sh; default: make once. What it prints is compared, and how it ends. */
  readonly script?: string;
  /** Make starts several recipes: lines may come in any order. */
  readonly sorted?: boolean;
  /** Not before GNU make 4.4. */
  readonly since?: '4.4';
  /** What is not to be seen outside of the first make: the script's makes are the command itself. */
  readonly alone?: boolean;
  /** Recipes that write a file `.at` and run on the runner all the same. */
  readonly here?: readonly string[];
}

/** In a recipe that must run on a host: writes down where it ran. */
const AT = '@hostname >$@.at';

/** Runs make again and again, with these words. */
const each = (...words: readonly string[]): string =>
  words.map((one) => `echo "== ${one}"; make ${one}; echo "= $?"`).join('\n');

const SHELLS: Readonly<Record<string, Feature>> = {
  'SHELL := /bin/bash': {
    files: {
      Makefile: `SHELL := /bin/bash\nall: a b\na b:\n\t[[ $@ == [ab] ]] && diff <(echo 1) <(echo 1) && echo "$$0 $(SHELL)"\n\t${AT}\n`,
    },
  },
  'SHELL = /usr/bin/env bash': {
    files: {
      Makefile: `SHELL = /usr/bin/env bash\nall: a b\na b:\n\t[[ $@ == [ab] ]] && echo "$$0 $(SHELL) $$BASH_VERSION"\n\t${AT}\n`,
    },
  },
  '.SHELLFLAGS': {
    files: {
      Makefile: `SHELL = /bin/bash\n.SHELLFLAGS = -eu -o pipefail -c\nall: loose strict unset\nloose: ; ${AT}; echo "$$-" | tr -d B\nstrict: ; false | true; echo no\nunset: ; echo "$$NONE"\n`,
    },
    script: 'make -k',
  },
  '.SHELLFLAGS with automatic variables': {
    files: {
      Makefile: `SHELL = /bin/bash\n.SHELLFLAGS = -c 'echo "flags of $@:$(patsubst %,<%>,$^)"; eval "$$0"'\nall: a b\na b: c\na b c:\n\techo $@\n\t${AT}\n`,
    },
  },
  'SHELL of one target, which runs where it is': {
    files: { Makefile: `all: a b\na: SHELL = /bin/bash\na b:\n\techo $@ $$0\n\t${AT}\n` },
    here: ['a'],
  },
  '.SHELLFLAGS of one target': {
    files: { Makefile: `all: a b\na: .SHELLFLAGS = -ec\na b:\n\tfalse; echo $@\n\t${AT}\n` },
    script: 'make -k',
    here: ['a'],
  },
  '.ONESHELL, with prefixes inside': {
    files: {
      Makefile: `.ONESHELL:\nall: a b\na:\n\t@x="$@ of"\n\t-y=one\n\t+echo "$$x $$y"\n\t@if true; then\n\t\t@echo inner\n\tfi\n\thostname >$@.at\nb:\n\techo loud\n\t@echo not quiet\n\tfalse\n\techo last\n`,
    },
  },
  '.ONESHELL, quiet, failing, ignored': {
    files: {
      Makefile: `.ONESHELL:\n.SHELLFLAGS = -ec\nall: a b c\na:\n\t@echo quiet\n\techo all of it\n\thostname >$@.at\nb:\n\t-false\n\techo not here\nc:\n\techo half >$@\n\tfalse\n`,
    },
    script: 'make -k',
  },
  '.ONESHELL with perl': {
    files: {
      Makefile: `.ONESHELL:\nSHELL := /usr/bin/perl\n.SHELLFLAGS := -e\nall: a b\na b:\n\tmy $$x = "$@";\n\t@list = (1, 2);\n\tprint "$$x @list\\n";\n\topen my $$f, ">", "$@.at"; print $$f \`hostname\`;\n`,
    },
  },
  '.POSIX': {
    files: {
      Makefile: `.POSIX:\nall: a b\na: ; ${AT}; echo $$-; false; echo not here\nb: ; -@false\n\techo $(CC) $$-\n`,
    },
    script: 'make -k',
    here: ['a'],
  },
  'a shell that is not there': {
    files: { Makefile: 'SHELL = /no/such/sh\nall: a b\na b: ; @echo $@; :\n' },
    script: 'make -k',
  },
};

const RECIPES: Readonly<Record<string, Feature>> = {
  'define, a canned recipe': {
    files: {
      Makefile: `define show =\n@echo "one of $@"\necho 'two of $(1)'\n-@exit $(words $(1))\nendef\nall: a b\na: ; $(show)\n\t${AT}\nb:\n\t$(call show,)\n\t@$(call show,x y)\n\t${AT}\n`,
    },
    here: ['b'],
  },
  '$(shell) and !=': {
    files: {
      Makefile: `P := $(shell echo parsed in $(notdir $(CURDIR)); exit 3)\nS := $(.SHELLSTATUS)\nN != printf '%s\\n' one "two three" ''\nX = $(shell echo "$@ $(words $^)"; cat input)\nall: a b\na: b ; @echo '$(P) $(S) $(N) $(X)'; cat a.txt\n\t${AT}\nb:\n\t@echo '$(shell echo new >input; echo wrote)' $(file >a.txt,by $@)\n\t@cat input a.txt\n\t${AT}\n`,
      input: 'old\n',
    },
  },
  '$(shell) that fails': {
    files: { Makefile: 'X := $(shell no-such-tool-at-all; exit 4)\nall: ; @echo "$(.SHELLSTATUS)"; hostname >$@.at\n' },
  },
  'prefixes of lines': {
    files: {
      Makefile: `all: a b c d\na:\n\t@-+ echo quiet\n\t-@ exit 3\n\t+echo always\n\t- @+exit 4\nb:\n\t@exit 5\n\techo not here\nc: ; @ hostname >$@.at\n\t @  echo $@\nd:\n\t${AT}\n\t@# nothing\n\t\n\t@\n`,
    },
    script: each('-k', '-kn', '-ks', '-ki'),
  },
  'commands around 128 KiB': {
    files: {
      Makefile: `X := $(shell printf '%0100d' 0)\nL := $(foreach n,$(shell seq 1300),$(X))\nall: below above file\nbelow: ; @echo '$(wordlist 1,1200,$(L))' | wc -c\n\t${AT}\nabove: ; @echo '$(L)' | wc -c\nfile: ; $(file >$@.txt,$(L))@wc -w <$@.txt\n\t${AT}\n`,
    },
    script: 'make -k',
  },
  'statuses and signals': {
    files: {
      Makefile: `all: one high exec none term kill int quiet; @echo never\none: ; @exit 1\nhigh: ; @exit 255\nexec: ; @./Makefile; exit $$?\nnone: ; @no-such-tool-at-all; exit $$?\nterm: ; @kill -TERM $$$$\nkill: ; @echo half >$@; kill -KILL $$$$\nint: ; @exit 130\nquiet: ; -@kill -USR1 $$$$\n\t${AT}\n`,
    },
    script: 'make -k',
    here: ['quiet'],
  },
  '.DELETE_ON_ERROR, .PRECIOUS, .INTERMEDIATE': {
    files: {
      Makefile: `.DELETE_ON_ERROR:\n.PRECIOUS: kept\n.SUFFIXES:\nall: gone kept x.c\ngone kept: ; @echo half >$@; exit 1\n%.c: %.b ; cp $< $@\n\t${AT}\n%.b: %.a ; cp $< $@\n\t${AT}\n`,
      'x.a': 'a\n',
    },
    script: 'make -k; make -k',
  },
  '.IGNORE and .SILENT': {
    files: {
      Makefile: `.IGNORE: a\n.SILENT: b\nall: a b c\na: ; false\n\techo on\nb: ; echo silent\n\t${AT}\nc: ; echo loud\n\t${AT}\n`,
    },
  },
  '.RECIPEPREFIX': {
    files: {
      Makefile: `.RECIPEPREFIX = >\nall: a\n> @echo $@\na:\n>@echo $@\n>${AT}\n.RECIPEPREFIX =\nb: ; @echo b\n`,
    },
  },
  'variables: of targets, private, override, exported': {
    files: {
      Makefile: `V = global\nall: V = of all\nall: private P = mine\nall: a b c\n\t@echo "$@ $(V) $(P)"\na: override V = mine\na b: ; @echo "$@ $(V) $(P) $$E $$W $$EACH"\n\t${AT}\nb: export W = its own\nc: V += more\nc: ; @echo "$@ $(V) $$W"\n\t${AT}\nexport E = exported  $$x\nexport EACH = for $@\n`,
    },
    script: each('', 'V=line', '-e E=line'),
  },
  '.EXPORT_ALL_VARIABLES': {
    files: {
      Makefile: `.EXPORT_ALL_VARIABLES:\nx = 1\ny.z = 2\nunexport u\nu = 3\nQ = it's "$$" \`q\` \\\nall: a b\na b: ; @echo "$$x $$u $$Q"; env | grep -c '^y.z' || :\n\t${AT}\n`,
    },
  },
  '$$, #, continuation lines, names with blanks': {
    files: {
      Makefile: `H := \\#\nall: a two\\ words b\na:\n\t@echo "$$$$" | grep -c '[0-9]'; echo '$$x' "\\$$x" '#' "$(H)" # comment\n\t@echo one \\\n\t  two 'three \\\n\t  four'\n\t${AT}\ntwo\\ words: ; @echo '$@' '$(@F)' >'$@'\n\t@cat 'two words'; hostname >'$@.at'\nb: two\\ words\n\t@cat '$<' "two words"\n\t${AT}\n`,
    },
  },
};

const RULES: Readonly<Record<string, Feature>> = {
  'VPATH and vpath': {
    files: {
      Makefile: `VPATH = sources\nvpath %.h headers\nall: a.o\na.o: a.c a.h\n\t@cat $^; echo '$< $^ $(<D) $(^F)'; cp $< $@\n\t${AT}\n`,
      'sources/a.c': 'c\n',
      'headers/a.h': 'h\n',
    },
  },
  '.SECONDEXPANSION': {
    files: {
      Makefile: `.SECONDEXPANSION:\na_needs = x y\nall: a\na: $$($$@_needs) $$(shell echo z)\n\t@echo '$@: $^'\n\t${AT}\nx y z: ; @echo $@\n\t${AT}\n`,
    },
  },
  'pattern rules, static patterns, suffixes, chains': {
    files: {
      Makefile: `.SUFFIXES: .in .out\n.in.out: ; tr a-z A-Z <$< >$@\n\t${AT}\nall: a.out s1 s2 end.z ; @cat a.out s1 s2 end.z\ns1 s2: s%: in% ; @echo '$* $<' >$@\n\t${AT}\nin%: ; echo $* >$@\n\t${AT}\n%.z: %.y ; cp $< $@\n\t${AT}\n%.y: %.x ; cp $< $@\n\t${AT}\n`,
      'a.in': 'text\n',
      'end.x': 'x\n',
    },
    script: 'make; make; make -q; echo $?',
  },
  archives: {
    files: {
      Makefile: `ARFLAGS = rvU\nall: lib.a other.a\nlib.a: lib.a(a.o b.o)\nlib.a(a.o): a.o\nother.a(x.o): x.o ; ar rcD $@ $% && hostname >$@.at\nother.a: other.a(x.o)\n%.o: ; echo 'int $*;' | $(CC) -xc -c -o $@ -\n\t${AT}\n.PRECIOUS: %.o\n`,
    },
    script: 'make AR="ar" ARFLAGS=rcD; ar t lib.a; ar t other.a',
  },
  'grouped targets': {
    files: {
      Makefile: `all: a b c d\na b &: in ; @echo once; cp in a; cp in b\n\t${AT}\nc d: ; @echo '$@ alone'\n\t${AT}\n`,
      in: 'in\n',
    },
    script: 'make; make; touch -d "1 hour ago" a; make; make -t; make -q; echo $?',
  },
  'grouped targets, by one make after another': {
    files: { Makefile: `a b &: ; @cp Makefile a; cp Makefile b\n\t${AT}\n` },
    script: 'make a; rm b; make b',
  },
  '.EXTRA_PREREQS': {
    files: {
      Makefile: `all: a\na: .EXTRA_PREREQS = tool\na: in ; @echo '$^ $?'\n\t${AT}\ntool in: ; @echo $@ >$@\n\t${AT}\n`,
    },
  },
  'double colons, order only, empty recipes, .DEFAULT': {
    files: {
      Makefile: `all: d o e other ; @echo '$^ | $|'\nd:: ; @echo first\n\t${AT}\nd:: in ; @echo second $^\no: in | dir/ ; cp in dir/$@\n\t${AT}\ndir/: ; mkdir $@\n\thostname >dir.at\ne: ;\n.DEFAULT: ; @echo default $@\n\t@hostname >default.at\n`,
      in: 'in\n',
    },
    script: 'make; make',
  },
  '$(file), $(foreach), $(eval), $(call), $(value), $(origin), $(flavor)': {
    files: {
      Makefile: `two = $(1)$(1)\nraw = $$x $(call two,$@)\ndefine rule\n$(1): ; @echo '$(call two,$(1)) $$@ $$(value raw) $$(raw)' >$$@; cat $$@ list\n\t${AT.replace('$@', '$$@')}\nendef\n$(foreach n,p q,$(eval $(call rule,$(n))))\nall: p q ; @echo '$(origin two) $(flavor two) $(origin CC) $(file <list)'\n$(file >list,$(foreach n,1 2 3,$(n)\n))\n$(file >>list,end)\n`,
    },
  },
};

const READING: Readonly<Record<string, Feature>> = {
  'MAKEFILE_LIST, several -f, include': {
    files: {
      'a.mk': `include sub/inc.mk\nall: b ; @echo '$(MAKEFILE_LIST) $(A) $(B) $(lastword $(MAKEFILE_LIST))'\n\t${AT}\n`,
      'b.mk': `B := $(words $(MAKEFILE_LIST)) $(lastword $(MAKEFILE_LIST))\nb: ; @echo $@\n\t${AT}\n`,
      'sub/inc.mk': 'A := $(MAKEFILE_LIST)\n-include none.mk\nsinclude none.mk\n',
    },
    script: each('-f a.mk -f b.mk', '--file=b.mk --makefile a.mk all', '-fa.mk', '-f none.mk', '-f a.mk -f none.mk'),
  },
  MAKEFILES: {
    files: {
      Makefile: `all: a ; @echo '$(MAKEFILE_LIST) $(PRE)'; $(MAKE) -f other.mk\na: ; @echo $@ $(PRE)\n\t${AT}\n`,
      'other.mk': 'x: ; @echo "$(MAKEFILE_LIST) $(PRE)"\n',
      'pre.mk': 'PRE = set\nfirst: ; @echo not the default\n',
    },
    script: 'MAKEFILES="pre.mk none.mk" make; export MAKEFILES=pre.mk; make a; make first',
  },
  '-f -': {
    files: {
      'in.mk': `X := $(words $(MAKEFILE_LIST))\nall: a ; @echo $(X)\na: ; @echo $@\n\t${AT}\n`,
      'b.mk': 'Y = 1\n',
    },
    script:
      'make -f - <in.mk; make -f b.mk -f- a <in.mk; echo "all: ; @echo from stdin \\$(Y)" | make --file=- -f b.mk',
    alone: true,
  },
  '-C, --directory, -I': {
    files: {
      'sub/Makefile': `include inc.mk\nall: a ; @echo "$(X) $(notdir $(CURDIR))"\na: ; @echo a >$@; pwd | sed 's,.*/,,'\n\t${AT}\n`,
      'inc/inc.mk': 'X = included\n',
    },
    script: each(
      '-C sub -I ../inc',
      '-C ../$(basename "$PWD") --directory=sub --include-dir=../inc',
      '-C none',
      '-C sub',
    ),
    alone: true,
  },
  'included makefiles that are made': {
    files: {
      Makefile: `include gen.mk dir/more.mk\n-include deps.d none.mk\nall: ; @echo '$(GEN) $(MORE) $(DEPS) $(MAKE_RESTARTS)'\n\t${AT}\ngen.mk: input ; @echo making $@; sed 's/^/GEN = /' input >$@\n\t${AT}\ndir/more.mk: gen.mk ; @mkdir -p dir; echo 'MORE = $(GEN) more' >$@\n\t@hostname >more.at\n%.d: ; @echo 'DEPS = $*' >$@\n\t${AT}\n`,
      input: 'first\n',
    },
    script: 'make; make; echo second >input; make all; rm gen.mk; make -n; make -B',
  },
  'included makefiles that cannot be made': {
    files: {
      Makefile: `-include fails.mk\nall: ; @echo made\n\t${AT}\n%.mk: ; @echo no $@; exit 1\n`,
      'must.mk': 'include fails.mk none.x\nall: ; @echo made\nfails.mk: ; @exit 3\n',
    },
    script: each('', '-f must.mk', '-k -f must.mk'),
  },
  'no makefile, a broken one, nothing to do': {
    files: {
      'broken.mk': 'all: ; echo\n  what is this\n',
      'error.mk': '$(info said)\n$(warning warned)\nall: ; $(error stopped at $@)\n',
      'empty.mk': 'X = 1\n',
      'circle.mk': `a: b ; @echo $@\n\t${AT}\nb: a ; @echo $@\n\t${AT}\n`,
      'twice.mk': `a: ; @echo 1\na: ; @echo 2\n\t${AT}\n`,
    },
    script: each(
      '',
      'none',
      '-f broken.mk',
      '-f error.mk',
      '-f empty.mk',
      '-f circle.mk',
      '-f twice.mk',
      '-n -f twice.mk',
    ),
  },
};

const OPTION_FILES: Files = {
  Makefile: `all: a b fail c\na: in ; cp in $@\n\t${AT}\nb: a ; @echo "made $@ of $?" | tee $@\n\t${AT}\nfail: ; false\nc: b ; cp b c\n\t${AT}\nsub: ; $(MAKE) -C dir\n\t@echo plain line\n\t+@echo line with plus\nflags: ; @echo '$(MAKEFLAGS)|$(MFLAGS)|$(MAKECMDGOALS)|$(MAKELEVEL)'; echo "$$MAKEFLAGS|$$MAKELEVEL"\n`,
  in: 'in\n',
  'dir/Makefile': 'all: d ; @echo "of level $(MAKELEVEL)"\nd: ; echo d >$@\n\thostname >$@.at\n',
};

const OPTIONS: Readonly<Record<string, Feature>> = {
  '-k, -i, -B, -t, -q, -W, -o, -s': {
    files: OPTION_FILES,
    script: each(
      '-k',
      '-k',
      '-S',
      '-ks',
      '-i',
      '-B b',
      '-q b',
      '-W in -n c',
      '-W in c',
      '-B -o a c',
      '-t c',
      '-q c',
      '-kq',
    ),
  },
  '-n: only lines that call make, or with +': {
    files: OPTION_FILES,
    script: each('-n sub', '-n all', '-t sub', 'sub'),
  },
  'MFLAGS and MAKEFILES in the environment of a recipe': {
    files: { Makefile: `all: ; @echo "$$MFLAGS|$$MAKEFILES"\n\t${AT}\n`, 'pre.mk': 'PRE = set\n' },
    script: 'MAKEFILES=pre.mk make -rR',
  },
  '-w and --no-print-directory': {
    files: OPTION_FILES,
    script: each('-w sub', '--no-print-directory sub', '-C dir', '-C dir --no-print-directory -B'),
    alone: true,
  },
  '--trace, --eval, -r, -R, -l, -L, --warn-undefined-variables, -p': {
    files: OPTION_FILES,
    script: each(
      ...[
        '--trace b',
        "--eval='b: more' --eval='more: ; @echo $@' b -B",
        '-r flags',
        '-R flags',
        '-rR flags',
        '-l 99 flags',
      ],
      ...['-L flags', '--warn-undefined-variables flags', 'V=1 W="a b" flags', '-e flags', '-pq b | grep -c "^b: a"'],
    ),
  },
  '-v, -h, options that are wrong': {
    files: OPTION_FILES,
    script: each('-v', '-h', '--no-such-option', '-f', '-C', '-O nonsense', '-l x'),
    alone: true,
  },
  'numbers of jobs that make refuses': {
    files: { Makefile: 'all: ; @echo made\n' },
    script: each('-j0', '-jx', '--jobs=-1', '-j 2x', '--jobs='),
    alone: true,
  },
  'MAKEFLAGS and GNUMAKEFLAGS around make, and what makefiles see of them': {
    files: OPTION_FILES,
    script: [
      ...['MAKEFLAGS=k make all', 'MAKEFLAGS="-s --no-print-directory V=1" make flags', 'GNUMAKEFLAGS=-n make b'],
      ...['MAKELEVEL=3 make flags', 'MAKEFLAGS=--trace make a', 'MAKEFLAGS=rR make sub'],
    ].join('; '),
    alone: true,
  },
  'jobs in parallel': {
    files: {
      Makefile: `N = 1 2 3 4 5 6 7 8\nall: $(N:%=n%) ; @cat $^ | wc -l\nn%: ; @echo $@ >$@; echo $@\n\t${AT}\nfail: f1 f2 all\nf1: ; @exit 3\nf2: ; @exit 4\n`,
    },
    script:
      'make -j4; rm n*; make -j4 -O; rm n*; make -j; rm n*; make --jobs=3 --output-sync=line; rm n*; make -kj4 fail',
    sorted: true,
  },
  '--output-sync': {
    files: {
      Makefile: `all: a b c\na b c:\n\techo 1 $@\n\techo 2 $@ >&2\n\t${AT}\nsub: ; @$(MAKE) -f other.mk\n`,
      'other.mk': `all: x y ;\nx y: ; echo $@\n\t${AT}\n`,
    },
    script: each('-O', '-Oline', '-Orecurse -j4 a', '--output-sync=none', '-O -j2 sub', '-Otarget -s'),
    sorted: true,
    alone: true,
  },
  'sub-makes': {
    files: {
      Makefile: `export OUT = of the top\nall: ; $(MAKE) -C one X=1\n\tcd one && \${MAKE} -s\n\tmake -C two\n\t+make -f other.mk A='b c'\n\t-$(MAKE) -C one fail\n`,
      'other.mk': 'all: ; @echo "$(A)|$(MAKELEVEL)|$(MAKE)"\n',
      'one/Makefile': `all: a\na: ; @echo "$(X) $$OUT $(MAKELEVEL) $(MAKE) $(notdir $(CURDIR))"\n\t${AT}\nfail: ; exit 6\n`,
      'two/Makefile': 'all: deep/x ; @echo "$(MAKELEVEL)"\ndeep/x: ; $(MAKE) -C deep x\n',
      'two/deep/Makefile': `x: ; echo x >$@\n\t${AT}\n`,
    },
    alone: true,
  },
};

const SINCE_4_4: Readonly<Record<string, Feature>> = {
  '.WAIT': {
    files: {
      Makefile: `all: slow .WAIT quick after ; @echo '$^'\nslow: ; @sleep 0.3; echo $@ >$@\n\t${AT}\nquick: ; @cat slow; echo $@ >$@\n\t${AT}\nafter: two .WAIT three ; @cat two three\ntwo: ; @sleep 0.3; echo $@ >$@\n\t${AT}\nthree: ; @cat two; echo $@ >$@\n\t${AT}\n`,
    },
    script: 'make -j4; rm slow two; make -j4',
    sorted: true,
  },
  '.NOTPARALLEL with prerequisites': {
    files: {
      Makefile: `.NOTPARALLEL: one\nall: one two\none: a b\ntwo: c d\na: ; @sleep 0.3; echo $@ >$@\n\t${AT}\nb: ; @cat a; echo $@\n\t${AT}\nc d: ; @echo $@\n\t${AT}\n`,
    },
    script: 'make -j4',
    sorted: true,
  },
  '--shuffle': {
    files: { Makefile: `all: a b c d\na b c d: ; @echo $@\n\t${AT}\n` },
    script: `${each('--shuffle=reverse', '--shuffle=17', '--shuffle=none')}; MAKEFLAGS=--shuffle=reverse make`,
    alone: true,
  },
  '$(let), $(intcmp), += to a target, .NOTINTERMEDIATE, $(shell) with exports': {
    files: {
      Makefile: `export E = $(X)\nX := seen\nS := $(shell echo $$E)\nf = $(let a b,$(1),$(b) $(a)) $(intcmp 2,10,less,same,more)\nall: x.c ; @echo '$(call f,1 2 3) $(S)'\n.NOTINTERMEDIATE: %.b\n%.c: %.b ; cp $< $@\n\t${AT}\n%.b: %.a ; cp $< $@\n\t${AT}\n`,
      'x.a': 'a\n',
    },
  },
};

/** By name. */
export const FEATURES: Readonly<Record<string, Feature>> = {
  ...SHELLS,
  ...RECIPES,
  ...RULES,
  ...READING,
  ...OPTIONS,
  ...Object.fromEntries(Object.entries(SINCE_4_4).map(([name, one]) => [name, { ...one, since: '4.4' as const }])),
};
