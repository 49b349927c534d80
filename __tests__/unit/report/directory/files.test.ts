import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventsFile } from '../../../../src/report/directory/events-file.ts';
import { clearDirectory, openDirectory } from '../../../../src/report/directory/open-directory.ts';
import { outputName, OutputFiles, type OutputFile } from '../../../../src/report/directory/output-files.ts';
import { Secrets } from '../../../../src/report/directory/secrets.ts';
import { encode } from '../../../../src/util/bytes.ts';
import { job, recipe } from '../../../fixtures/report/runs.ts';

let root: string;
const troubles: string[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'distmake-report-'));
  troubles.length = 0;
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the file of events', () => {
  test('has every line, in order, also what was on its way when it was closed', async () => {
    const lines = Array.from({ length: 40_000 }, (_, at) => `{"line":${at},"text":"ä"}`);
    const path = join(root, 'events');
    const file = new EventsFile(path, (error) => troubles.push(String(error)));
    for (const [at, line] of lines.entries()) {
      file.add(line);
      // The background gets a turn in the middle of a write, and before the end none.
      if (at % 10_000 === 9000) await new Promise((done) => setImmediate(done));
    }
    file.close();
    file.close();
    expect(readFileSync(path, 'utf8') === lines.map((line) => `${line}\n`).join('')).toBe(true);
    expect(troubles).toEqual([]);
  });

  test('who follows it sees lines without waiting for the end', async () => {
    const path = join(root, 'events');
    const file = new EventsFile(path, () => undefined);
    file.add('one');
    while (readFileSync(path, 'utf8') === '') await new Promise((done) => setTimeout(done, 20));
    expect(readFileSync(path, 'utf8')).toBe('one\n');
    file.add('two');
    file.close();
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });

  test('is not written through a link', () => {
    symlinkSync(join(root, 'elsewhere'), join(root, 'events'));
    expect(() => new EventsFile(join(root, 'events'), () => undefined)).toThrow(/EEXIST/);
    expect(existsSync(join(root, 'elsewhere'))).toBe(false);
  });
});

describe('the directory', () => {
  const message = (path: string): string => {
    try {
      openDirectory(path);
    } catch (error) {
      return (error as Error).message.replaceAll(root, 'ROOT');
    }
    return 'nothing';
  };

  test('is made with those above it', () => {
    expect(openDirectory(join(root, 'a/b'))).toBe(join(root, 'a/b'));
    expect(readdirSync(join(root, 'a/b'))).toEqual([]);
  });

  test('an earlier report is taken out of it, and nothing else', () => {
    mkdirSync(join(root, 'output'));
    const names = ['events.ndjson', 'trace.json', 'report.html', 'output/0001-a.txt', 'notes'];
    for (const name of names) writeFileSync(join(root, name), '{"time":0,"type":"distmake-events","version":1}\n');
    const path = openDirectory(root);
    expect(readdirSync(root)).toHaveLength(5);
    clearDirectory(path);
    expect(readdirSync(root)).toEqual(['notes']);
  });

  test('with files of others it is refused, and they stay', () => {
    for (const name of ['a.c', 'b.c', 'c.c', 'events.ndjson'])
      writeFileSync(join(root, name), '{"type":"something"}\n');
    expect(message(root)).toBe(
      'report: ROOT holds other files: "a.c", "b.c", "c.c", … (4). Name a directory of its own, which need not be there',
    );
    expect(readdirSync(root)).toHaveLength(4);
  });

  test('a link to nothing, also on the way to it', () => {
    symlinkSync(join(root, 'nowhere/x'), join(root, 'link'));
    const text = 'is a link to something that is not there. Remove the link, or name another directory';
    for (const path of [join(root, 'link'), join(root, 'link/below')])
      expect(message(path)).toBe(`report: ${path.replace(root, 'ROOT')} cannot be made: ROOT/link ${text}`);
  });

  test('a file system that is mounted read-only', () => {
    const source = pathToFileURL(join(import.meta.dirname, '../../../../src/report/directory/open-directory.ts')).href;
    const program = `
      import { openDirectory } from '${source}';
      for (const path of ['${root}', '${root}/a/b']) try { openDirectory(path); } catch ({ message }) { console.log(message); }`;
    const mount = `mount -t tmpfs -o ro tmpfs '${root}' && exec "$0" --input-type=module -e "$1"`;
    const words = [process.getuid?.() === 0 ? '-m' : '-rm', 'sh', '-c', mount, process.execPath, program];
    const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
    const text = 'is on a file system that is mounted read-only. Name another directory';
    expect({ stdout, stderr }).toEqual({
      stdout: `report: ${root} ${text}\nreport: ${root}/a/b ${text}\n`,
      stderr: '',
    });
  });

  test('a file, or one on the way to it', () => {
    writeFileSync(join(root, 'file'), '');
    const text = 'cannot be made: there is a file of that name, or on the way to it. Name another directory';
    expect(message(join(root, 'file'))).toBe(`report: ROOT/file ${text}`);
    expect(message(join(root, 'file/below'))).toBe(`report: ROOT/file/below ${text}`);
  });
});

