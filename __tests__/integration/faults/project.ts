import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { CommandRig } from '../command-rig.ts';

/** Two waves of jobs that may leave, each behind a recipe on the runner that waits for a word; then a last one that waits for its own. */
const MAKEFILE = `FIRST := a1.o a2.o a3.o a4.o
SECOND := b1.o b2.o b3.o b4.o
all: whole
whole: $(SECOND)
	@until [ -e ../go3 ]; do sleep 0.05; done
	@cat $(FIRST) $(SECOND) >$@
$(FIRST): first
$(SECOND): second
first: ; @until [ -e ../go1 ]; do sleep 0.05; done; : >$@
second: $(FIRST) ; @until [ -e ../go2 ]; do sleep 0.05; done; : >$@
%.o: %.in job.sh ; @sh job.sh $(HOLD) $*
`;

/** On a host that has the directory HOLD a job says that it runs and when it has ended, and waits while there is a file `wait`. */
const JOB = `if [ -e "$1/wait" ]; then
  : >"$1/begun.$2"
  while [ -e "$1/wait" ]; do sleep 0.05; done
fi
{ tr a-z A-Z <$2.in; cat big.bin; } >$2.o || exit 1
if [ -d "$1" ]; then date +%s >"$1/ended.$2"; fi
`;

const TARGETS = ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4'];

/** The project of one cell, in the workspace of a rig, and the words that its recipes wait for. */
export class Project {
  /** On the hosts; not where the workspace stands for jobs, which see nothing new there. */
  readonly hold: string;
  readonly #rig: CommandRig;

  /** @param bytes what its biggest file holds, and each output */
  constructor(rig: CommandRig, bytes: number) {
    this.#rig = rig;
    this.hold = `/run/hold-${rig.trackingId}`;
    const sources = TARGETS.map((name): [string, string] => [`${name}.in`, `${name} is small\n`.repeat(100)]);
    rig.write({
      Makefile: `HOLD := ${this.hold}\n${MAKEFILE}`,
      'job.sh': JOB,
      'big.bin': randomBytes(bytes),
      ...Object.fromEntries(sources),
    });
  }

  /** The first wave may begin, the second, or the end. */
  go(number: 1 | 2 | 3): void {
    this.#rig.write({ [join('..', `go${number}`)]: '' });
  }
}

/** The targets that may leave. */
export const REMOTE = TARGETS.map((name) => `${name}.o`);
