import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sweepHosts } from '../rig/action-rig.ts';
import { RunnerLog } from '../rig/runner-log.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { expectAlike, expectAlikeByAction, isObject, MINUTES, placesOf, Tree, type Project } from './project-tree.ts';

/**
 * Each step is a recipe on the runner that changes gen/ and side/ in four parts, and between two of them waits until one
 * more compile has come home; so it always changes them while compiles run and start. Then readers, on all hosts, write
 * down what they see. Make knows the order, and none of the files.
 */
const MAKEFILE = `
CFLAGS = -O0 -Igen -MMD
STEPS = 1 2 3
PARTS = 1 2 3 4
READERS = a b c d e f
readers = $(READERS:%=r$1%.o)

all: prog $(foreach step,$(STEPS),$(PARTS:%=busy$(step)%.o))
prog: main.c $(foreach step,$(STEPS),$(call readers,$(step)))
	$(CC) -o $@ $^

define STEP
step$1.done: | $2
	for part in $(PARTS); do ./step$1.sh $$$$part && ./await.sh busy$1$$$$part.o || exit 1; done
	touch $$@
busy$11.o: | $2
busy$12.o: | busy$11.o
busy$13.o: | busy$12.o
busy$14.o: | busy$13.o
$(PARTS:%=busy$1%.o): busy.c
	$$(CC) -O0 -c -o $$@ busy.c
$(call readers,$1): reader.c | step$1.done
	./see.sh $1 >$$@.seen
	if [ -x gen/tool.sh ]; then gen/tool.sh; fi >side/$$@.note
	$$(CC) $$(CFLAGS) -DNAME=$$(@:.o=) -c -o $$@ reader.c
endef
$(eval $(call STEP,1))
$(eval $(call STEP,2,$(call readers,1)))
$(eval $(call STEP,3,$(call readers,2)))
`;

const STEPS = {
  'step1.sh': `case $1 in
1)
  mkdir -p gen/sub gen/empty side
  echo '#define H1 11' >gen/h1.h
  echo '#define H2 "two"' >gen/sub/h2.h
  ln -s h1.h gen/cur.h ;;
2)
  printf '#!/bin/sh\\necho one\\n' >gen/tool.sh
  echo '#define GONE 1' >gen/gone.h
  mkdir gen/dir
  echo '#define D 1' >gen/dir/d.h ;;
3)
  echo '#define H1 12' 1<>gen/h1.h
  chmod 600 gen/sub/h2.h ;;
4)
  ln gen/h1.h gen/hard.h
  ln -s sub gen/link
  ln -s nowhere gen/dangling ;;
esac
`,
  'step2.sh': `case $1 in
1)
  # In place, of the same length, with the same time; hard.h is the same file.
  touch -r gen/h1.h time
  echo '#define H1 21' 1<>gen/h1.h
  touch -r time gen/h1.h
  rm time ;;
2)
  chmod +x gen/tool.sh
  rm gen/gone.h
  mv gen/sub/h2.h gen/h2.h
  ln -sfn h2.h gen/cur.h ;;
3)
  rmdir gen/empty
  mv gen/dir gen/dir2
  rm gen/link
  ln -s dir2 gen/link
  echo mine 1<>side/r1a.o.note
  rm side/r1b.o.note ;;
4)
  echo '#define H2 "TWO"' >gen/new
  mv gen/new gen/h2.h
  mkdir gen/later gen/later/deep ;;
esac
`,
  'step3.sh': `case $1 in
1)
  # A link becomes a directory, a directory a file, and both a link.
  rm gen/cur.h
  mkdir gen/cur.h
  echo inside >gen/cur.h/h1.h
  rm -r gen/dir2
  echo '#define D 3' >gen/dir2
  rm -r gen/later
  ln -s cur.h gen/later ;;
2)
  # They keep their times.
  mv gen/h1.h gen/other
  mv gen/h2.h gen/h1.h
  mv gen/other gen/h2.h
  echo '#!/bin/sh
echo two' 1<>gen/tool.sh ;;
3)
  chmod -x gen/tool.sh
  cp -p gen/tool.sh gen/tool2.sh
  chmod 755 gen/tool2.sh
  for one in side/r2*; do mv $one $one.old; done
  echo theirs >>side/r1a.o.note ;;
4)
  : >gen/empty.h
  echo '#define H1 31' 1<>gen/hard.h ;;
esac
`,
};

