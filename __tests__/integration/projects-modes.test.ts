import { afterAll, afterEach, beforeAll, describe, test } from '@jest/globals';
import { sweepHosts } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { expectAlike, MINUTES, Tree, type Project } from './project-tree.ts';

/** Objects are compiled and directories are copied with their modes; the runner makes one of them, and closes another while jobs run. */
const MODES: Project = {
  source: {
    Makefile: `
NAMES = a b c d e f
all: prog
closed: ; mkdir closed && echo kept >closed/file && chmod 500 closed
shut: | $(NAMES:%=%1.o)
	mkdir -p given/new && chmod 555 given && chmod 511 given/new
	touch $@
$(NAMES:%=%1.o): part.c | closed
$(NAMES:%=%2.o): part.c | shut
prog: main.c $(NAMES:%=%1.o) $(NAMES:%=%2.o)
	$(CC) -o $@ $^
$(NAMES:%=%1.o) $(NAMES:%=%2.o):
	mkdir -p out/$@
	cp -a closed given out/$@
	find closed given -printf '%y %m %p\\n' | LC_ALL=C sort >$@.seen
	$(CC) -O0 -DNAME=$(@:.o=) -c -o $@ part.c
`,
    'part.c': 'int NAME(void) { return 0; }\n',
    'main.c': 'int main(void) { return 0; }\n',
    'given/file': 'text\n',
  },
  words: [],
  isMade: (path) => /^[a-f][12]\.o$/.test(path),
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
    'directories that are closed to their owner are so on hosts, and where a job copies them',
    () => Tree.use(MODES, (tree) => expectAlike(tree, sshd)),
    MINUTES,
  );
});
