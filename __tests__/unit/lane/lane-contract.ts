import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Entry } from '../../../src/model/entry.ts';
import { bufferOf, bytesOf, type Bytes } from '../../../src/util/bytes.ts';
import {
  eventually,
  file,
  LaneRig,
  NOW,
  processesWith,
  type Around,
  type Came,
  type Ran,
  type Variant,
} from './lane-rig.ts';

const DONE = { kind: 'exited', status: 0 };

/** Name of every output with what it is, sorted: `d/f: file 644 text`. */
function brief(ran: Ran): string[] {
  return ran.outputs.map((output) => `${output.path}: ${describeOutput(output)}`).sort();
}

function describeOutput(output: Came): string {
  switch (output.kind) {
    case 'file':
      return `file ${output.mode.toString(8)} ${output.text.length > 40 ? output.text.length : output.text}`;
    case 'directory':
      return `directory ${output.mode.toString(8)}`;
    case 'link':
      return `link ${output.target}`;
    default:
      return output.kind;
  }
}

/** What every kind of lane does, on every kind of host. */
export function laneContract(variant: Variant): void {
  describe(variant.name, () => {
    const rigs: LaneRig[] = [];
    let shared: LaneRig;
    let serial = 0;

    async function open(
      ...[setup, around]: [Parameters<typeof LaneRig.open>[1]?, (string | Around)?]
    ): Promise<LaneRig> {
      const rig = await LaneRig.open(variant, setup, around);
      rigs.push(rig);
      return rig;
    }

    /** One lane for all tests that leave it as it was, each below a directory of its own. */
    async function below(...entries: Entry[]): Promise<string> {
      const path = `t${serial++}`;
      const moved = entries.map((entry) => ({ ...entry, path: `${path}/${entry.path}` }));
      await shared.lane.sync([{ kind: 'directory', path, mode: 0o755 }, ...moved]);
      return path;
    }

    async function runBelow(directory: string, command: Bytes, more: Parameters<LaneRig['run']>[1] = {}): Promise<Ran> {
      const ran = await shared.run(command, { directory, ...more });
      const outputs = ran.outputs.map((output) => ({ ...output, path: output.path.replace(`${directory}/`, '') }));
      return { ...ran, outputs };
    }

    beforeAll(async () => {
      shared = await LaneRig.open(variant);
    });
    afterAll(async () => {
      await shared.dispose();
    });
    afterEach(async () => {
      for (const rig of rigs.splice(0)) await rig.dispose();
    });

    test('is the sandbox that was asked for', () => {
      expect(shared.lane.sandbox).toBe(variant.sandbox);
    });

    describe('entries', () => {
      test('make files, directories and links', async () => {
        const directory = await below(
          { kind: 'directory', path: 'd', mode: 0o750 },
          file('d/script', '#!/bin/sh\n', 0o755),
          file('d/private', 'x', 0o600),
          { kind: 'link', path: 'l', time: NOW, target: 'd/script' },
          file('empty', ''),
        );
        const at = (path: string): string => join(shared.tree, directory, path);
        expect(statSync(at('d')).mode & 0o777).toBe(0o750);
        expect(statSync(at('d/script')).mode & 0o777).toBe(0o755);
        expect(statSync(at('d/private')).mode & 0o777).toBe(0o600);
        expect(readFileSync(at('d/script'), 'latin1')).toBe('#!/bin/sh\n');
        expect(readlinkSync(at('l'))).toBe('d/script');
        expect(statSync(at('empty')).size).toBe(0);
      });

      test('change the mode of a directory and leave alone what is in it', async () => {
        const directory = await below({ kind: 'directory', path: 'd', mode: 0o755 }, file('d/f', 'x'));
        await shared.lane.sync([{ kind: 'directory', path: `${directory}/d`, mode: 0o711 }]);
        expect(statSync(join(shared.tree, directory, 'd')).mode & 0o777).toBe(0o711);
        expect(readdirSync(join(shared.tree, directory, 'd'))).toEqual(['f']);
      });

      test('keep the time, to the second at least', async () => {
        const time = 1_600_000_000_123_456_789n;
        const directory = await below(file('f', 'x', 0o644, time));
        const at = join(shared.tree, directory, 'f');
        expect(statSync(at, { bigint: true }).mtimeNs / 1_000_000_000n).toBe(1_600_000_000n);
        await shared.lane.sync([{ kind: 'time', path: `${directory}/f`, time: 1_500_000_000_987_654_321n }]);
        expect(statSync(at, { bigint: true }).mtimeNs / 1_000_000_000n).toBe(1_500_000_000n);
        expect(readFileSync(at, 'latin1')).toBe('x');
      });

      test('replace each kind by each other', async () => {
        const make: Record<string, (path: string) => Entry[]> = {
          file: (path) => [file(path, 'new')],
          link: (path) => [{ kind: 'link', path, time: NOW, target: 'nowhere' }],
          directory: (path) => [{ kind: 'directory', path, mode: 0o755 }, file(`${path}/in`, 'new')],
        };
        const kinds = Object.keys(make);
        const pairs = kinds.flatMap((from) => kinds.map((to) => [from, to] as const));
        const directory = await below(...pairs.flatMap(([from, to]) => make[from]?.(`${from}-${to}`) ?? []));
        await shared.lane.sync(pairs.flatMap(([from, to]) => make[to]?.(`${directory}/${from}-${to}`) ?? []));
        for (const [from, to] of pairs) {
          const stats = lstatSync(join(shared.tree, directory, `${from}-${to}`));
          expect([from, to, stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'link']).toEqual([
            from,
            to,
            to,
          ]);
        }
      });

      test('remove, whatever stands there and below, and what is not there', async () => {
        const directory = await below(
          file('f', 'x'),
          { kind: 'directory', path: 'd', mode: 0o755 },
          { kind: 'directory', path: 'd/e', mode: 0o755 },
          file('d/e/f', 'x'),
          { kind: 'link', path: 'l', time: NOW, target: '/etc' },
        );
        await shared.lane.sync(
          ['f', 'd', 'l', 'never', 'f/below'].map((path) => ({ kind: 'removed', path: `${directory}/${path}` })),
        );
        expect(readdirSync(join(shared.tree, directory))).toEqual([]);
        expect(existsSync('/etc/passwd')).toBe(true);
      });

      test('are applied in their order where it matters', async () => {
        const directory = await below();
        const path = `${directory}/p`;
        await shared.lane.sync([
          file(path, 'one'),
          { kind: 'removed', path },
          { kind: 'directory', path, mode: 0o755 },
          file(`${path}/f`, 'two'),
          { kind: 'removed', path: `${path}/f` },
          file(`${path}/f`, 'three'),
        ]);
        expect(readFileSync(join(shared.tree, `${path}/f`), 'latin1')).toBe('three');
      });

      test('never go through a link', async () => {
        const rig = await open();
        const outside = join(rig.directory, 'outside');
        mkdirSync(outside);
        writeFileSync(join(outside, 'kept'), 'kept');
        chmodSync(outside, 0o777);
        symlinkSync(outside, join(rig.tree, 'door'));
        await rig.lane.sync([
          { kind: 'removed', path: 'door/kept' },
          { kind: 'time', path: 'door/kept', time: 1_500_000_000_000_000_000n },
        ]);
        await expect(rig.lane.sync([file('door/written', 'x')])).rejects.toThrow('staging failed there: ');
        await expect(rig.lane.sync([{ kind: 'directory', path: 'door/made', mode: 0o755 }])).rejects.toThrow('staging');
        await expect(rig.lane.sync([{ kind: 'link', path: 'door/l', target: 'x', time: NOW }])).rejects.toThrow(
          'staging',
        );
        expect(readdirSync(outside)).toEqual(['kept']);
        expect(statSync(join(outside, 'kept')).mtimeMs).toBeGreaterThan(1_600_000_000_000);
        await rig.lane.sync([{ kind: 'directory', path: 'door', mode: 0o755 }, file('door/written', 'x')]);
        expect(readdirSync(outside)).toEqual(['kept']);
        expect(readFileSync(join(rig.tree, 'door/written'), 'latin1')).toBe('x');
      });

      test('take any name, also a long one', async () => {
        const long = `${'d'.repeat(120)}/${'e'.repeat(120)}`;
        const names = [...ODD_NAMES, '-rf', `${'d'.repeat(120)}/x`];
        const directory = await below(
          ...names.slice(0, -1).map((name) => file(name, name)),
          { kind: 'directory', path: 'd'.repeat(120), mode: 0o755 },
          file(`${'d'.repeat(120)}/x`, `${'d'.repeat(120)}/x`),
          { kind: 'directory', path: long, mode: 0o755 },
          { kind: 'link', path: `${long}/l`, time: NOW, target: long },
          ...names.slice(0, 3).map((name): Entry => ({ kind: 'link', path: `l ${name}`, time: NOW, target: name })),
        );
        for (const name of names) {
          expect(readFileSync(bufferOf(join(shared.tree, directory, name)), 'latin1')).toBe(name);
        }
        expect(readlinkSync(join(shared.tree, directory, long, 'l'))).toBe(long);
        for (const name of names.slice(0, 3)) {
          const target = readlinkSync(bufferOf(join(shared.tree, directory, `l ${name}`)), { encoding: 'buffer' });
          expect(bytesOf(target)).toBe(name);
        }
      });

      test('come in any number and size, also while they are read', async () => {
        const piece = Buffer.alloc(262144, 'a');
        async function* pieces(): AsyncGenerator<Buffer> {
          for (let i = 0; i < 20; i++) yield await Promise.resolve(piece);
        }
        const many = Array.from({ length: 1200 }, (_, i) => file(`many${i}`, `${i}`));
        const directory = await below(
          ...many.slice(0, 600),
          { kind: 'file', path: 'big', mode: 0o644, time: NOW, size: 20 * piece.length, content: pieces() },
          ...many.slice(600),
        );
        const at = join(shared.tree, directory);
        expect(readFileSync(join(at, 'big'), 'latin1')).toBe('a'.repeat(20 * piece.length));
        expect(readdirSync(at)).toHaveLength(1201);
        expect(readFileSync(join(at, 'many1199'), 'latin1')).toBe('1199');
      });
    });

    describe('outputs', () => {
      test('are files with their modes, links, and empty directories', async () => {
        const directory = await below(file('in', 'text'));
        const ran = await runBelow(
          directory,
          'cat in >out && chmod 751 out && mkdir d d/empty && echo >d/e && ln -s e d/l && ln -s /etc/passwd away && : >nothing',
        );
        expect(ran.outcome).toEqual(DONE);
        expect(brief(ran)).toEqual([
          'away: link /etc/passwd',
          'd/e: file 644 \n',
          'd/empty: directory 755',
          'd/l: link e',
          'd: directory 755',
          'nothing: file 644 ',
          'out: file 751 text',
        ]);
        expect(ran.outputs.findIndex((o) => o.path === 'd')).toBeLessThan(
          ran.outputs.findIndex((o) => o.path === 'd/e'),
        );
      });

      test('are nothing when nothing changed', async () => {
        const directory = await below(file('in', 'text'));
        expect(brief(await runBelow(directory, 'cat in >/dev/null; : >x; rm x'))).toEqual([]);
      });

      test('are what was changed in place, at once after it came or was written', async () => {
        const directory = await below(file('f', 'one'));
        for (const text of ['two', 'six', 'ten', 'net']) {
          const entries = text === 'ten' ? [file(`${directory}/f`, 'new')] : [];
          const ran = await runBelow(directory, `printf ${text} 1<>f`, { entries });
          expect(brief(ran)).toEqual([`f: file 644 ${text}`]);
        }
      });

      test('are a changed mode, a touched file and a renamed one', async () => {
        const directory = await below(file('mode', 'm'), file('old', 'o'), {
          kind: 'directory',
          path: 'd',
          mode: 0o755,
        });
        const ran = await runBelow(directory, 'chmod 755 mode; chmod 700 d; mv old new');
        expect(brief(ran)).toEqual(['d: directory 700', 'mode: file 755 m', 'new: file 644 o', 'old: removed']);
        expect(ran.outputs.find((o) => o.path === 'new')).toMatchObject({ timeIsSet: true });
      });

      test('are a renamed directory with all that is in it', async () => {
        const directory = await below(
          { kind: 'directory', path: 'd', mode: 0o755 },
          { kind: 'directory', path: 'd/e', mode: 0o711 },
          file('d/e/f', 'x'),
        );
        const came = brief(await runBelow(directory, 'mv d new'));
        expect(came).toEqual(
          expect.arrayContaining(['d: removed', 'new/e/f: file 644 x', 'new/e: directory 711', 'new: directory 755']),
        );
        expect((await runBelow(directory, 'cat new/e/f')).stdout).toBe('x');
      });

      test('are deletions', async () => {
        const directory = await below(file('f', 'x'), { kind: 'directory', path: 'd', mode: 0o755 }, file('d/g', 'x'));
        const ran = await runBelow(directory, 'rm -r f d');
        expect(ran.outputs.every((o) => o.kind === 'removed')).toBe(true);
        expect(brief(ran)).toEqual(expect.arrayContaining(['d: removed', 'f: removed']));
        expect(brief(await runBelow(directory, 'ls -A'))).toEqual([]);
      });

      test('are what has gone from a directory that was made anew', async () => {
        const directory = await below({ kind: 'directory', path: 'd', mode: 0o755 }, file('d/old', 'x'));
        const came = brief(await runBelow(directory, 'rm -rf d; mkdir d; echo 1 >d/new'));
        expect(came).toContain('d/new: file 644 1\n');
        expect(
          came.includes('d/old: removed') || (came.includes('d: removed') && came.includes('d: directory 755')),
        ).toBe(true);
      });

      test('are a kind in place of another', async () => {
        const directory = await below(
          file('f', 'x'),
          { kind: 'directory', path: 'd', mode: 0o755 },
          file('d/g', 'x'),
          file('t', 'target'),
        );
        const ran = await runBelow(directory, 'rm -r f d; mkdir f; echo in >f/in; echo d >d; rm t; ln -s f t');
        const came = brief(ran);
        expect(came).toEqual(
          expect.arrayContaining([
            'd: file 644 d\n',
            'd: removed',
            'f/in: file 644 in\n',
            'f: directory 755',
            't: link f',
          ]),
        );
      });

      test('have any name', async () => {
        const directory = await below();
        const list = ODD_NAMES.map((name) => `'${name.replaceAll("'", `'"'"'`)}'`).join(' ');
        const ran = await runBelow(directory, `for f in ${list}; do printf %s "$f" >"$f"; ln -s "$f" "l$f"; done`);
        const expected = ODD_NAMES.flatMap((name) => [`${name}: file 644 ${name}`, `l${name}: link ${name}`]);
        expect(brief(ran)).toEqual(expected.sort());
        const gone = await runBelow(directory, `rm ${list}`);
        expect(brief(gone)).toEqual(ODD_NAMES.map((name) => `${name}: removed`).sort());
      });

      test('are large', async () => {
        const directory = await below();
        const ran = await runBelow(directory, 'head -c 5000000 /dev/zero | tr "\\0" z >big; echo small >small');
        expect(brief(ran)).toEqual(['big: file 644 5000000', 'small: file 644 small\n']);
        expect(ran.outputs.find((o) => o.path === 'big')).toHaveProperty('text', 'z'.repeat(5000000));
      });

      test('are many', async () => {
        const directory = await below();
        const ran = await runBelow(
          directory,
          'i=0; while [ $i -lt 1500 ]; do echo $i >"a long name to fill lines $i"; i=$((i+1)); done',
        );
        expect(ran.outputs).toHaveLength(1500);
        expect(ran.outputs.find((o) => o.path.endsWith(' 1499'))).toHaveProperty('text', '1499\n');
      });

      test('name what cannot travel', async () => {
        const directory = await below();
        expect(brief(await runBelow(directory, 'mkfifo pipe'))).toEqual(['pipe: special']);
      });

      test('are read also where the job took the right to', async () => {
        const directory = await below();
        expect(brief(await runBelow(directory, 'echo x >f; chmod 200 f'))).toEqual(['f: file 200 x\n']);
        expect(brief(await runBelow(directory, ':'))).toEqual([]);
      });

      test('come from directories that may not be written, and go there', async () => {
        const directory = await below(
          { kind: 'directory', path: 'closed', mode: 0o555 },
          file('closed/f', 'x'),
          { kind: 'directory', path: 'closed/deep', mode: 0o500 },
          file('closed/deep/f', 'x'),
        );
        await shared.lane.sync([file(`${directory}/closed/deep/g`, 'late')]);
        if (variant.kind === 'perl' && (variant.unprivileged === true || process.getuid?.() !== 0)) {
          const refused = await runBelow(
            directory,
            'touch closed/new; rm closed/f; cat closed/deep/g; stat -c %a closed',
          );
          expect([refused.stdout, refused.stderr.match(/denied/g)?.length]).toEqual(['late555\n', 2]);
          expect(brief(refused)).toEqual([]);
        }
        const ran = await runBelow(
          directory,
          'chmod 755 closed; echo 1 >closed/new; mkdir made; echo 2 >made/f; chmod 555 made',
        );
        expect(brief(ran)).toEqual(
          expect.arrayContaining(['closed/new: file 644 1\n', 'made/f: file 644 2\n', 'made: directory 555']),
        );
        expect(brief(ran).includes('closed: directory 755')).toBe(variant.kind === 'perl');
        await shared.lane.sync([
          { kind: 'removed', path: `${directory}/made/f` },
          { kind: 'removed', path: `${directory}/closed` },
        ]);
        expect((await runBelow(directory, 'ls . made')).stdout).toBe('.:\nmade\n\nmade:\n');
      });

      if (variant.kind === 'perl') {
        test('come from directories that are closed to their owner, and from copies of them', async () => {
          const directory = await below(
            { kind: 'directory', path: 'closed', mode: 0o511 },
            { kind: 'directory', path: 'closed/shut', mode: 0o055 },
            file('closed/shut/f', 'x'),
          );
          const modes = 'stat -c "%a %n" closed closed/shut';
          for (const more of ['', 'g']) {
            const entries = more === '' ? [] : [file(`${directory}/closed/shut/${more}`, 'late')];
            const ran = await runBelow(directory, `${modes}; ls closed/shut`, { entries });
            const seen = variant.unprivileged === true ? '' : `f\n${more}${more && '\n'}`;
            expect(ran.stdout).toBe(`511 closed\n55 closed/shut\n${seen}`);
            expect(brief(ran)).toEqual([]);
          }
          const copy = 'chmod 755 closed/shut; cp -a closed copy; chmod 500 copy/shut copy; chmod 311 closed/shut';
          expect(brief(await runBelow(directory, copy))).toEqual([
            'closed/shut: directory 311',
            'copy/shut/f: file 644 x',
            'copy/shut/g: file 644 late',
            'copy/shut: directory 500',
            'copy: directory 500',
          ]);
          expect((await runBelow(directory, `${modes} copy copy/shut`)).stdout).toBe(
            '511 closed\n311 closed/shut\n500 copy\n500 copy/shut\n',
          );
          await shared.lane.sync([{ kind: 'removed', path: `${directory}/copy` }]);
          await shared.lane.sync([{ kind: 'directory', path: `${directory}/copy`, mode: 0o755 }]);
          const after = await runBelow(directory, 'stat -c %a copy; ls copy; mkdir copy/shut; stat -c %a copy/shut');
          expect(after.stdout).toBe('755\n755\n');
        });

        test('of a failed job leave no closed directory', async () => {
          const directory = await below();
          const ran = await runBelow(directory, 'mkdir -p d/e; echo 1 >d/e/f; chmod 0 d/e; chmod 500 d; exit 1');
          expect(brief(ran)).toEqual([]);
          const after = await runBelow(directory, 'ls -A; mkdir -p d/e; stat -c %a d d/e');
          expect(after.stdout).toBe('755\n755\n');
        });
      }

      test('have their setuid, setgid and sticky bits', async () => {
        const directory = await below();
        const ran = await runBelow(directory, 'echo >u; chmod 4755 u; echo >g; chmod 2711 g; mkdir d; chmod 1755 d');
        expect(brief(ran)).toEqual(['d: directory 755', 'g: file 2711 \n', 'u: file 4755 \n']);
      });

      test('say whether the job set the time itself', async () => {
        const directory = await below(file('old', 'x', 0o644, 1_600_000_000_000_000_000n));
        const ran = await runBelow(directory, 'cp -p old copy; echo x >new');
        expect(ran.outputs.find((o) => o.path === 'copy')).toMatchObject({
          timeIsSet: true,
          time: 1_600_000_000_000_000_000n,
        });
        expect(ran.outputs.find((o) => o.path === 'new')).toMatchObject({ timeIsSet: false });
      });

      test('are seen by the next job', async () => {
        const directory = await below();
        await runBelow(directory, 'mkdir d; echo one >d/f; ln d/f d/g');
        const ran = await runBelow(directory, 'cat d/f d/g');
        expect(ran.stdout).toBe('one\none\n');
      });
    });

    describe('a job that fails', () => {
      const failing = 'echo part >target; echo side >side; echo more >>changed; rm removed; exit 3';
      const before = [file('changed', 'c'), file('removed', 'r')];

      test('brings nothing home, and leaves no trace or says what is unknown', async () => {
        const directory = await below(...before);
        const ran = await runBelow(directory, failing);
        expect(ran.outcome).toEqual({ kind: 'exited', status: 3 });
        expect(brief(ran)).toEqual(variant.sandbox === 'overlay' ? [] : ['changed: unknown', 'removed: unknown']);
        const after = await runBelow(directory, 'ls');
        expect(after.stdout).toBe(variant.sandbox === 'overlay' ? 'changed\nremoved\n' : 'changed\n');
        expect(brief(after)).toEqual([]);
      });

      test('keeps what it wrote except its target, when asked to', async () => {
        const directory = await below(...before);
        const ran = await runBelow(directory, failing, { keep: { except: `${directory}/target` } });
        expect(brief(ran)).toEqual(['changed: file 644 cmore\n', 'removed: removed', 'side: file 644 side\n']);
        const after = await runBelow(directory, 'ls');
        expect(after.stdout).toBe('changed\nside\n');
        expect(brief(after)).toEqual([]);
      });

      test('has its target known as unknown when it was there before', async () => {
        const directory = await below(file('target', 'old'));
        const ran = await runBelow(directory, 'echo part >target; exit 1', { keep: { except: `${directory}/target` } });
        expect(brief(ran)).toEqual(variant.sandbox === 'overlay' ? [] : ['target: unknown']);
      });
    });

    describe('what a job prints', () => {
      test('comes apart', async () => {
        const ran = await shared.run('echo out; echo err >&2; printf tail');
        expect([ran.stdout, ran.stderr]).toEqual(['out\ntail', 'err\n']);
      });

      test('keeps its order when merged', async () => {
        const ran = await shared.run('for i in 1 2 3; do echo o$i; echo e$i >&2; done', { merge: true });
        expect([ran.stdout, ran.stderr]).toEqual(['o1\ne1\no2\ne2\no3\ne3\n', '']);
      });

      test('stays whole when it opens its own descriptors again', async () => {
        const ran = await shared.run('echo one; echo two >/dev/stderr; echo three >/dev/stdout; echo four', {
          merge: true,
        });
        expect(ran.stdout).toBe('one\ntwo\nthree\nfour\n');
      });

      test('can be much, and any bytes', async () => {
        const ran = await shared.run('head -c 3000000 /dev/zero; printf "\\377\\200\\n"; echo done >&2');
        expect(ran.stdout.length).toBe(3000003);
        expect(ran.stdout.slice(-4)).toBe('\0\xff\x80\n');
        expect(ran.stderr).toBe('done\n');
      });
    });

    describe('a job', () => {
      test('has its arguments and environment byte for byte', async () => {
        const value = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');
        const more = {
          argv: ['sh', '-c', 'printf "%s|" "$V" "$@" "$HOSTS_OWN"', 'x', value, '', ' a  b ', '*', '-n', '\n'],
          environment: [`V=${value}`],
        };
        const ran = await shared.run('', more);
        expect(ran.stdout).toBe([value, value, '', ' a  b ', '*', '-n', '\n', 'yes', ''].join('|'));
      });

      test('takes long arguments', async () => {
        const long = 'x'.repeat(100_000);
        const ran = await shared.run('', {
          argv: ['sh', '-c', 'printf "%s" "${#V} ${#1}"', 'x', long],
          environment: [`V=${long}`],
        });
        expect(ran.stdout).toBe('100000 100000');
      });

      test('has no variable that others can read on the host', async () => {
        const secret = `secret-${Math.floor(Math.random() * 1e9)}`;
        const value = `${secret}${'x'.repeat(5000)}`;
        const environment = [`TOKEN=${value}`, `home=${secret}`, `group=${secret}`, `begin=${secret}`];
        const word = `${6_000_000 + Math.floor(Math.random() * 999_999)}`;
        const stop = new AbortController();
        const running = shared.run(`echo "\${#TOKEN} $home"; exec sleep ${word}`, { environment }, stop.signal);
        await eventually(() => processesWith(`sleep\0${word}`).length > 0);
        const words = processesWith(secret);
        const files = spawnSync('grep', ['-rlsF', '--devices=skip', secret, shared.directory], { encoding: 'utf8' });
        stop.abort();
        expect((await running).stdout).toBe(`${value.length} ${secret}\n`);
        expect([words, files.stdout.replaceAll(join(shared.directory, 'staging/l1/out\n'), '')]).toEqual([[], '']);
      });

      test('has names in its environment that no shell could set', async () => {
        const ran = await shared.run('', { argv: ['env'], environment: ['a.b%%=() { :', 'EMPTY='] });
        expect(ran.stdout).toContain('\na.b%%=() { :\n');
        expect(ran.stdout).toContain('\nEMPTY=\n');
        expect(ran.stdout).not.toMatch(/^(SSH_|DISTMAKE_(?!FULL|SEED)|OLDPWD)/m);
        expect(ran.stdout.match(/^PWD=/gm)).toHaveLength(1);
      });

      test("has the host's locale and time zone", async () => {
        const rig = await open({ setup: 'export LC_ALL=POSIX; unset TZ' });
        expect((await rig.run('echo "$LC_ALL ${TZ-none}"')).stdout).toBe('POSIX none\n');
        const other = await open({ setup: 'export TZ=EST5; unset LC_ALL' });
        expect((await other.run('echo "${LC_ALL-none} $TZ"')).stdout).toBe('none EST5\n');
      });

      test("finds what was put before the host's PATH", async () => {
        const directory = await below(file('tool', '#!/bin/sh\necho tool\n', 0o755));
        const path = variant.sandbox === 'overlay' ? '/distmake-lane-test/work space' : shared.tree;
        const ran = await runBelow(directory, 'tool; ls -d .; echo "$PATH"', { path: `${path}/${directory}` });
        expect(ran.stdout).toMatch(/^tool\n\.\n/);
        expect(ran.stdout.split('\n')[2]).toMatch(/:[^:]/);
      });

      test('is in its directory, with its umask and nothing on stdin', async () => {
        const directory = await below({ kind: 'directory', path: 'a b', mode: 0o755 });
        const ran = await runBelow(`${directory}/a b`, 'pwd; echo "$PWD"; cat; umask; echo x >f', { umask: 0o027 });
        const at = `${shared.lane.sandbox === 'overlay' ? '/distmake-lane-test/work space' : shared.tree}/${directory}/a b`;
        expect(ran.stdout).toBe(`${at}\n${at}\n0027\n`);
        expect(ran.outputs[0]).toMatchObject({ kind: 'file', mode: 0o640 });
      });

      test('ends as it ends', async () => {
        const ends: [string, unknown][] = [
          ['exit 0', DONE],
          ['exit 77', { kind: 'exited', status: 77 }],
          ['exit 137', { kind: 'exited', status: 137 }],
          ['kill -9 $$', { kind: 'signaled', signal: 9 }],
          ['kill -15 $$', { kind: 'signaled', signal: 15 }],
        ];
        for (const [command, outcome] of ends) expect((await shared.run(command)).outcome).toEqual(outcome);
      });

      test('is told when there is no such command or directory', async () => {
        expect((await shared.run('', { argv: ['/none/such'] })).outcome).toEqual({ kind: 'exited', status: 127 });
        const ran = await shared.run('echo no', { directory: 'none/such' });
        expect([ran.outcome, ran.stdout]).toEqual([{ kind: 'exited', status: 126 }, '']);
        expect(ran.stderr).toContain('none/such');
      });

      test('can be interrupted by itself', async () => {
        const ran = await shared.run('trap "echo caught" INT QUIT; kill -INT $$; kill -QUIT $$');
        expect(ran.stdout).toBe('caught\ncaught\n');
      });

      test('is timed', async () => {
        const { seconds } = await shared.run('sleep 0.3');
        expect(seconds).toBeGreaterThan(0.25);
        expect(seconds).toBeLessThan(3);
      });

      test('leaves no process behind, and nothing waits for one', async () => {
        const word = `${7_000_000 + Math.floor(Math.random() * 999_999)}`;
        const begin = Date.now();
        const ran = await shared.run(
          `sleep ${word} & (sleep ${word} >/dev/null 2>&1 &) ; ${hasSetsid(variant) ? `setsid sleep ${word} &` : ''} echo on`,
        );
        expect([ran.outcome, ran.stdout]).toEqual([DONE, 'on\n']);
        expect(Date.now() - begin).toBeLessThan(5000);
        await eventually(() => processesWith(word).length === 0);
      });
    });

    if (variant.sandbox === 'overlay') {
      test('/tmp is the same for all lines of a recipe, and nobody else sees it', async () => {
        const lines = ['mkdir /tmp/d && echo one >/tmp/d/f', 'cat /tmp/d/f; echo two >/tmp/f', 'cat /tmp/f /tmp/d/f'];
        const [first, second] = lines;
        expect((await shared.run(first ?? '', { recipe: 7 })).outcome).toEqual(DONE);
        expect((await shared.run('ls -A /tmp', { recipe: 8 })).stdout).not.toMatch(/^d$/m);
        expect((await shared.run(second ?? '', { recipe: 7 })).stdout).toBe('one\n');
        expect((await shared.run(lines[2] ?? '', { recipe: 7 })).stdout).toBe('two\none\n');
        expect((await shared.run('ls -A /tmp', { recipe: 8 })).stdout).not.toMatch(/^[df]$/m);
      });
    } else {
      test('TMPDIR is the same for all lines of a recipe on any lane, and nobody else has it', async () => {
        const rig = await open();
        const second = await open({ staging: join(rig.directory, 'staging'), create: false, number: 2 });
        const print = 'echo "$TMPDIR"; ls -A "$TMPDIR"';
        const { stdout } = await rig.run(`echo "$TMPDIR"; mkdir "$TMPDIR/d"; echo one >"$TMPDIR/d/f"`, { recipe: 7 });
        const [directory = ''] = stdout.split('\n');
        expect(directory.startsWith(join(rig.directory, 'staging'))).toBe(true);
        expect((await second.run(`${print}; cat "$TMPDIR/d/f"`, { recipe: 7 })).stdout).toBe(`${directory}\nd\none\n`);
        const other = await rig.run(print, { recipe: 8 });
        expect(other.stdout).toMatch(/^\/.*\n$/);
        expect(other.stdout).not.toBe(`${directory}\n`);
        expect(existsSync(other.stdout.trim())).toBe(false);
        rigs.reverse();
      });
    }

    test('what belongs to no recipe finds nothing in its place for temporary files, and leaves nothing there', async () => {
      const place = variant.sandbox === 'overlay' ? '/tmp' : '"$TMPDIR"';
      const command = `ls -A ${place}; mkdir ${place}/d && echo x >${place}/d/f && chmod 500 ${place}/d`;
      expect((await shared.run(`echo x >${place}/kept`, { recipe: 5 })).outcome).toEqual(DONE);
      for (let i = 0; i < 2; i++)
        expect(await shared.run(command, { recipe: 0 })).toMatchObject({ outcome: DONE, stdout: '' });
      expect((await shared.run(`ls ${place}`, { recipe: 5 })).stdout).toBe('kept\n');
    });

    test("temporary files go where the job's own environment says, never where the host's did", async () => {
      const print = 'echo "${TMPDIR-none} ${TMP-none} ${TEMP-none}"';
      expect((await shared.run(print)).stdout).not.toContain('nowhere');
      const environment = ['TMPDIR=/own', 'TMP=/tmp'];
      expect((await shared.run(print, { environment })).stdout).toBe('/own /tmp none\n');
    });

    describe('the end', () => {
      test('comes when asked for, and the lane goes on', async () => {
        const word = `${8_000_000 + Math.floor(Math.random() * 999_999)}`;
        const stop = new AbortController();
        const running = shared.run(`echo begun >kept; sleep ${word} & sleep ${word}`, {}, stop.signal);
        await eventually(() => processesWith(word).length >= 2);
        stop.abort();
        expect((await running).outcome).toEqual({ kind: 'cancelled' });
        await eventually(() => processesWith(word).length === 0);
        const after = await shared.run('ls kept || echo none');
        expect([after.outcome, after.stdout]).toEqual([DONE, 'none\n']);
      });

      test('comes before the job has begun', async () => {
        const stop = new AbortController();
        stop.abort();
        expect((await shared.run('sleep 60', {}, stop.signal)).outcome).toEqual({ kind: 'cancelled' });
        expect((await shared.run('echo next')).stdout).toBe('next\n');
      });

      test('comes with the stream, and leaves no process', async () => {
        const rig = await open();
        const word = `${9_000_000 + Math.floor(Math.random() * 999_999)}`;
        const escaped = hasSetsid(variant) ? `setsid sleep ${word} >/dev/null 2>&1 & ` : '';
        const lost = rig.run(`${escaped}sleep ${word} & sleep ${word}`);
        await eventually(() => processesWith(word).length >= 2);
        await Promise.all([expect(lost).rejects.toThrow(), rig.close()]);
        await eventually(() => processesWith(word).length === 0 && processesWith(rig.directory).length === 0);
      });

      test('of an idle lane leaves no process', async () => {
        const rig = await open();
        await rig.run('true');
        await rig.close();
        await eventually(() => processesWith(rig.directory).length === 0);
      });
    });

    describe('the host', () => {
      test('tells its processors and its load, again after each job and when asked', async () => {
        const { processors, cap, load } = shared.lane.facts;
        expect([processors, cap, load?.length]).toEqual([cpus().length, undefined, 3]);
        for (let i = 0; i < 2; i++) {
          expect(await shared.lane.load()).toHaveLength(3);
          expect((await shared.run('true')).load).toHaveLength(3);
        }
      });

      test('never runs more jobs of all runs together than its owner allows, at his niceness, whatever becomes of lanes', async () => {
        const owner = mkdtempSync(join(tmpdir(), 'lane-owner-'));
        chmodSync(owner, 0o1777);
        writeFileSync(join(owner, 'distmake.conf'), 'max_jobs: 2\nnice_prio: 7\n');
        const [first, second, third] = [
          await open({}, { owner }),
          await open({}, { owner }),
          await open({}, { owner }),
        ];
        const word = `${4_000_000 + Math.floor(Math.random() * 999_999)}`;
        const asleep = (which: string): string[] => processesWith(`sleep\0${which}${word}`);
        const end = (which: string): void => asleep(which).forEach((pid) => process.kill(Number(pid), 'SIGKILL'));
        try {
          expect(first.lane.facts.cap).toBe(2);
          const lost = expect(first.run(`sleep 1${word}; exit 0`)).rejects.toThrow();
          const running = second.run(`sleep 2${word}; exit 0`);
          await eventually(() => asleep('1').length > 0 && asleep('2').length > 0);
          const refused = await third.run('echo no >made', { entries: [file('sent', 'x')] });
          expect([refused.ran, readdirSync(third.tree)]).toEqual([false, ['sent']]);
          end('2');
          expect(await running).toMatchObject({ ran: true, outcome: DONE });
          const ran = await third.run('cat sent; read -r line </proc/self/stat; set -- ${line##*) }; echo "${17}"');
          expect([ran.ran, ran.stdout]).toEqual([true, 'x7\n']);
          const again = second.run(`sleep 2${word}; exit 0`);
          await eventually(() => asleep('2').length > 0);
          expect((await third.run('true')).ran).toBe(false);
          first.process.kill('SIGKILL');
          await lost;
          first.lane.close();
          let back = false;
          for (let tries = 0; !back && tries < 200; tries++) back = (await third.run('true')).ran;
          expect([back, asleep('1')]).toEqual([true, []]);
          end('2');
          expect((await again).ran).toBe(true);
        } finally {
          for (const which of ['1', '2']) end(which);
          rmSync(owner, { recursive: true });
        }
      });
    });

    describe('the start', () => {
      test('evaluates the setup lines once, their exports reach the jobs', async () => {
        const rig = await open({
          setup: 'echo noise\nV="a b\'c\n\u00e4"; export V\nW=private\ncd /; set -u; IFS=x; umask 0',
        });
        const ran = await rig.run('printf "%s|" "$V" "${W-none}"; echo x y; umask');
        expect(ran.stdout).toBe("a b'c\n\xc3\xa4|none|x y\n0022\n");
      });

      test('tells why the setup lines failed', async () => {
        await expect(open({ setup: 'echo because >&2\nfalse\necho never' })).rejects.toThrow(
          /setup lines failed there.*because/s,
        );
      });

      test('runs the start-up command first, and tells when it fails', async () => {
        const startup = `echo "it's on"; W=1; cd /; echo run >>"$MARK"\n`;
        const mark = join(mkdtempSync(join(tmpdir(), 'lane-startup-')), 'mark');
        chmodSync(dirname(mark), 0o777);
        const before = `export MARK=${mark}; `;
        const rig = await open({ startup, setup: 'V=$(cat "$MARK")${W-}; export V' }, before);
        expect((await rig.run('echo "$V"')).stdout).toBe('run\n');
        await expect(open({ startup: 'echo because; exit 7', setup: 'echo never >>"$MARK"' }, before)).rejects.toThrow(
          'its start-up command (STARTUP) ended with status 7; it said: because',
        );
        expect(readFileSync(mark, 'utf8')).toBe('run\n');
        rmSync(dirname(mark), { recursive: true });
      });

      test('passes over what a login prints', async () => {
        const rig = await open({}, 'echo Welcome; printf "no end of line"; ');
        expect((await rig.run('echo fine')).stdout).toBe('fine\n');
      });

      test('makes the staging directory for its user alone, and never takes one that is there', async () => {
        const rig = await open();
        expect(statSync(join(rig.directory, 'staging')).mode & 0o777).toBe(0o700);
        await expect(open({ staging: join(rig.directory, 'staging') })).rejects.toThrow(/cannot make/);
        await expect(open({ staging: join(rig.directory, 'none'), create: false })).rejects.toThrow(/not ours/);
        const second = await open({ staging: join(rig.directory, 'staging'), create: false, number: 2 });
        expect((await second.run('echo two')).stdout).toBe('two\n');
      });
    });
  });
}

function hasSetsid(variant: Variant): boolean {
  return variant.tools === undefined || variant.name.includes('busybox');
}

const ODD_NAMES: Bytes[] = [
  ' a  b ',
  'line\nend\n',
  '\xff\x80\x01',
  "it's",
  '"quoted" $(no) `no` \\n *',
  '\u00c3\u00a4',
  '\nF 100644 1 1 0 0 .',
  '#~;&|<>!{}[]?=%',
];
