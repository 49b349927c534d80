// What it costs to send a job when nothing has changed, in trees of several sizes, against ssh alone.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { CLI } from './competitors.mjs';
import { each } from './cpu-meter.mjs';
import { GatedRun } from './gated-run.mjs';
import { SLOTS } from './stand.mjs';
import { median, renderColumns } from './table.mjs';

/** A job in the largest tree may cost so much more than one in the smallest, in sequence and in parallel. */
const GROWTH_AT_MOST = 1.5;

const PHASES = /** @type {const} */ (['sequence', 'parallel', 'changing']);

/**
 * @typedef {import('./cpu-meter.mjs').Cost} Cost
 * @typedef {typeof PHASES[number]} Phase
 * @typedef {Record<Phase, Cost>} Costs of one job each
 * @typedef {Record<Phase, number>} Counts
 *
 * @typedef {object} Way to run jobs
 * @property {string} title
 * @property {string[]} argv
 * @property {string} root
 * @property {string} remote what stands before a command that is to run on the host
 * @property {boolean} seesFiles what is written here is there on the host
 */

/**
 * Jobs in three phases a round, with a gate before each: one after another; as many as there are slots; one after another,
 * each after a recipe here that writes a file, which is then read on the host. What a gate is followed by does not count:
 * a gate is a recipe here, after which the tree is looked at.
 *
 * @param {Counts} counts of each round
 * @param {number} rounds
 * @param {Way} way
 */
const makefile =
  (counts, rounds, { remote, seesFiles }) =>
  (/** @type {string} */ gate) => {
    /** @type {string[]} */ const names = [];
    /** @type {string[]} */ const lines = [];
    /** @type {(target: string, after: string, recipe: string) => string} */
    const rule = (target, after, recipe) => {
      names.push(target);
      lines.push(`${target}: ${after}`, `\t${recipe}`);
      return target;
    };
    const count = (/** @type {Phase} */ phase) => Array.from({ length: counts[phase] }, (_, i) => i + 1);
    // All lanes are open before anything counts.
    let last = Array.from({ length: SLOTS }, (_, i) => rule(`warm${i}`, '', `@${remote}sleep 1`)).join(' ');
    for (let round = 1; round <= rounds; round++) {
      for (const phase of PHASES) {
        const name = (/** @type {string} */ stem) => `${stem}-${phase}${round}`;
        const begin = rule(name('begin'), rule(name('gate'), last, gate), `@${remote}echo begin`);
        last = begin;
        if (phase === 'parallel') {
          last = count(phase)
            .map((i) => rule(name(`job${i}`), begin, `@${remote}echo job`))
            .join(' ');
        } else {
          for (const i of count(phase)) {
            if (phase === 'changing') last = rule(name(`write${i}`), last, `@echo ${round}.${i} >changing`);
            const reads = phase === 'changing' && seesFiles;
            const check = reads ? `read -r n <changing && [ $$n = ${round}.${i} ] && ` : '';
            last = rule(name(`job${i}`), last, `@${remote}${check}echo job`);
          }
        }
        // It is measured too, so it is like the jobs.
        if (phase === 'changing') last = rule(name('write-end'), last, `@echo ${round} >changing`);
        last = rule(name('end'), last, `@${remote}echo end`);
      }
    }
    last = rule('gate-last', last, gate);
    return `all: ${last}\n${lines.join('\n')}\n.PHONY: all ${names.join(' ')}\n`;
  };

/**
 * All ways go on at the same time and take turns, phase by phase, so that a slow minute of the machine meets all of them.
 *
 * @param {import('./stand.mjs').Stand} stand
 * @param {readonly Way[]} ways
 * @param {{ counts: Counts, rounds: number, progress: (text: string) => void }} options
 * @returns {Promise<Costs[]>} medians of the rounds
 */
