import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import type { TraceEvent } from '../../src/report/directory/trace-event.ts';
import { sweepHosts, until } from '../rig/action-rig.ts';
import { eventProblems } from '../rig/events-schema.ts';
import { SshdRig } from '../rig/sshd-rig.ts';
import { traceProblems } from '../rig/trace-check.ts';
import { CommandRig } from './command-rig.ts';

const LINES = 30_000;
const MAKEFILE = `all: a.o flood.o look.o sub
a.o: ; sleep 0.2; echo a >$@
flood.o: ; @seq ${LINES}; echo $$(( 4700 + 11 ))-secret; touch $@
look.o: ; ls out >$@
sub: ; @$(MAKE) --no-print-directory below
below: ; @seq ${LINES / 10} >&2
long.o: ; touch began; sleep 60
`;
const FLOODS = `all: $(addprefix flood,1 2 3 4 5 6) $(addprefix sub,01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16)
flood%: ; @sleep 0.0$*; seq ${2 * LINES} | sed 's/^/flood$* /'
sub%: ; @sleep 0.$*; $(MAKE) --no-print-directory below$*
below%: ; @echo below$*
`;

interface Line {
  readonly type: string;
  readonly job?: number;
  readonly file?: string;
  readonly place?: string;
}

let sshd: SshdRig;
beforeAll(async () => {
  sshd = await SshdRig.start({ hosts: [{ name: 'alpha', user: 'root', slots: 4 }] });
});
afterEach(() => sweepHosts(sshd));
afterAll(() => sshd.dispose());

function linesOf(rig: CommandRig): Line[] {
  const text = rig.read('out/report/events.ndjson');
  expect(eventProblems(text)).toEqual([]);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function traceOf(rig: CommandRig): readonly TraceEvent[] {
  const { traceEvents } = JSON.parse(rig.read('out/report/trace.json')) as { traceEvents: TraceEvent[] };
  expect(traceProblems(traceEvents)).toEqual([]);
  return traceEvents;
}

test('a build leaves its events, a trace, a page, and the whole of what its log cuts; no host sees them', () =>
  CommandRig.use(sshd, { Makefile: MAKEFILE }, async (rig) => {
    const where = ['-c', 'hosts', '--dist', '*.o', '--local-jobs', '0', '--log', 'fold', '--report', 'out/report'];
    const login = sshd.host('alpha').matrixLine().split(' ')[0] ?? '';
    const hosts = [{ name: 'the-host', address: login, slots: 4, environment: { TOKEN: '4711-secret' } }];
    rig.write({ hosts: JSON.stringify({ hosts }) });
    const { status, stdout, stderr } = await rig.run([...where, '--hosts-format', 'yaml', '-j8']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(rig.read('look.o')).toBe('');

    const lines = linesOf(rig);
    expect(lines.at(-1)?.type).toBe('run-finished');
    expect(lines.filter(({ type }) => type === 'job-collecting').map(({ place }) => place)).toEqual(
      Array(3).fill('the-host'),
    );
    const texts = lines.flatMap(({ file }) => file ?? []);
    expect(texts.map((file) => file.replace(/\d+/, 'N')).sort()).toEqual([
      'output/N-below.txt',
      'output/N-flood.o.txt',
    ]);
    const all = Array.from({ length: LINES }, (_, at) => `${at + 1}\n`).join('');
    for (const file of texts) {
      const text = rig.read(`out/report/${file}`);
      // The log of a workflow masks it; here nobody else does.
      if (file.includes('flood')) expect(text === `${all}***\n`).toBe(true);
      else expect(text === all.slice(0, text.length) && text.endsWith(`\n${LINES / 10}\n`)).toBe(true);
      expect(stdout).toContain(`out/report/${file}`);
    }

    const trace = traceOf(rig);
    const names = trace.filter(({ name }) => name === 'process_name').map(({ args }) => args['name']);
    expect(names).toEqual(['run', 'the-host', 'runner']);
    expect(trace.filter(({ ph, name }) => ph === 'X' && name === 'a.o')).toHaveLength(1);
    expect(rig.read('out/report/report.html')).toMatch(/"a\.o"/);

    // The same directory again; an unrelated one is refused before anything is done.
    expect(await rig.run([...where, '--hosts-format', 'yaml', 'a.o'])).toMatchObject({ status: 0 });
    expect(linesOf(rig).flatMap(({ file }) => file ?? [])).toEqual([]);
    expect(rig.list().filter((name) => name.startsWith('out/report/'))).toEqual([
      'out/report/events.ndjson',
      'out/report/report.html',
      'out/report/trace.json',
    ]);
    const refused = await rig.run(['-c', 'hosts', '--hosts-format', 'yaml', '--report', '.', '-B']);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toMatch(/^distmake: report: \S+ holds other files: /);
  }));

test('makes that begin and end while long outputs are handed out leave these whole', () =>
  CommandRig.use(sshd, { Makefile: FLOODS }, async (rig) => {
    const words = ['--root', '.', '--log', 'fold', '--report', 'out/report', '-j30'];
    const { status, stdout, stderr } = await rig.run(words);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const files = linesOf(rig).flatMap(({ file }) => file ?? []);
    expect(files).toHaveLength(6);
    for (const file of files) {
      const name = /flood\d/.exec(file)?.[0] ?? '';
      const whole = Array.from({ length: 2 * LINES }, (_, at) => `${name} ${at + 1}\n`).join('');
      expect(rig.read(`out/report/${file}`) === whole).toBe(true);
    }
    expect(stdout.match(/^below\d+$/gm)).toHaveLength(16);
  }));

test('one that is stopped leaves them too', () =>
  CommandRig.use(sshd, { Makefile: MAKEFILE }, async (rig) => {
    const words = ['-c', rig.hostsFile, '--local-jobs', '0', '--dist', 'none', '--report', 'out/report', 'long.o'];
    const running = rig.start(words);
    await until(() => existsSync(`${rig.workspace}/began`), 'long.o runs');
    running.signal('SIGTERM');
    await running.result;
    const lines = linesOf(rig);
    expect(lines.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['distmake-events', 'job-started', 'run-finished']),
    );
    expect(traceOf(rig).some(({ ph, name }) => ph === 'X' && name === 'long.o')).toBe(true);
    expect(rig.exists('out/report/report.html')).toBe(true);
  }));
