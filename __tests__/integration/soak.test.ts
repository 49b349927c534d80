import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectNothingLeft, leftOn, until } from '../rig/action-rig.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { CommandRig, snapshot } from './command-rig.ts';
import { EventLog } from './faults/event-log.ts';
import { Storm } from './faults/storm.ts';

const COMMAND = resolve(fileURLToPath(import.meta.url), '../../../dist/cli/index.js');
const FULL = process.env['DISTMAKE_FULL'] !== undefined;
const [JOBS, HOSTS] = FULL ? [10_000, 8] : [400, 3];
const SLOTS = 3;
/** Of the whole run, in minutes: beyond that it hangs. */
const LIMIT = FULL ? 30 : 2;
/** Between two faults of one host, in ms at most. One that is lost again and again is tried more and more seldom. */
const PAUSE = FULL ? 30_000 : 3000;

/**
 * A tree of sums: each job reads what two others have made, or a source, and writes one file. With PAUSE=yes it takes up to 0.4
 * seconds, as jobs do.
 */
function makefile(jobs: number): string {
  const lines = Array.from({ length: jobs }, (_, at) => {
    const below = [2 * at + 1, 2 * at + 2].filter((one) => one < jobs).map((one) => `out/${one}`);
    return `out/${at}: ${below.join(' ') || `in/${at % 50}`}\n\t@sh job.sh "$(PAUSE)" $@ $^`;
  });
  return `all: out/0\n${lines.join('\n')}\n`;
}

const JOB = `pause=$1 out=$2; shift 2
[ -z "$pause" ] || sleep "0.$((\${out#"\${out%?}"} / 2))"
{ echo "$out"; cat "$@" | cksum; } >"$out"
`;

/** Megabytes of memory that a process holds; undefined: it has ended. */
function memoryOf(pid: number): number | undefined {
  try {
    const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Number(found[1]) / 1024 : undefined;
  } catch {
    return undefined;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** How a long command ends, and what it holds meanwhile. */
async function watched(rig: CommandRig, [file = '', ...words]: readonly string[]) {
  const output = join(rig.folder, 'soak.log');
  const descriptor = openSync(output, 'a');
  const child = spawn(file, words, {
    cwd: rig.workspace,
    env: { PATH: rig.path, LC_ALL: 'C', HOME: rig.home, TMPDIR: rig.tmp, DISTMAKE_TEST_RUN: rig.trackingId },
    stdio: ['ignore', descriptor, descriptor],
    detached: true,
  });
  closeSync(descriptor);
  const memory: number[] = [];
  const sampler = setInterval(() => {
    const megabytes = memoryOf(child.pid ?? 0);
    if (megabytes !== undefined) memory.push(megabytes);
  }, 500);
  const limit = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), LIMIT * 60_000);
  const status = await new Promise<number | NodeJS.Signals | null>((done) =>
    child.once('exit', (code, signal) => done(code ?? signal)),
  );
  clearInterval(sampler);
  clearTimeout(limit);
  return { status, memory, text: readFileSync(output, 'latin1') };
}

test(
  `${JOBS} jobs on ${HOSTS} hosts that fail all the time`,
  async () => {
    const seed = Number(process.env['DISTMAKE_SOAK_SEED'] ?? (FULL ? Math.floor(Math.random() * 1e9) : 7));
    console.log(
      `DISTMAKE_SOAK_SEED=${seed} plays the same faults in the same order, on each host; what they meet is another matter`,
    );
    const names = Array.from({ length: HOSTS }, (_, at) => `host${at}`);
    await using sshd = await SshdRig.start({ hosts: names.map((name) => ({ name, slots: SLOTS })) });
    await CommandRig.use(sshd, { Makefile: makefile(JOBS), 'job.sh': JOB, 'out/': '' }, async (rig) => {
      for (let at = 0; at < 50; at++) rig.write({ [`in/${at}`]: `source ${at}\n` });
      const begin = performance.now();
      const storm = new Storm(sshd.hosts, seed, PAUSE);
      const report = join(rig.folder, 'report');
      const own = ['-c', rig.hostsFile, '--host-timeout', '2', '--local-jobs', '0', '--dist', 'out/*'];
      const run = await watched(rig, [
        process.execPath,
        COMMAND,
        ...own,
        '--report',
        report,
        `-j${HOSTS * SLOTS}`,
        FULL ? 'PAUSE=yes' : 'PAUSE=',
      ]);
      const seconds = (performance.now() - begin) / 1000;
      await storm.end();
      expect({ status: run.status, text: run.text.slice(-5000) }).toMatchObject({ status: 0 });

      const log = new EventLog(join(report, 'events.ndjson'));
      const runs = log.runs();
      const final = runs.filter(({ again }) => !again);
      const turns = log.turns();
      const third = Math.floor(run.memory.length / 3);
      const [second, last] = [median(run.memory.slice(third, 2 * third)), median(run.memory.slice(2 * third))];
      const onRunner = final.filter(({ place }) => place === 'runner').length;
      const numbers = {
        seed,
        jobs: final.length,
        seconds: Math.round(seconds),
        faults: storm.counts,
        losses: turns.filter(({ type }) => type === 'host-lost').length,
        returns: turns.filter(({ returned }) => returned).length,
        'jobs run again': runs.length - final.length,
        'jobs on the runner': onRunner,
        'memory in MB, second and last third': [Math.round(second), Math.round(last)],
      };
      console.log(JSON.stringify(numbers, undefined, 2));

      expect(final.map(({ target }) => target).sort()).toEqual(
        Array.from({ length: JOBS }, (_, at) => `out/${at}`).sort(),
      );
      // Otherwise nothing would be shown.
      expect(onRunner).toBeLessThan(FULL ? 0.8 * JOBS : JOBS);
      expect(numbers.losses).toBeGreaterThan(FULL ? 20 : 0);
      // What a short run holds still grows to what it needs.
      if (FULL) expect(last).toBeLessThan(1.3 * second);
      await until(() => rig.processes().length === 0, 'no process is left here', 30);
      expect(readdirSync(rig.tmp)).toEqual([]);

      const made = snapshot(join(rig.workspace, 'out'));
      rmSync(join(rig.workspace, 'out'), { recursive: true });
      rig.write({ 'out/': '' });
      expect(await watched(rig, ['make', '-j4'])).toMatchObject({ status: 0 });
      expect(made).toEqual(snapshot(join(rig.workspace, 'out')));

      // What no run could remove any more is the next one's: it is there by then, and nobody lives in it.
      const alive = (): string[] =>
        sshd.hosts.flatMap(({ name }) => leftOn(sshd, name)).filter((line) => !line.startsWith('/tmp/'));
      await until(() => alive().length === 0, 'no process is left on the hosts', 30);
      for (let at = 0; at < 5 && sshd.hosts.some(({ name }) => leftOn(sshd, name).length > 0); at++) {
        writeFileSync(join(rig.workspace, `in/${at}`), `changed ${at}\n`);
        const next = await rig.run([...own, '--stale-after', '1s', '-j8']);
        expect(next).toMatchObject({ status: 0 });
      }
      await expectNothingLeft(sshd);
    });
  },
  (LIMIT + 5) * 60_000,
);
