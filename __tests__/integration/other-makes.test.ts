import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expectNothingLeft, sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot, type CommandResult, type Files } from './command-rig.ts';

const NOTICE = /runs undistributed/g;

/** Sub-makes, loops, an order, what make runs while it reads, a directory for objects, prefixes, a shell's every character. */
const PROJECT: Files = {
  'Makefile.inc': 'CFLAGS+= -O0 -DNAME=\\"${.TARGET:R}\\"\nSTAMP!= echo read\n',
  Makefile: `.include "Makefile.inc"
.MAIN: all
SOURCES= one two three four
.for name in \${SOURCES}
OBJECTS+= \${name}.o
\${name}.o: \${name}.c common.h
	\${CC} \${CFLAGS} -c \${.CURDIR}/\${name}.c -o \${.TARGET}
	@printf '%s\\n' "\${.TARGET} 'it'\\''s' $$0" \`echo back\` >\${.TARGET:R}.txt; cd /; umask
	-@test -d /nowhere
	# said by nobody
	+@:
.endfor
\${SOURCES:S/$/.c/}: common.h .WAIT
	@sleep 0.02; printf 'char *\${.TARGET:R} = NAME;\\n' >\${.TARGET}
program: \${OBJECTS}
	cat \${OBJECTS:O:R:S/$/.txt/} >\${.TARGET}
parts: .MAKE
	cd sub && \${MAKE} part
.PHONY: parts all
all: program parts
	@echo "\${STAMP} \${MAKEFILE} \${.MAKEFLAGS:N-J:N[0-9]*,[0-9]*} <\${.MAKE.MAKEFILES:T}> <\${.ALLTARGETS}> \${.MAKE}" >all.txt
	@echo done $$0
.BEGIN:
	@echo begin
.END:
	@echo end
`,
  'common.h': '\n',
  'sub/obj/': '',
  // Its objects are made in obj/.
  'sub/Makefile': `part: part.o
	@pwd | sed 's,.*/,,'; cp part.o part; cat part.txt
part.o: \${.CURDIR}/part.c
	\${CC} -c \${.ALLSRC} -o \${.TARGET} && \\
	  echo "level \${.MAKE.LEVEL}" >part.txt
`,
  'sub/part.c': 'int part;\n',
};

const FAILING: Files = {
  Makefile: `all: good.o bad.o never
good.o:
	echo good >\${.TARGET}
bad.o: good.o
	@echo tried
	exit 3
never: bad.o
	echo never
`,
};