const GENERATED: Project = {
  source: {
    Makefile: MAKEFILE,
    ...STEPS,
    // Not for ever: a compile that fails would be waited for.
    'await.sh': 'n=0; until [ -e $1 ]; do n=$((n+1)); [ $n -lt 600 ] || exit 1; sleep 0.05; done\n',
    'see.sh': `export LC_ALL=C
# Without what the readers of this step write just now.
find gen side ! -path "side/r$1*.note" -printf '%y %m %p -> %l\\n' | sort
find gen side -type f ! -path "side/r$1*.note" | sort | xargs cksum
`,
    'busy.c': '#include <stdio.h>\nint busy;\n',
    'reader.c': `
#if __has_include("h1.h")
#include "h1.h"
#endif
#if __has_include("h2.h")
#include "h2.h"
#endif
#if __has_include("sub/h2.h")
#include "sub/h2.h"
#endif
#if __has_include("cur.h")
#include "cur.h"
#endif
#if __has_include("gone.h")
#include "gone.h"
#endif
#if __has_include("link/d.h")
#include "link/d.h"
#endif
#if __has_include("dir/d.h")
#include "dir/d.h"
#endif
#if __has_include("dir2")
#include "dir2"
#endif
#ifndef GONE
#define GONE 0
#endif
int NAME(void) { return H1 * 100 + D * 10 + GONE + sizeof H2; }
const char text_NAME[] = H2;
`.replace('const char text_NAME', 'static const char text'),
    'main.c': 'int main(void) { return 0; }\n',
  },
  words: [],
  isMade: isObject,
};

/** Half of the objects include a header that the runner makes of conf.in; only the depfiles tell. */
const DEPENDENT: Project = {
  source: {
    Makefile: `
all: prog
prog: main.o $(foreach n,1 2 3 4 5 6,with$n.o) $(foreach n,1 2 3 4 5 6,without$n.o)
	$(CC) -o $@ $^
%.o: %.c | conf.h
	$(CC) -O0 -MMD -c -o $@ $<
conf.h: conf.in
	echo "#define CONF \\"$$(cat conf.in)\\"" >$@
-include $(wildcard *.d)
`,
    'conf.in': 'one\n',
    'main.c': 'int main(void) { return 0; }\n',
    ...Object.fromEntries(
      [1, 2, 3, 4, 5, 6].flatMap((n) => [
        [`with${n}.c`, `#include "conf.h"\nconst char *with${n} = CONF;\n`],
        [`without${n}.c`, `int without${n};\n`],
      ]),
    ),
  },
  words: [],
};

describe.each([
  ['with sandboxes', false],
  ['that refuse namespaces', true],
])('on hosts %s', (_name, noUserNamespaces) => {
  let sshd: SshdRig;
  beforeAll(async () => {
    sshd = await SshdRig.start({
      hosts: [
        { name: 'alpha', user: 'unprivileged', slots: 3, noUserNamespaces },
        { name: 'beta', user: 'root', slots: 3, noUserNamespaces },
      ],
    });
  });
  afterEach(() => sweepHosts(sshd));
  afterAll(() => sshd.dispose());

  test(
    'compiles see what undeclared recipes on the runner did to headers while others ran',
    () => Tree.use(GENERATED, (tree) => expectAlike(tree, sshd)),
    2 * MINUTES,
  );

  test(
    'a header that is made again during the build is new on every host, for those alone that include it',
    () =>
      Tree.use(DEPENDENT, async (tree) => {
        await expectAlikeByAction(tree, sshd);
        // Of the same length.
        const edit = (): void => writeFileSync(join(tree.action.workspace, 'conf.in'), 'two\n');
        const plain = await tree.plainRebuild(edit);
        expect(plain.written).toContain('with1.o');
        expect(plain.written).not.toContain('without1.o');
        let log = new RunnerLog('');
        const ours = await tree.rebuild(edit, () => {
          log = new RunnerLog(tree.command(sshd, ['--log', 'fold']));
        });
        expect(ours).toEqual(plain);
        const remote = log.titles.filter(({ place }) => placesOf(sshd).includes(place));
        expect(remote.map(({ target }) => target).sort()).toEqual(plain.written.filter(isObject));
        expect(new Set(remote.map(({ place }) => place))).toEqual(new Set(placesOf(sshd)));
      }),
    2 * MINUTES,
  );
});