async function measure(stand, ways, { counts, rounds, progress }) {
  /** @type {GatedRun[]} */ const runs = [];
  const samples = ways.map(() => ({ sequence: [], parallel: [], changing: [] }));
  try {
    for (const [i, way] of ways.entries()) {
      progress(`dispatch: ${way.title}`);
      const argv = [...way.argv, `-j${SLOTS}`];
      const text = makefile(counts, rounds, way);
      runs.push(new GatedRun(stand, { name: `dispatch${i}`, argv, cwd: way.root, makefile: text }));
      await runs[i].toGate();
    }
    for (let round = 1; round <= rounds; round++) {
      progress(`dispatch: round ${round} of ${rounds}`);
      for (const phase of PHASES) {
        for (const [i, run] of runs.entries()) samples[i][phase].push(each(await run.toNextGate(), counts[phase] + 1));
      }
    }
    const expected = rounds * PHASES.reduce((sum, phase) => sum + counts[phase], 0);
    for (const [i, run] of runs.entries()) {
      await run.finish();
      if (run.jobs !== expected) throw new Error(`${ways[i].title}: ${run.jobs} jobs ran instead of ${expected}`);
    }
  } finally {
    for (const run of runs) await run.close();
    for (const { root } of ways) rmSync(join(root, 'changing'), { force: true });
  }
  return samples.map((sample) => {
    const middle = (/** @type {Phase} */ phase) => ({
      wallMs: median(sample[phase].map((s) => s.wallMs)),
      cpuMs: median(sample[phase].map((s) => s.cpuMs)),
      hostCpuMs: median(sample[phase].map((s) => s.hostCpuMs ?? Number.NaN)),
    });
    return { sequence: middle('sequence'), parallel: middle('parallel'), changing: middle('changing') };
  });
}

/** @type {import('./section.mjs').Section} */
export const dispatch = {
  name: 'dispatch',
  async run(stand, { quick, progress }) {
    const counts = quick ? { sequence: 20, parallel: 20, changing: 3 } : { sequence: 50, parallel: 100, changing: 5 };
    const rounds = quick ? 2 : 5;
    const [host] = stand.hosts;
    const sizes = quick ? [100, 2000] : [100, 10_000, 80_000];
    progress('dispatch: writing the trees');
    const ssh = `${stand.ssh(host).join(' ')} `;
    const options = [
      '--local-jobs',
      '0',
      '--fallback',
      'never',
      '--dist',
      '*',
      '--local',
      'gate*',
      '--local',
      'write*',
    ];
    /** @type {Way[]} */
    const ways = [
      { title: 'ssh, one control connection', argv: ['make'], root: stand.tree(0).root, remote: ssh, seesFiles: false },
      ...sizes.map((files) => {
        const { root } = stand.tree(files);
        const argv = [process.execPath, CLI, '-c', stand.matrix([host]), '--root', root, ...options];
        return { title: `distmake, ${files} files`, argv, root, remote: '', seesFiles: true };
      }),
    ];
    stand.emptyHosts();
    const costs = await stand.connected(() => measure(stand, ways, { counts, rounds, progress }));
    const [baseline, ...trees] = costs;
    const growth = (/** @type {Phase} */ phase) => trees.at(-1)[phase].wallMs / trees[0][phase].wallMs;
    const missed = growth('sequence') > GROWTH_AT_MOST || growth('parallel') > GROWTH_AT_MOST;

    const cell = (/** @type {number} */ n) => n.toFixed(1);
    const lines = [['ms a job (CPU here, on host)', 'in sequence', `${SLOTS} at a time`, 'after a local write']];
    for (const [i, { title }] of ways.entries()) {
      const cells = PHASES.map((p) => costs[i][p]).map(
        ({ wallMs, cpuMs, hostCpuMs }) => `${cell(wallMs)} (${cell(cpuMs)}, ${cell(hostCpuMs)})`,
      );
      lines.push([title, ...cells]);
    }
    for (const [i, files] of sizes.entries()) {
      const cells = PHASES.map((p) => (trees[i][p].wallMs / baseline[p].wallMs).toFixed(2));
      lines.push([`distmake, ${files} files / ssh`, ...cells]);
    }
    lines.push([`${sizes.at(-1)} files / ${sizes[0]} files`, ...PHASES.map((p) => growth(p).toFixed(2))]);
    const totals = PHASES.map((p) => counts[p] * rounds);
    const what = `Jobs that print a word, nothing to stage: ${totals[0]} one after another, ${totals[1]} in parallel; ${totals[2]} each after a recipe here that writes a file; medians of ${rounds}`;
    const verdict = `Without a change the size of the tree matters by a factor of at most ${GROWTH_AT_MOST}: ${missed ? 'NOT met' : 'met'}\n`;
    return {
      text: `${what}\n\n${renderColumns(lines)}\n${verdict}`,
      record: {
        counts,
        rounds,
        ways: ways.map(({ title }, i) => ({ title, ...costs[i] })),
        growthAtMost: GROWTH_AT_MOST,
      },
      failed: false,
      missed,
    };
  },
};
