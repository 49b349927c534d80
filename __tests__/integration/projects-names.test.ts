import { afterAll, afterEach, beforeAll, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import {
  expectAlike,
  expectAlikeByAction,
  expectAlikeByCommand,
  isObject,
  MINUTES,
  Tree,
  type Project,
} from './project-tree.ts';

/** Names of directories and files, in latin1: what shells, make, the ssh protocol and UTF-8 could stumble over. */
const NAMES = [
  'two  blanks',
  ' around ',
  "it's",
  'a "word"',
  '$HOME $$ $(x) `y`',
  '#hash',
  '%percent%41',
  '-lead',
  '--',
  'back\\slash\\n',
  'tab\there',
  'star*[a-z]?',
  'semi;colon&pipe|<in>out',
  'tilde~',
  '{a,b}',
  'k=v:w,x',
  '!bang^',
  '\xff\xfe bytes',
  '\xc3\xa9 utf8',
  'line\nbreak',
  'last line\n',
  '\r return',
  '\x01\x1b[31m',
];

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
/** As make wants a name in a rule; it has no way to write line ends. */
const inRule = (name: string): string => name.replaceAll('$', '$$$$').replace(/[ #:%\\]/g, '\\$&');
const OBJECTS = ["it's", 'a "word"', 'two blanks', '$HOME $x `y`', 'a#b', '\xff\xfe', '(par)', 'amp&er', '!^', '-lead']
  .map((name) => `src dir/${name}`)
  .map((name) => ({ name, object: inRule(`${name}.o`), source: inRule(`${name}.c`) }));

/**
 * Every object is compiled with all directories; readers then write files of each name and list what there is. Between
 * their two rounds the runner changes files of each name, undeclared. `named.o` has them in its command.
 */
const MAKEFILE = `
round1 = r1a.o r1b.o r1c.o r1d.o
round2 = r2a.o r2b.o r2c.o r2d.o
quote = '$(subst ','\\'',$1)'

all: prog
prog: main.c $(round2)
	$(CC) -o $@ main.c r*.o named.o 'src dir'/*.o
$(round1) $(round2): reader.c
	./compile.sh $@ $< -DNAME=$(@:.o=)
	./write.sh $@
named.o: reader.c
	$(CC) -O0 -MMD ${NAMES.filter((name) => !name.includes('\n'))
    .map((name) => quoted(`-Iinc/${name}`).replaceAll('$', '$$$$'))
    .join(' ')} -DNAME=named -c -o $@ $<
$(round2): changed
changed: | $(round1) named.o ${OBJECTS.map(({ object }) => object).join(' ')}
	./change.sh
	touch $@
${OBJECTS.map(({ object, source }) => `${object}: ${source}\n\t./compile.sh $(call quote,$@) $(call quote,$<)\n`).join('')}
`;

/** Runs a function once for each of the names, as $n. */
const EACH = `#!/bin/sh
each() {
  for file in list/*; do
    n=$(cat "$file"; echo .) && n=\${n%.}
    "$@"
  done
}
`;

const ODD_NAMES: Project = {
  source: {
    Makefile: MAKEFILE,
    'compile.sh': `#!/bin/sh
object=$1 source=$2
shift 2
for file in list/*; do
  n=$(cat "$file"; echo .) && n=\${n%.}
  set -- "$@" -I "inc/$n"
done
exec cc -O0 -MMD "$@" -o "./$object" -c "./$source"
`,
    'write.sh': `${EACH}
me=$1
put() {
  mkdir -p "out/$me/$n"
  echo "$me" >"out/$me/$n/$n"
  ln -s -- "$n" "out/$me/$n/link"
  ln -s -- "$n/$n" "out/$me/to $n"
  if [ -e "side/$n" ]; then cat "side/$n"; fi
}
each put >"$me.read"
find inc side list -printf '%y %m %p -> %l\\0' | LC_ALL=C sort -z >"$me.seen"
find inc side list -type f -print0 | LC_ALL=C sort -z | xargs -0 cksum -- >>"$me.seen"
`,
    'change.sh': `${EACH}
change() {
  mkdir "side/$n dir"
  printf '%s\\n' "of $n" >"side/$n"
  printf '%s\\n' "moved $n" >"side/$n dir/old"
  mv "side/$n dir/old" "side/$n dir/$n"
  ln -s -- "$n dir/$n" "side/link $n"
  chmod 751 "side/$n"
  # What a host has written.
  rm -r "out/r1a.o/$n"
  mv "out/r1b.o/$n/$n" "out/r1b.o/$n/$n was"
  # A header, in place and of the same length.
  for header in "inc/$n"/h*.h; do
    tr a b <"$header" >new
    cat new 1<>"$header"
  done
}
each change
rm new
`,
    'reader.c': `${NAMES.map((_name, i) => `#if __has_include("h${i}.h")\n#include "h${i}.h"\n#else\n#define H${i} 0\n#endif\n`).join('')}
int NAME(void) { return ${NAMES.map((_name, i) => `${i + 1} * H${i}`).join(' + ')}; }
`,
    'main.c': 'int main(void) { return 0; }\n',
    'side/kept': '',
    ...Object.fromEntries(OBJECTS.map(({ name }, i) => [`${name}.c`, `#include "h${i}.h"\nint f${i} = H${i};\n`])),
    ...Object.fromEntries(
      NAMES.flatMap((name, i) => [
        [`list/${i}`, name],
        [`inc/${name}/h${i}.h`, `#define H${i} 'a'\n`],
      ]),
    ),
  },
  words: [],
  isMade: (path) => isObject(path) && !path.startsWith('out/'),
};

const SMALL: Project = {
  source: {
    Makefile: `
all: prog
prog: main.c a.o b.o c.o d.o
	$(CC) -o $@ $^
%.o: %.c
	$(CC) -g -O0 -MMD -MF '$(subst ','\\'',$(CURDIR))/$@.d' -c -o $@ $<
	pwd >$@.at
`,
    'main.c': 'int main(void) { return 0; }\n',
    ...Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [`${name}.c`, `const char *${name} = __FILE__;\n`])),
  },
  words: [],
};

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
  'names that need quoting, in commands, targets, side inputs and side outputs',
  () => Tree.use(ODD_NAMES, (tree) => expectAlike(tree, sshd)),
  2 * MINUTES,
);

test(
  'a workspace whose own path needs quoting',
  async () => {
    const parent = mkdtempSync("/var/tmp/it's a,b:c=d $HOME #1 %2 [é] ");
    // Make takes none of that in SHELL.
    const TMPDIR = mkdtempSync('/var/tmp/distmake-plain-');
    try {
      await Tree.use(
        SMALL,
        async (tree) => {
          tree.action.environment = { TMPDIR };
          expectAlikeByCommand(tree, sshd);
          tree.reset();
          await expectAlikeByAction(tree, sshd);
        },
        parent,
      );
    } finally {
      for (const directory of [parent, TMPDIR]) rmSync(directory, { recursive: true });
    }
  },
  MINUTES,
);
