import { expect } from '@jest/globals';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leftOn, until } from '../../rig/action-rig.ts';
import { Front } from '../../rig/front.ts';
import { SshdRig, type NamespaceHost } from '../../rig/sshd-rig.ts';
import { CommandRig, snapshot, type RunningCommand } from '../command-rig.ts';
import { EventLog, type Turn } from './event-log.ts';
import { DOINGS, type Victim } from './faults.ts';
import { hostTimeoutOf, judge, type Figures } from './judge.ts';
import type { Cell } from './matrix.ts';
import { Project, REMOTE } from './project.ts';

/** Of a link on which a few megabytes take so long that they are seen on their way, however busy this machine is. */
const MEGABITS = 4;
const BIG = 8 << 20;
/** So much of it has arrived, in KiB, when something is on its way for certain. */
const SOME_KIB = 500;
/** For what takes a second on a machine that has nothing else to do, in seconds. */
const PATIENCE = 60;

/** Two hosts of a rig, which one cell after another has for itself. */
export interface Stand {
  readonly sshd: SshdRig;
  readonly victim: NamespaceHost;
  readonly other: NamespaceHost;
}

/** Runs one cell on hosts that are whole and idle, leaves them so, and throws where something is not as the cell says. */
export async function runCell(cell: Cell, stand: Stand): Promise<Figures> {
  const clockOff = cell.fault === 'clock ahead' ? 18_000 : cell.fault === 'clock behind' ? -18_000 : undefined;
  if (clockOff === undefined) return new CellRun(cell, stand).perform();
  // Such a host is so from its start.
  const hosts = [
    { name: 'skewed', slots: 2, clockOff },
    { name: 'right', slots: 2 },
  ];
  await using sshd = await SshdRig.start({ hosts });
  return await new CellRun(cell, { sshd, victim: sshd.host('skewed'), other: sshd.host('right') }).perform();
}

class CellRun {
  readonly #cell: Cell;
  readonly #stand: Stand;
  readonly #rig: CommandRig;
  readonly #log: EventLog;
  readonly #started: RunningCommand[] = [];
  #struck = 0;
  #isBroken = false;

  constructor(cell: Cell, stand: Stand) {
    this.#cell = cell;
    this.#stand = stand;
    this.#rig = new CommandRig(stand.sshd);
    this.#log = new EventLog(join(this.#rig.folder, 'report/events.ndjson'));
  }

  async perform(): Promise<Figures> {
    const { victim: host } = this.#stand;
    const victim: Victim = { host, front: await Front.before(host) };
    try {
      return await this.#perform(victim);
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`${message}\n${JSON.stringify(this.#log.turns())}\n${this.#log.messages().join('\n')}`, {
        cause: error,
      });
    } finally {
      for (const running of this.#started) {
        running.killAll();
        await running.result.catch(() => undefined);
      }
      if (this.#isBroken) await this.#mend(victim);
      victim.front.close();
      host.exec(`rm -rf /run/hold-* /tmp/make-*; pkill -KILL -x sleep`, { check: false });
      this.#rig.dispose();
    }
  }