describe('outputs', () => {
  const SECRET = 'passwörd';
  const outputs = (limit?: number): OutputFiles =>
    new OutputFiles({
      ...{
        directory: root,
        shown: 'out/report',
        secrets: new Secrets([SECRET]),
        onTrouble: (text) => troubles.push(text),
      },
      ...(limit !== undefined && { limit }),
    });
  const opened = (files: OutputFiles, id: number, target: string): OutputFile => {
    const file = files.open(job(id, recipe(id, target)));
    if (!file) throw new Error('not opened');
    return file;
  };

  test('bytes as they come, without secrets, also where one is cut in two', () => {
    const files = outputs();
    const file = opened(files, 42, 'src/main.o');
    file.write('\xff\x00');
    for (const byte of encode(`a ${SECRET} b`)) file.write(byte);
    expect(files.names.size).toBe(0);
    expect(file.close()).toBe('out/report/output/0042-src_main.o.txt');
    expect(files.names.get(42)).toBe('output/0042-src_main.o.txt');
    expect(readFileSync(join(root, 'output/0042-src_main.o.txt'), 'latin1')).toBe('\xff\x00a *** b');
  });

  test('what is not wanted goes', () => {
    const files = outputs();
    const file = opened(files, 1, 'a');
    file.write('x');
    file.discard();
    expect(readdirSync(join(root, 'output'))).toEqual([]);
    expect(files.names.size).toBe(0);
  });

  test('bounded: the file that goes beyond says so, further ones are not made, people are told once', () => {
    const files = outputs(10);
    const [one, two, three] = [opened(files, 1, 'a'), opened(files, 2, 'b'), opened(files, 3, 'c')];
    one.write('123456');
    expect(one.close()).toBe('out/report/output/0001-a.txt');
    two.write('1234567');
    three.write('1');
    expect([two.close(), three.close(), files.open(job(4, recipe(4, 'd')))]).toEqual([undefined, undefined, undefined]);
    const text = readFileSync(join(root, 'output/0002-b.txt'), 'latin1');
    expect(text).toBe('1234\n[... what follows is left out: output/ holds 10 B ...]\n');
    expect([...files.names.keys()]).toEqual([1]);
    expect(troubles).toEqual(['report: out/report/output holds 10 B: no more of long outputs is kept there']);
  });

  test('when they cannot be written, people are told once and the build goes on', () => {
    writeFileSync(join(root, 'output'), '');
    const files = outputs();
    expect([files.open(job(1, recipe(1, 'a'))), files.open(job(2, recipe(2, 'b')))]).toEqual([undefined, undefined]);
    expect(troubles).toEqual([
      expect.stringMatching(/^report: long outputs cannot be kept in out\/report\/output: EEXIST/),
    ]);
  });

  test.each([
    [42, 'main.o', '0042-main.o.txt'],
    [12345, '../..//src/ä b.o', '12345-_.._src_b.o.txt'],
    [1, '.hidden', '0001-hidden.txt'],
    [1, ' \n::error::"<>|*?\\', '0001-_error_.txt'],
    [7, 'x'.repeat(300), `0007-${'x'.repeat(91)}.txt`],
  ])('%d %j is %s', (id, target, name) => {
    expect(outputName(id, target)).toBe(name);
    expect(name.length).toBeLessThanOrEqual(100);
  });
});