describe('bmake', () => {
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

  test.each<[string, Files, string[], number, number?]>([
    ['a project', PROJECT, [], 0, 1],
    ['a project, -j', PROJECT, ['-j4'], 0],
    ['a failure', FAILING, [], 1, 1],
    ['a failure, -j', FAILING, ['-j4'], 2],
    ['a failure, -j -k', FAILING, ['-kj4'], 1],
    ['-n', PROJECT, ['-nj4'], 0],
    ['a question', PROJECT, ['-V', 'OBJECTS'], 0],
  ])('%s is what plain bmake makes', (_name, files, words, status, notices = 0) =>
    CommandRig.use(sshd, files, async (rig) => {
      const before = rig.save('before');
      const plain = await rig.run(['--make', 'bmake', '-c', rig.hostsFile, ...words]);
      const made = snapshot(rig.workspace);
      rig.restore(before);
      const other = await bmake(rig, words);
      expect(plain.status).toBe(status);
      expect(plain.stderr.match(NOTICE) ?? []).toHaveLength(notices);
      expect(seen(plain, words)).toEqual(seen(other, words));
      expect(made).toEqual(snapshot(rig.workspace));
      await expectNothingLeft(sshd);
    }),
  );

  const WHERE: Files = {
    Makefile: `.MAIN: all
all: 1.o 2.o 3.o 4.o here.txt sub
.for n in 1 2 3 4
\${n}.o here.txt: .PHONY
\${n}.o:
	uname -n >\${.TARGET}; exec >/dev/null; sleep 0.2
.endfor
here.txt:
	uname -n >\${.TARGET}
sub: .PHONY
	cd sub && \${MAKE}
`,
    'sub/Makefile': `.MAIN: all
all: named.txt other.o
.DIST: named.\${:Utxt}
named.txt other.o:
	uname -n >\${.TARGET}
`,
  };

  test('with -j its recipes run on the hosts', () =>
    CommandRig.use(sshd, WHERE, async (rig) => {
      const result = await rig.run(['--make', 'bmake', '-c', rig.hostsFile, '-j4']);
      expect(result).toMatchObject({ status: 0, stderr: '' });
      const places = ['1.o', '2.o', '3.o', '4.o'].map((name) => rig.read(name).trim());
      expect(places.filter((place) => place === hostname())).toEqual([]);
      expect(new Set(places).size).toBe(2);
      expect(rig.read('here.txt').trim()).toBe(hostname());
      // Its .DIST says which of its own.
      expect(rig.read('sub/named.txt').trim()).not.toBe(hostname());
      expect(rig.read('sub/other.o').trim()).toBe(hostname());
    }));

  test('a makefile with a shell of its own has it, on the runner', () =>
    CommandRig.use(sshd, {}, async (rig) => {
      rig.write({
        Makefile: `.SHELL: name=sh path=${rig.workspace}/shell.sh\nall: a.o\na.o:\n\techo "$$OWN" >\${.TARGET}\n`,
        'shell.sh': '#!/bin/sh\nOWN=yes exec /bin/sh "$@"\n',
      });
      const result = await rig.run(['--make', 'bmake', '-c', rig.hostsFile, '-j4']);
      expect(result).toMatchObject({ status: 0, stderr: '' });
      expect(rig.read('a.o')).toBe('yes\n');
    }));
});

describe('a make that cannot be driven', () => {
  const FILES: Files = {
    Makefile: 'all:\n\t@echo $@ $(MAKELEVEL); exit 0\n\t@$(MAKE) deeper\ndeeper:\n\t@echo deeper; exit 4\n',
  };
  const OLD = `#!/bin/sh
case $1 in
--version) echo 'GNU Make 3.81'; exit ;;
esac
PATH=/usr/local/bin:/usr/bin:/bin exec make "$@"
`;

  test.each([['alone'], ['with hosts']])('runs as it is, said once, %s', (how) =>
    CommandRig.use(undefined, FILES, async (rig) => {
      standIn(rig, OLD);
      writeFileSync(rig.hostsFile, 'localhost 2\n');
      const result = await rig.run([...(how === 'alone' ? [] : ['-c', rig.hostsFile]), '-k', 'all']);
      const other = await rig.make(['-k', 'all']);
      expect(seen(result)).toEqual(seen(other));
      expect(result.status).toBe(2);
      expect(result.stdout).toContain('deeper\n');
      expect(result.stderr.match(NOTICE)).toHaveLength(1);
    }),
  );
});

/** Puts a program in place of make. */
function standIn(rig: CommandRig, script: string): void {
  const folder = join(rig.folder, 'stand-in');
  mkdirSync(folder);
  writeFileSync(join(folder, 'make'), script);
  chmodSync(join(folder, 'make'), 0o755);
  rig.path = `${folder}:${rig.path}`;
}

/** What plain bmake does. */
function bmake(rig: CommandRig, words: readonly string[]): Promise<CommandResult> {
  standIn(rig, '#!/bin/sh\nexec bmake "$@"\n');
  return rig.make(words);
}

/**
 * What a make shows. Of a bmake with several jobs: which lines; where its outputs take turns it says whose they are, as
 * often as they do.
 */
function seen({ status, stdout, stderr }: CommandResult, words: readonly string[] = []): object {
  const own = stderr.replace(/^distmake: .*runs undistributed.*\n/m, '');
  const parallel = words.some((word) => word.startsWith('-') && word.includes('j'));
  const lines = stdout.split('\n').filter((line) => !/^--- .* ---$/.test(line));
  return { status, stdout: parallel ? lines.sort() : stdout, stderr: own };
}
