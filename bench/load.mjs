// What a policy of choosing hosts is worth where others work on one of them, and what it costs where nobody does.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SshHosts } from '../__tests__/rig/ssh-hosts.mjs';
import { CLI } from './competitors.mjs';
import { ModelHost } from './model-host.mjs';
import { Stand } from './stand.mjs';
import { median, renderColumns } from './table.mjs';

/** m2 chooses as `jobs` does. */
const POLICIES = ['jobs', 'auto', 'reported', 'm1'];
const HOSTS = ['first', 'second', 'third'];
const SLOTS = 2;
/** Of one processor, each host: together they leave some for make. */
const SHARE = 0.4;
/** Programs of others on the first host. */
const OTHERS = 4;
/** Processor time of a job. */
const JOB_MS = 120;

/**
 * Wide: no job waits for another. In steps: fewer jobs than slots at one time, and the slowest of them holds up the rest.
 *
 * @type {{ name: string, others: number, width: number }[]}
 */
const SCENES = [
  { name: 'all idle, wide', others: 0, width: Infinity },
  { name: 'all idle, in steps', others: 0, width: HOSTS.length },
  { name: 'one busy, wide', others: OTHERS, width: Infinity },
  { name: 'one busy, in steps', others: OTHERS, width: HOSTS.length },
];

/** Steps of a loop in awk that take so long on this machine. @param {Stand} stand @param {number} ms */
async function steps(stand, ms) {
  const trial = 2_000_000;
  const { wallMs } = await stand.run(['awk', loop(trial)], { cwd: stand.folder });
  return Math.round((trial * ms) / wallMs);
}

/** @param {number} count */
const loop = (count) => `BEGIN { for (i = 0; i < ${count}; i++) x += i }`;

/** @param {number} targets @param {number} width of a step @param {string} recipe */
function makefile(targets, width, recipe) {
  const names = Array.from({ length: targets }, (_, i) => `t${i}.o`);
  const lines = [`all: ${names.join(' ')}`];
  for (let at = 0; at < targets; at += width) {
    const before = names.slice(Math.max(0, at - width), at);
    lines.push(`${names.slice(at, at + width).join(' ')}: ${before.join(' ')}\n\t@${recipe} && uname -n >$@`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * One build.
 *
 * @typedef {object} Sample
 * @property {number} wallMs
 * @property {number} first jobs that ran on the first host
 *
 * @param {Stand} stand
 * @param {{ policy: string, targets: number, width: number, recipe: string }} what
 * @returns {Promise<Sample>}
 */
async function build(stand, { policy, targets, width, recipe }) {
  stand.emptyHosts();
  const cwd = join(stand.folder, 'work');
  mkdirSync(cwd);
  try {
    writeFileSync(join(cwd, 'Makefile'), makefile(targets, width, recipe));
    const argv = [process.execPath, CLI, '-c', stand.matrix(HOSTS, SLOTS), '--local-jobs', '0', '--load', policy];
    const { wallMs } = await stand.run([...argv, '-s', `-j${HOSTS.length * SLOTS}`], { cwd });
    const made = readdirSync(cwd).filter((name) => name.endsWith('.o'));
    if (made.length !== targets) throw new Error(`${made.length} targets were made instead of ${targets}`);
    const first = made.filter((name) => readFileSync(join(cwd, name), 'utf8') === `${HOSTS[0]}\n`).length;
    return { wallMs, first };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** @type {import('./section.mjs').Section} */
export const load = {
  name: 'load',
  async run({ folder, meter }, { runs, quick, progress }) {
    const targets = quick ? 12 : 36;
    const own = join(folder, 'load');
    mkdirSync(own);
    const rig = await SshHosts.start({ hosts: HOSTS.map((name) => ({ name, slots: SLOTS })) });
    /** @type {ModelHost[]} */ const models = [];
    /** @type {Map<string, Sample[]>} */ const samples = new Map();
    try {
      const stand = new Stand(own, meter, rig);
      const recipe = `awk '${loop(await steps(stand, JOB_MS))}'`;
      for (const [i, host] of rig.hosts.entries())
        models.push(ModelHost.make(host, join(rig.folder, `host${i}`), SHARE));
      // Round by round, so that a slow minute of the machine meets all of them.
      for (let round = 1; round <= runs; round++) {
        for (const { name, others, width } of SCENES) {
          if (others > 0) models[0].busy(others);
          for (const policy of POLICIES) {
            progress(`run ${round} of ${runs}: ${name}, ${policy}`);
            for (const model of models) model.settle();
            const key = `${name}/${policy}`;
            const sample = await build(stand, { policy, targets, width, recipe });
            samples.set(key, [...(samples.get(key) ?? []), sample]);
          }
          models[0].quiet();
        }
      }
    } finally {
      await rig.dispose();
      for (const model of models) model.remove();
    }

    const rows = SCENES.map(({ name, others }) => {
      const of = POLICIES.map((policy) => samples.get(`${name}/${policy}`));
      const walls = of.map((some) => median(some.map(({ wallMs }) => wallMs)));
      const first = of.map((some) => median(some.map((one) => one.first)));
      return { name, others, walls, first, ratios: walls.map((wall) => wall / walls[0]), samples: of };
    });
    const head = ['seconds a build', ...POLICIES, ...POLICIES.slice(1).map((policy) => `${policy} / jobs`)];
    head.push(...POLICIES.map((policy) => `first: ${policy}`));
    const lines = rows.map(({ name, walls, ratios, first }) => [
      name,
      ...walls.map((wall) => (wall / 1000).toFixed(2)),
      ...ratios.slice(1).map((ratio) => ratio.toFixed(2)),
      ...first.map((count) => `${count}`),
    ]);
    const what = `${targets} jobs of ${JOB_MS} ms on ${HOSTS.length} hosts with ${SHARE} of a processor and ${SLOTS} slots each; busy: ${OTHERS} programs of others on the first; steps: ${HOSTS.length} jobs, which the next ones need`;
    return {
      text: `${what}; medians of ${runs}; "first": jobs that ran there\n\n${renderColumns([head, ...lines])}`,
      record: { runs, targets, jobMs: JOB_MS, share: SHARE, others: OTHERS, policies: POLICIES, rows },
      failed: false,
      missed: false,
    };
  },
};