  async #perform(victim: Victim): Promise<Figures> {
    const { phase } = this.#cell;
    const moves = phase === 'staging' || phase === 'collecting';
    const project = new Project(this.#rig, moves ? BIG : 1000);
    const expected = await this.#plain(project);
    this.#describe(victim);
    const running = await this.#build(project, victim);
    const result = await running.result;
    expect({ status: result.status, stderr: result.stderr }).toMatchObject({ status: 0 });
    expect(snapshot(this.#rig.workspace)).toEqual(expected);
    expect(await this.#rig.make(['-n', 'all'])).toMatchObject({ stdout: "make: Nothing to be done for 'all'.\n" });
    const figures = judge(this.#cell, this.#log, this.#struck, result);
    if (this.#cell.fault.startsWith('clock')) {
      const told = Number(victim.host.exec(`cat ${project.hold}/ended.* | head -n 1`));
      expect(Math.abs(told - Date.now() / 1000)).toBeGreaterThan(17_000);
    }
    await this.#expectClean(victim);
    return figures;
  }

  /** What plain make makes of the same. */
  async #plain(project: Project): Promise<Record<string, string>> {
    const source = this.#rig.save('source');
    for (const number of [1, 2, 3] as const) project.go(number);
    expect(await this.#rig.make(['-j4'])).toMatchObject({ status: 0 });
    const expected = snapshot(this.#rig.workspace);
    this.#rig.restore(source);
    for (const number of [1, 2, 3]) rmSync(join(this.#rig.folder, `go${number}`));
    return expected;
  }

  /** The matrix, and what is known of the keys. */
  #describe({ host, front }: Victim): void {
    const { other } = this.#stand;
    const { front: isFront, host: more } = DOINGS[this.#cell.fault];
    const address = isFront ? `${host.login}@127.0.0.1:${front.port}` : host.matrixLine().split(' ')[0];
    const hosts = [{ name: 'victim', address, slots: 2, ...more }];
    if (!this.#cell.alone) hosts.push({ name: 'other', address: other.matrixLine().split(' ')[0], slots: 2 });
    writeFileSync(this.#rig.hostsFile, JSON.stringify({ hosts }));
    const known = [host.knownHostsLine(), other.knownHostsLine(), front.knownHostsLine].join('\n');
    writeFileSync(join(this.#rig.home, '.ssh/known_hosts'), `${known}\n`);
  }

  #start(more: readonly string[] = []): RunningCommand {
    const words = ['-c', this.#rig.hostsFile, '--host-timeout', `${hostTimeoutOf(this.#cell)}`, '--local-jobs', '0'];
    // It is there on the host whose shell finds another perl in it.
    words.push(
      '--setup',
      'PATH=/run/perl:$PATH',
      '--dist',
      '%.o',
      ...(DOINGS[this.#cell.fault].options ?? []),
      ...more,
    );
    const running = this.#rig.start([...words, '-j4']);
    this.#started.push(running);
    return running;
  }

  /** Runs it up to the moment of the fault, lets that happen, and the rest go on. */
  async #build(project: Project, victim: Victim): Promise<RunningCommand> {
    const { phase, jobs, host: fate } = this.#cell;
    const { host } = victim;
    const report = ['--report', join(this.#rig.folder, 'report')];
    if (phase === 'connecting') await this.#strike(victim);
    if (phase === 'staging') host.limitRate(MEGABITS);
    host.exec(`mkdir -m 1777 ${project.hold}`);
    if (phase === 'running') host.exec(`: >${project.hold}/wait`);
    if (phase === 'staging' && this.#cell.fault === 'disk small') await this.#strike(victim);
    const running = this.#start(report);
    if (phase === 'staging' || phase === 'running' || phase === 'cleaning up') project.go(1);
    await this.#reach(phase, project, victim, running);
    if (phase === 'connecting') project.go(1);
    if (this.#struck === 0) await this.#strike(victim);
    // What is off has forgotten it; what hangs is to go on hanging.
    if (this.#isOn() && !this.#cell.fault.endsWith(' job')) host.exec(`rm -f ${project.hold}/wait`);
    if (phase === 'cleaning up') return this.#goOn(project, running, [3]);
    const isLost = (turn: Turn): boolean => turn.host === 'victim' && turn.type === 'host-lost';
    // Where jobs fail of themselves the host is found out by the next ones.
    if (fate !== 'kept' && jobs !== 'anywhere') await this.#told(running, isLost, 'the loss');
    if (fate === 'back') {
      await this.#mend(victim);
      const isBack = (turn: Turn): boolean => turn.host === 'victim' && turn.returned;
      await this.#told(running, isBack, 'the return');
    }
    return this.#goOn(project, running, [1, 2, 3]);
  }

  #goOn(project: Project, running: RunningCommand, numbers: readonly (1 | 2 | 3)[]): RunningCommand {
    for (const number of numbers) project.go(number);
    return running;
  }

  /** The moment at which the fault is to happen. */
  async #reach(phase: Cell['phase'], project: Project, victim: Victim, running: RunningCommand): Promise<void> {
    const { host } = victim;
    const seen = async (condition: string): Promise<void> => {
      if (await host.when(condition, { signal: AbortSignal.timeout(PATIENCE * 1000) })) return;
      throw new Error(`the run has not come to: ${phase}\n${running.stderr}`);
    };
    const isReady = ({ host: name, type }: Turn): boolean => name === 'victim' && type === 'host-ready';
    switch (phase) {
      case 'connecting':
        // The first wave would not wait for it.
        return this.#cell.host === 'kept' ? this.#told(running, isReady, 'the host to be ready') : undefined;
      case 'staging':
        if (this.#struck > 0) return;
        return seen(`[ "$(du -sk /tmp | cut -f 1)" -ge ${SOME_KIB} ]`);
      case 'idle':
        return this.#told(running, isReady, 'the host to be ready');
      case 'running':
        return seen(`[ "$(ls ${project.hold} | grep -c begun)" -ge 2 ]`);
      case 'collecting':
        await this.#told(running, isReady, 'the host to be ready');
        host.limitRate(MEGABITS);
        project.go(1);
        return until(() => this.#log.collecting('victim') !== undefined, 'an output is on its way', PATIENCE);
      case 'cleaning up':
        project.go(2);
        return until(
          () => this.#rig.exists('b4.o') && this.#finished() === REMOTE.length,
          'all jobs are done',
          PATIENCE,
        );
    }
  }

  /** Jobs that may leave and are done. */
  #finished(): number {
    return this.#log.runs().filter(({ target, again }) => REMOTE.includes(target) && !again).length;
  }

  async #told(running: RunningCommand, what: (turn: Turn) => boolean, name: string): Promise<void> {
    if (!(await this.#log.told(what, PATIENCE))) throw new Error(`waited in vain for ${name}\n${running.stderr}`);
  }

  async #strike(victim: Victim): Promise<void> {
    this.#struck = Date.now();
    this.#isBroken = true;
    await DOINGS[this.#cell.fault].strike(victim);
    if (this.#isOn()) victim.host.limitRate(undefined);
  }

  async #mend(victim: Victim): Promise<void> {
    this.#isBroken = false;
    await DOINGS[this.#cell.fault].mend(victim);
  }

  /** Commands can be run on the host, past its network. */
  #isOn(): boolean {
    return !(this.#isBroken && this.#cell.fault === 'power off');
  }

  /** Nothing of the run is left on the runner, and on the host as soon as one gets there again. */
  async #expectClean(victim: Victim): Promise<void> {
    const { name } = victim.host;
    await until(() => this.#rig.processes().length === 0, 'no process is left here');
    expect(readdirSync(this.#rig.tmp)).toEqual([]);
    if (!this.#cell.alone) await this.#expectNothing(this.#stand.sshd, this.#stand.other.name);
    if (this.#isBroken) await this.#mend(victim);
    if (!this.#cell.stays) return this.#expectNothing(this.#stand.sshd, name);
    expect(leftOn(this.#stand.sshd, name)).not.toEqual([]);
    // What lives is never swept: it has to see first that nobody is there any more.
    await until(
      () => leftOn(this.#stand.sshd, name).every((line) => line.startsWith('/tmp/')),
      'no process is left',
      20,
    );
    for (let at = 0; at < 5 && leftOn(this.#stand.sshd, name).length > 0; at++) {
      rmSync(join(this.#rig.workspace, 'whole'), { force: true });
      expect(await this.#start(['--stale-after', '1s']).result).toMatchObject({ status: 0 });
    }
    await this.#expectNothing(this.#stand.sshd, name);
  }

  async #expectNothing(sshd: SshdRig, name: string): Promise<void> {
    let left: readonly string[] = [];
    await until(() => (left = leftOn(sshd, name)).length === 0, 'a clean host').catch(() => {
      throw new Error(`left on ${name}:\n${left.join('\n')}`);
    });
  }
}
