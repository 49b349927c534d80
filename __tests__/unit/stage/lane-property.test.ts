import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Homecoming, Stage, StagedTree } from '../../../src/engine/ports.ts';
import type { Job } from '../../../src/model/job.ts';
import { createStage } from '../../../src/stage/stage.ts';
import { bufferOf, type Bytes } from '../../../src/util/bytes.ts';
import { LaneRig, type Variant } from '../lane/lane-rig.ts';
import { differences, look, scratch } from './tree-copy.ts';

const VARIANTS: Variant[] = [
  { name: 'overlay', kind: 'perl', sandbox: 'overlay', shell: '/bin/sh' },
  { name: 'tree', kind: 'perl', sandbox: 'tree', shell: '/bin/sh' },
];

// ---- operations, as lines of a recipe ------------------------------------------------------------------------------

const part = fc.constantFrom('a', 'b', 'with blank', 'new\nline', "quote's", '\xe9\xff', '-x', '$(y)');
const path = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const text = fc.string({ unit: fc.constantFrom('x', 'y', "'", '\n', ' ', '%'), minLength: 1, maxLength: 4 });
const mode = fc.constantFrom('644', '755', '600', '444');

const quoted = (one: Bytes): Bytes => `'${one.replaceAll("'", `'\\''`)}'`;
const at = (one: Bytes): Bytes => quoted(`./${one}`);
const above = (one: Bytes): Bytes => at(one.includes('/') ? one.slice(0, one.lastIndexOf('/')) : '.');

/** Never through a link: it may lead to what is not the same there and here. */
const GUARD = `umask 022
real() { p=$1; while :; do case $p in ./*/*) p=\${p%/*};; *) return 0;; esac; if [ -L "$p" ] || [ ! -d "$p" ]; then return 1; fi; done; }
`;

const lines = fc.oneof(
  fc.tuple(path, text, mode).map(([one, content, bits]) => {
    const put = `printf %s ${quoted(content)} > ${at(one)} && chmod ${bits} ${at(one)}`;
    return `mkdir -p ${above(one)}; real ${at(one)} && rm -rf ${at(one)} && ${put}`;
  }),
  fc.tuple(path, text).map(([one, content]) => {
    const put = `printf %s ${quoted(content)} | dd of=${at(one)} conv=notrunc`;
    return `real ${at(one)} && [ -f ${at(one)} ] && [ ! -L ${at(one)} ] && ${put}`;
  }),
  fc.tuple(path, text).map(([one, content]) => {
    return `real ${at(one)} && [ ! -L ${at(one)} ] && printf %s ${quoted(content)} >> ${at(one)}`;
  }),
  fc.tuple(path, text).map(([one, content]) => {
    return `printf %s ${quoted(content)} > .t; real ${at(one)} && mv -fT .t ${at(one)}; rm -f .t`;
  }),
  fc.tuple(path, path).map(([one, other]) => {
    return `mkdir -p ${above(other)}; real ${at(one)} && real ${at(other)} && mv -fT ${at(one)} ${at(other)}`;
  }),
  fc.tuple(path, path).map(([one, other]) => {
    return `real ${at(one)} && real ${at(other)} && [ -f ${at(one)} ] && [ ! -d ${at(other)} ] && cp -p ${at(one)} ${at(other)}`;
  }),
  path.map((one) => `real ${at(one)} && rm -rf ${at(one)}`),
  path.map((one) => `real ${at(one)} && rmdir ${at(one)}`),
  path.map((one) => `mkdir -p ${at(one)}`),
  path.map(
    (one) => `real ${at(one)} && [ -d ${at(one)} ] && [ ! -L ${at(one)} ] && rm -rf ${at(one)} && mkdir ${at(one)}`,
  ),
  fc.tuple(path, mode).map(([one, bits]) => {
    return `real ${at(one)} && [ ! -L ${at(one)} ] && chmod u+rw,${bits === '755' ? 'go+x' : 'go-x'} ${at(one)}`;
  }),
  path.map(
    (one) => `real ${at(one)} && [ -f ${at(one)} ] && [ ! -L ${at(one)} ] && touch -d 2001-02-03T04:05:06 ${at(one)}`,
  ),
  fc.tuple(path, path).map(([one, other]) => {
    const target = quoted('../'.repeat(one.split('/').length - 1) + other);
    return `mkdir -p ${above(one)}; real ${at(one)} && rm -rf ${at(one)} && ln -s -- ${target} ${at(one)}`;
  }),
);

const recipe = fc.array(lines, { minLength: 1, maxLength: 4 }).map((each) => [...each, ':'].join('\n'));

type Step =
  { readonly kind: 'local' | 'overlay' | 'tree'; readonly recipe: Bytes } | { readonly both: readonly Bytes[] };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('local' as const, 'overlay' as const, 'tree' as const), recipe }),
  fc.tuple(recipe, recipe).map((both) => ({ both })),
);

// ---- the runner and its hosts --------------------------------------------------------------------------------------

class World {
  readonly #scratch = scratch();
  readonly root = `${this.#scratch}/work`;
  readonly stage: Stage;
  readonly hosts: { rig: LaneRig; tree: StagedTree }[] = [];
  readonly counts: Record<Homecoming['kind'], number>;
  #serial = 1;

  constructor(counts: Record<Homecoming['kind'], number>) {
    mkdirSync(this.root);
    this.stage = createStage(this.root, () => undefined);
    this.counts = counts;
  }

  async start(): Promise<void> {
    for (const variant of VARIANTS) {
      const host = { rig: await LaneRig.open(variant), tree: this.stage.tree() };
      this.hosts.push(host);
      await host.rig.lane.sync(await host.tree.everything(() => undefined));
    }
  }

  #job(command: Bytes): Job {
    const id = this.#serial++;
    const { root: directory } = this;
    return {
      id,
      recipe: { id, make: 1, target: `t${id}`, directory },
      directory,
      argv: ['sh', '-c', GUARD + command],
      command,
      environment: [],
      umask: 0o22,
      prerequisites: undefined,
    };
  }

  runHere(command: Bytes): void {
    const job = this.#job(command);
    this.stage.writerStarted(job);
    // Arguments would be recoded.
    writeFileSync(`${this.#scratch}/script`, bufferOf(GUARD + command));
    execFileSync('sh', [`${this.#scratch}/script`], { cwd: this.root, stdio: 'pipe' });
    this.stage.writerEnded(job);
  }

  /** What does not come home is made again here. */
  async runThere(host: number, command: Bytes): Promise<void> {
    const { rig, tree } = this.hosts[host] as (typeof this.hosts)[number];
    const job = this.#job(command);
    const delta = await tree.missing(job);
    await delta.ready;
    const { version, visible, entries } = delta;
    const foreign = rig.lane.sandbox === 'tree' ? rig.lane.treePath : undefined;
    const incoming = this.stage.incoming({ job, version, visible, foreign });
    const { argv, umask } = job;
    const request = { directory: '', path: '', environment: [], recipe: job.id, merge: true, keep: undefined };
    await rig.lane.run(
      { ...request, entries, argv, umask, visible },
      {
        onApplied: () => delta.applied(),
        onText: () => undefined,
        onEnd: (outcome) => expect(outcome).toEqual({ kind: 'exited', status: 0 }),
        onOutput: (output) => incoming.add(output),
      },
      new AbortController().signal,
    );
    const homecoming = await incoming.commit(tree, true);
    incoming.discard();
    this.counts[homecoming.kind]++;
    if (homecoming.kind !== 'home') this.runHere(command);
  }

  /** Each host's tree, brought up to date, is the runner's. */
  async check(): Promise<void> {
    for (const [index, { rig }] of this.hosts.entries()) {
      await this.runThere(index, ':');
      expect(differences(look(this.root), look(rig.tree))).toEqual([]);
    }
  }

  async dispose(): Promise<void> {
    for (const { rig } of this.hosts) await rig.dispose();
    rmSync(this.#scratch, { recursive: true });
  }
}

test('whatever recipes do here and on hosts, each tree is as the workspace after each of them', async () => {
  const full = process.env['DISTMAKE_FULL'] !== undefined;
  const counts = { home: 0, refused: 0, conflict: 0 };
  await fc.assert(
    fc.asyncProperty(recipe, fc.array(step, { minLength: 1, maxLength: 10 }), async (initial, steps) => {
      const world = new World(counts);
      try {
        world.runHere(initial);
        await world.start();
        for (const each of steps) {
          if ('both' in each) await Promise.all(each.both.map(async (one, host) => world.runThere(host, one)));
          else if (each.kind === 'local') world.runHere(each.recipe);
          else await world.runThere(each.kind === 'overlay' ? 0 : 1, each.recipe);
          await world.check();
        }
      } finally {
        await world.dispose();
      }
    }),
    // What is drawn has no conflict at times.
    {
      numRuns: full ? 400 : 25,
      examples: [['echo begin >f', [{ both: ['sleep 0.1; echo a >>f', 'sleep 0.1; echo b >>f'] }]]],
    },
  );
  expect(counts.home).toBeGreaterThan(100);
  expect(counts.conflict).toBeGreaterThan(0);
}, 600_000);
